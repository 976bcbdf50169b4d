"""Steps: actions while they are still indices, before they get ids, reasons and times."""

from __future__ import annotations

from dataclasses import dataclass

from ..actions import ActionKind
from ..primitives.encoding import Ints
from ..problem import NOWHERE

NO_VM = -1


@dataclass(frozen=True, slots=True)
class Step:
    """One action on guest `v` (`NO_VM` for host actions).

    `host` is where it happens, for a migration the source; `goal` is a migration's target host, else `NOWHERE`. `size`
    and `before` [R] are the allocation after and before it, where it changes or begins.
    """

    kind: ActionKind
    v: int
    host: int
    goal: int = NOWHERE
    size: Ints | None = None
    before: Ints | None = None

    @property
    def is_migration(self) -> bool:
        """Whether the guest changes its host in this step."""
        return self.kind.moves

    @property
    def is_transit(self) -> bool:
        """Whether the guest begins or ceases to run somewhere."""
        return self.kind.arrives or self.kind.departs or self.kind.moves

    @property
    def grows(self) -> bool:
        """Whether it is a resize that takes room."""
        if self.kind is not ActionKind.RESIZE or self.size is None or self.before is None:
            return False
        return bool((self.size > self.before).any())

    @property
    def arrival_host(self) -> int:
        """The host on which room is taken, or NOWHERE."""
        if self.kind.moves:
            return self.goal
        return self.host if self.kind.arrives or self.grows else NOWHERE

    @property
    def departure_host(self) -> int:
        """The host on which room is freed, or NOWHERE."""
        shrinks = self.kind is ActionKind.RESIZE and not self.grows
        return self.host if self.kind.departs or self.kind.moves or shrinks else NOWHERE

    @property
    def enters(self) -> int:
        """The host on which the guest begins to run, or NOWHERE."""
        if self.kind.moves:
            return self.goal
        return self.host if self.kind.arrives else NOWHERE

    @property
    def leaves(self) -> int:
        """The host on which the guest ceases to run, or NOWHERE."""
        return self.host if self.kind.departs or self.kind.moves else NOWHERE
