"""Arrays that nobody may write to."""

from __future__ import annotations

from typing import Any

import numpy as np


def seal(record: Any) -> None:
    """Makes the arrays that a dataclass holds read-only: whoever writes to one gets a ValueError."""
    for name in record.__dataclass_fields__:  # `fields` looks at each of them, and there are thousands of records
        value = getattr(record, name)
        if isinstance(value, np.ndarray):
            value.setflags(write=False)
