"""Arrays that nobody may write to."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import numpy as np


def seal(record: Any) -> None:
    """Makes the arrays that a dataclass holds read-only: whoever writes to one gets a ValueError."""
    for field in fields(record):
        value = getattr(record, field.name)
        if isinstance(value, np.ndarray):
            value.setflags(write=False)
