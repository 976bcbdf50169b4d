"""Records of arrays, one row per guest or host, with further rows."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any, TypeVar

import numpy as np

RecordT = TypeVar("RecordT", bound=Any)


def extended(record: RecordT, more: RecordT) -> RecordT:
    """The dataclass `record` with the rows of all arrays of `more` after its own; other fields stay as they are."""
    arrays = {
        field.name: np.concatenate((value, getattr(more, field.name)))
        for field in fields(record)
        if isinstance(value := getattr(record, field.name), np.ndarray)
    }
    later: RecordT = replace(record, **arrays)
    return later
