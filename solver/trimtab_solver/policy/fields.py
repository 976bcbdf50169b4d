"""Types for the fields of policy kinds that select or compute: each says what it is evaluated on.

A kind that annotates its fields with these needs no line anywhere else: the loader compiles its expressions, lint
looks into its selectors, and the schema for editors describes both.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from .documents import Expression, Selector
from .expressions import Returns
from .variables import Scope


@dataclass(frozen=True, slots=True)
class Selects:
    """Marks a selector: what it picks."""

    scope: Scope


@dataclass(frozen=True, slots=True)
class Computes:
    """Marks an expression: what it sees and what it must return."""

    scope: Scope
    returns: Returns


VmSelector = Annotated[Selector, Selects(Scope.VM)]
HostSelector = Annotated[Selector, Selects(Scope.HOST)]
VmCondition = Annotated[Expression, Computes(Scope.VM, Returns.BOOL)]
VmText = Annotated[Expression, Computes(Scope.VM, Returns.STRING)]
HostCondition = Annotated[Expression, Computes(Scope.HOST, Returns.BOOL)]
EventCondition = Annotated[Expression, Computes(Scope.EVENT, Returns.BOOL)]
