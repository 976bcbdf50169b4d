"""Commands that list below their help what they can work with."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar

from .usage import PlainCommand


class ListingCommand(PlainCommand):
    """What there is to choose from is loaded when somebody asks for help, not for other commands."""

    title: ClassVar[str]

    @abstractmethod
    def choices(self) -> Sequence[tuple[str, str]]:
        """Names, and what is said of each."""

    def format_epilog(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002 - the signature is typer's
        """Write the list."""
        with formatter.section(self.title):
            formatter.write_dl(self.choices())
