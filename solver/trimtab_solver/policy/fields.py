"""Types for the fields of policy kinds that select or compute: each says what it is evaluated on.

A kind that annotates its fields with these needs no line anywhere else: the loader compiles its expressions, lint
looks into its selectors, and the schema for editors describes both.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

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

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Tells the author in her editor."""
        seen = "event" if self.scope is Scope.EVENT else f"{self.scope.value} and event"
        return {**handler(core), "title": f"CEL over {seen}, returns {self.returns.value}"}


@dataclass(frozen=True, slots=True)
class NamesDomains:
    """Marks the name of a kind of failure domain."""


DomainKind = Annotated[str, Field(min_length=1), NamesDomains()]
VmSelector = Annotated[Selector, Selects(Scope.VM)]
HostSelector = Annotated[Selector, Selects(Scope.HOST)]
VmCondition = Annotated[Expression, Computes(Scope.VM, Returns.BOOL)]
VmText = Annotated[Expression, Computes(Scope.VM, Returns.STRING)]
HostCondition = Annotated[Expression, Computes(Scope.HOST, Returns.BOOL)]
EventCondition = Annotated[Expression, Computes(Scope.EVENT, Returns.BOOL)]
