"""What may be expected of the plan for a cluster to which something has happened."""

from __future__ import annotations

from pydantic import Field

from ..outcome import Outcome
from ..policy.documents import Strict
from ..policy.fields import HostSelector, VmSelector
from .scenario import Amount, Scenario


class PlanExpectation(Strict):
    """What must hold of the plan. What is not written is not checked."""

    outcome: Outcome | None = Field(default=None, strict=False)
    stays_up: VmSelector | None = None
    """All of these guests run now and in the end, and the plan never stops or suspends one of them."""
    runs: VmSelector | None = None
    """All of these guests run in the end."""
    down: tuple[str, ...] | None = Field(default=None, strict=False)
    """Exactly these wanted guests do not run in the end."""
    stopped: tuple[str, ...] | None = Field(default=None, strict=False)
    """Exactly these running guests are stopped or suspended, be it for a moment."""
    may_stop: VmSelector | None = None
    """No other guests are stopped or suspended."""
    may_shrink: VmSelector | None = None
    """No other guests have less than they request in the end."""
    max_migrations: Amount | None = None
    max_actions: Amount | None = None
    ends_on: dict[str, HostSelector] = {}
    """Each of these guests runs in the end on a host that is selected."""
    violations: tuple[str, ...] | None = Field(default=None, strict=False)
    """Exactly these rules are broken in the end."""
    levels: dict[str, Amount] = {}
    """Values of levels of the objective by name, such as ``running:gold`` or ``should``."""


class Drill(Scenario):
    """A scenario of which something may be expected."""

    expect: PlanExpectation | None = None
    """What must hold of the plan for its last step."""
