"""Generated from proto/trimtab/v1 by proto/generate.py; never edited."""
