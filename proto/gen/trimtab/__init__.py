"""The wire contract of trimtab, by version."""
