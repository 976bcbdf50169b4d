"""What each step must wait for, so that every order that respects it is safe (docs/concepts.md, "Plans").

`waiting` walks through the steps; `room` and `rules` say what can break on the way, `account` deals with sums and
`direction` with keys that are raised and lowered.
"""
