"""What happens to a cluster: actions that are carried out, in part too, and events. Each leads from state to state.

The verifier replays plans with a reading of its own (`verify/state.py`); tests compare the two.
"""
