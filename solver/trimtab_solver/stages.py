"""How long the stages of a request take, for whoever serves or measures requests."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager


class Stages:
    """Wall seconds per stage, in the order in which the stages were first entered."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self.at_work = ""
        """The stage that was entered last."""
        self._began = time.monotonic()

    @contextmanager
    def timed(self, stage: str) -> Iterator[None]:
        """Adds what the block takes to the stage."""
        began = time.monotonic()
        self.at_work = stage
        try:
            yield
        finally:
            self.seconds[stage] = self.seconds.get(stage, 0.0) + time.monotonic() - began

    def reached(self, mark: str) -> None:
        """Notes how long it took from the beginning to here, the first time only."""
        self.seconds.setdefault(mark, time.monotonic() - self._began)
