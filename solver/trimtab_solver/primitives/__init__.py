"""The algebra that policy kinds compile to and engines implement; engines know nothing else of a policy."""
