"""Scenarios: what may happen to a cluster. `what_if` says what comes of them."""
