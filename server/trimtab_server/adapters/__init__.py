"""What connects trimtab to other tools."""
