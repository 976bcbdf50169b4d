"""Points in time as policies write them."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Final

from pydantic import AfterValidator

LAST_SECOND: Final = 253_402_300_799
"""The end of the year 9999, where times of snapshots end: what ends then never does."""


def _is_moment(text: str) -> str:
    seconds_since_epoch(text)
    return text


Moment = Annotated[str, AfterValidator(_is_moment)]
"""A point in time with its offset, such as "2026-11-24T12:00:00Z"."""


def seconds_since_epoch(moment: str) -> int:
    """Whole seconds since 1970.

    Raises
    ------
    ValueError
        If it is no point in time, or does not name its offset.
    """
    try:
        read = dt.datetime.fromisoformat(moment)
    except ValueError:
        read = None
    if read is None or read.tzinfo is None:
        raise ValueError(f'"{moment}" is no point in time; write one with its offset such as "2026-11-24T12:00:00Z"')
    return int(read.timestamp())
