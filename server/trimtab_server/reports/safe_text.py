"""Text of others made safe to show: guests, hosts and files may be called anything."""

from __future__ import annotations


def clean(text: str) -> str:
    """The text with every character that could steer a terminal, or that cannot be seen, written out."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)
