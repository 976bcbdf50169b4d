"""Search for good targets. Engines see a `Problem` and know no rule kinds."""
