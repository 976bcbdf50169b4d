"""What the author of a policy works with: reading, lint, formatting, schema, and the tests that lie beside rules."""
