"""What tells selectors and expressions in the annotations of a kind: on what they are evaluated."""

from __future__ import annotations

import typing
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

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


@dataclass(frozen=True, slots=True)
class NamesDomains:
    """Marks the name of a kind of failure domain."""


@dataclass(frozen=True, slots=True)
class NamesResources:
    """Marks the name of a resource; in the annotation of a mapping, its keys."""


def marks_in(annotation: Any, metadata: tuple[Any, ...]) -> Iterator[Any]:
    """What is written beside the type, at any depth of unions, lists and mappings."""
    yield from metadata
    if typing.get_origin(annotation) is typing.Annotated:
        yield from annotation.__metadata__
    for argument in typing.get_args(annotation):
        yield from marks_in(argument, ())
