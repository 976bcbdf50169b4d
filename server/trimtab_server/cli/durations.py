"""Durations as people write and read them."""

from __future__ import annotations

import re
from typing import Final

import typer

_FORM: Final = re.compile(r"(?P<amount>\d{1,6}(\.\d{1,3})?)(?P<unit>ms|s|m)?")
_SECONDS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0}


def parse_duration(text: str) -> float:
    """Seconds in a text such as ``500ms``, ``10s`` or ``2m``; a bare number counts seconds.

    Raises
    ------
    typer.BadParameter
        When it is none, or zero.
    """
    match = _FORM.fullmatch(text.strip())
    seconds = 0.0 if match is None else float(match["amount"]) * _SECONDS[match["unit"] or "s"]
    if seconds <= 0:
        raise typer.BadParameter(f"{text!r} is no duration above zero; write 500ms, 10s or 2m")
    return seconds
