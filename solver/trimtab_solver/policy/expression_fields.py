"""Which fields of which kinds hold expressions, what those see and what they must return."""

from __future__ import annotations

import typing
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from pydantic import BaseModel

from ..rules.host_requirement import HostRequirement
from ..rules.pin import Pin
from ..rules.separate import Separate
from ..rules.spread import Spread
from ..rules.tier import Eviction, Resize, Tier
from ..rules.together import Together
from .documents import Selector
from .expressions import Returns
from .strict_yaml import child
from .variables import Scope

SELECTORS: Final[Mapping[tuple[type[BaseModel], str], Scope]] = {
    (Tier, "select"): Scope.VM,
    (Separate, "between"): Scope.VM,
    (Spread, "select"): Scope.VM,
    (Together, "select"): Scope.VM,
    (Pin, "select"): Scope.VM,
    (Pin, "hosts"): Scope.HOST,
    (HostRequirement, "select"): Scope.VM,
}
"""Every field that holds a selector or several: what they select."""

EXPRESSIONS: Final[Mapping[tuple[type[BaseModel], str], tuple[Scope, Returns]]] = {
    (Eviction, "when"): (Scope.EVENT, Returns.BOOL),
    (Resize, "when"): (Scope.EVENT, Returns.BOOL),
    (Separate, "partners_by"): (Scope.VM, Returns.STRING),
    (Spread, "group_by"): (Scope.VM, Returns.STRING),
    (Together, "group_by"): (Scope.VM, Returns.STRING),
    (HostRequirement, "require"): (Scope.HOST, Returns.BOOL),
}
"""Every field that is an expression itself."""


@dataclass(frozen=True, slots=True)
class ExpressionUse:
    """One expression in a document as read. `path` is its field path."""

    path: str
    source: str
    scope: Scope
    returns: Returns


@dataclass(frozen=True, slots=True)
class SelectorUse:
    """One selector in a document as read. `path` is its field path."""

    path: str
    content: Mapping[str, Any]
    scope: Scope


def expressions_in(model: type[BaseModel], content: Any, path: str = "spec") -> Iterator[ExpressionUse]:
    """Every expression in `content`, which need not fit `model`: what has another shape is passed over."""
    for use in selectors_in(model, content, path):
        source = use.content.get("cel")
        if isinstance(source, str):
            yield ExpressionUse(child(use.path, "cel"), source, use.scope, Returns.BOOL)
    for owner, name, value, inner in _fields_in(model, content, path):
        if (owner, name) in EXPRESSIONS and isinstance(value, str):
            yield ExpressionUse(inner, value, *EXPRESSIONS[owner, name])


def selectors_in(model: type[BaseModel], content: Any, path: str = "spec") -> Iterator[SelectorUse]:
    """Every selector in `content`, which need not fit `model`."""
    for owner, name, value, inner in _fields_in(model, content, path):
        if (owner, name) not in SELECTORS:
            continue
        scope = SELECTORS[owner, name]
        if isinstance(value, Mapping):
            yield SelectorUse(inner, value, scope)
        elif isinstance(value, list):
            for i, item in enumerate(value):
                if isinstance(item, Mapping):
                    yield SelectorUse(child(inner, i), item, scope)


def models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    """The models that a field with this annotation may hold, directly, optionally or in a list."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in typing.get_args(annotation):
        yield from models_in(argument)


def _fields_in(model: type[BaseModel], content: Any, path: str) -> Iterator[tuple[type[BaseModel], str, Any, str]]:
    """(model, field name, value, path) of every field that is present, nested models included, selectors excluded."""
    if not isinstance(content, Mapping):
        return
    for name, field in model.model_fields.items():
        alias = field.alias or name
        if alias not in content:
            continue
        inner = child(path, alias)
        yield model, name, content[alias], inner
        for nested in models_in(field.annotation):
            if nested is not Selector:
                yield from _fields_in(nested, content[alias], inner)
