"""What tells selectors and expressions in the annotations of a kind: on what they are evaluated."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from .variables import ExpressionScope, Returns


@dataclass(frozen=True, slots=True)
class Selects:
    """Marks a selector: what it picks."""

    scope: ExpressionScope


@dataclass(frozen=True, slots=True)
class Computes:
    """Marks an expression: what it sees and what it must return."""

    scope: ExpressionScope
    returns: Returns

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Tells the author in her editor."""
        seen = "event" if self.scope is ExpressionScope.EVENT else f"{self.scope.value} and event"
        return {**handler(core), "title": f"CEL over {seen}, returns {self.returns.value}"}
