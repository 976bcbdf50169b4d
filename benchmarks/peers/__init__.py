"""Other planners on the same instances, each given what it can express, judged by trimtab's independent verifier."""
