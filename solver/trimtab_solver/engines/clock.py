"""The only clock of the engines, and the deadlines they get.

With reproducible plans every deadline is `NEVER`, and the clock is not read: a test makes it raise.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass


def now() -> float:
    """Monotonic seconds."""
    return time.monotonic()


@dataclass(frozen=True, slots=True)
class Deadline:
    """The moment (of `now`) at which work has to end; infinity: the clock does not count."""

    at: float

    @classmethod
    def after(cls, seconds: float) -> Deadline:
        """So many seconds from now."""
        return cls(now() + seconds)

    @property
    def is_never(self) -> bool:
        """Whether the clock does not count."""
        return math.isinf(self.at)

    @property
    def left_s(self) -> float:
        """Seconds until then; negative afterwards."""
        return math.inf if self.is_never else self.at - now()

    @property
    def is_over(self) -> bool:
        """Whether the time is up."""
        return self.left_s <= 0

    def within(self, seconds: float) -> Deadline:
        """So many seconds from now, if that is sooner; where the clock does not count it still does not."""
        return self if self.is_never else Deadline(min(self.at, now() + seconds))


NEVER = Deadline(math.inf)
"""Where work is counted, not time."""
