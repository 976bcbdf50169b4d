"""From the bytes of a call to a solver process and back: joining, remembering, queueing, ending."""
