"""What a team does with a policy before it is live: test it, see what the tests cover, find conflicts, compare."""
