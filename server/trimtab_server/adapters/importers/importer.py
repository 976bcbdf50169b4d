"""What an importer is."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from .imported import Imported


class Importer(Protocol):
    """Reads the files of one tool."""

    @property
    def name(self) -> str:
        """The word for the tool on the command line."""

    @property
    def reads(self) -> str:
        """Which files, in a few words."""

    def read(self, source: Path) -> Imported:
        """What `source` holds, and a note for everything that was interpreted or left out.

        Raises
        ------
        ImportRefusedError
            It is not what the format says, or contradicts itself.
        OSError
            It cannot be read.
        """
