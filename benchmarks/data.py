"""Where third-party instances are: they are not part of this repository."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

VARIABLE: Final = "TRIMTAB_BENCH_DATA"
"""Environment variable that names the folder of third-party instances (`README.md` says what is expected there)."""


class MissingDataError(Exception):
    """Third-party instances are not at hand; the message says how to provide them."""


def data_folder(part: str) -> Path:
    """The folder `part` of the third-party instances.

    Raises
    ------
    MissingDataError
        When `VARIABLE` is not set or there is no such folder.
    """
    root = os.environ.get(VARIABLE)
    if not root:
        raise MissingDataError(f"{VARIABLE} is not set; let it name the folder that holds {part}/")
    folder = Path(root) / part
    if not folder.is_dir():
        raise MissingDataError(f"{folder} is not there; {VARIABLE} must name the folder that holds {part}/")
    return folder
