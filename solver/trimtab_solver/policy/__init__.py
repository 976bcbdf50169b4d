"""Policy documents: loading, expressions, selection, lint."""
