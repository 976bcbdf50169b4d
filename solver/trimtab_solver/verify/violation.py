"""What a judge can object to."""

from __future__ import annotations

import enum
from dataclasses import dataclass

END_STATE = 0
"""The step of a violation that no single action commits: it is about the state at the end, or a target."""


class Code(enum.StrEnum):
    """What kind of promise is broken."""

    MALFORMED = "MALFORMED"
    """An id is unknown or out of order, or a field that the kind needs is missing."""
    PRECONDITION = "PRECONDITION"
    """The guest or host is not in the state that the action assumes."""
    RIGHT = "RIGHT"
    """The guest's tier, state or migratability does not allow this to be done to it."""
    SIZE = "SIZE"
    """A size is below the guest's floor or above its request."""
    FENCING = "FENCING"
    """A displaced guest starts before its old host is known to be dead."""
    POWER = "POWER"
    """A guest arrives on a host that is not switched on."""
    UNSUITABLE = "UNSUITABLE"
    """A guest arrives on a host that cannot run it."""
    REFUSED_HOST = "REFUSED_HOST"
    """A guest arrives on a host that a must Pin or HostRequirement refuses."""
    ROOM = "ROOM"
    """A host holds more than it has room for and more than it held at first."""
    BUDGET = "BUDGET"
    """More guests are moved than the policy's ActionBudget, or its default, permits."""
    RULE = "RULE"
    """The amount of a must rule is larger than it was at first."""
    DEPENDENCY = "DEPENDENCY"
    """An order of execution that `depends_on` permits is not safe."""
    TIMING = "TIMING"
    """An action begins too early for what it depends on or for a slot, or takes another time than it should."""
    UNDO = "UNDO"
    """The undo does not take the action back."""
    TRUNCATED = "TRUNCATED"
    """There are more violations than are listed."""


@dataclass(frozen=True, slots=True)
class Violation:
    """One broken promise. `step` is the id of the action, 0 for the end state; fields that do not apply are empty.

    `amount` is what was found and `limit` what is permitted: for ROOM in units of the resource, for RULE amounts of
    breach, for BUDGET guests, for SIZE the size and its bound, for the duration of an action seconds.
    """

    step: int
    code: Code
    message: str
    host_id: str = ""
    vm_id: str = ""
    resource: str = ""
    rule: str = ""
    amount: int = 0
    limit: int = 0

    def __str__(self) -> str:
        where = f"action {self.step}" if self.step else "end state"
        return f"{where}: {self.code}: {self.message}"
