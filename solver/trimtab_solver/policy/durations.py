"""Lengths of time as policies and scenarios write them."""

from __future__ import annotations

import re
from typing import Annotated, Final

from pydantic import AfterValidator

_FORM: Final = re.compile(r"(?P<amount>\d{1,6})(?P<unit>[smhd])")
_SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


def seconds_in(duration: str) -> int:
    """Whole seconds in a text such as ``90s``, ``15m``, ``2h`` or ``3d``.

    Raises
    ------
    ValueError
        If it is none.
    """
    match = _FORM.fullmatch(duration)
    if match is None:
        raise ValueError(f'"{duration}" is no duration; write 90s, 15m, 2h or 3d')
    return int(match["amount"]) * _SECONDS[match["unit"]]


def _is_duration(text: str) -> str:
    seconds_in(text)
    return text


Duration = Annotated[str, AfterValidator(_is_duration)]
"""A length of time such as "2h"."""
