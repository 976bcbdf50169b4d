"""Which fields of a document hold selectors and expressions: read off the annotations of its kind (`fields`)."""

from __future__ import annotations

import typing
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from annotated_types import MaxLen
from pydantic import BaseModel

from .documents import MAX_EXPRESSION_LENGTH, Expression, Selector
from .expressions import Returns
from .fields import Computes, Selects
from .strict_yaml import child
from .variables import Scope

_LIMITS: Final = typing.get_args(Expression)[1]
"""What tells an expression from other text: pydantic keeps it whole inside a union, else takes it apart."""


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
    for marks, value, inner in _fields_in(model, content, path):
        for place, source in _members(value, inner):
            for mark in marks:
                if isinstance(mark, Computes) and isinstance(source, str):
                    yield ExpressionUse(place, source, mark.scope, mark.returns)


def selectors_in(model: type[BaseModel], content: Any, path: str = "spec") -> Iterator[SelectorUse]:
    """Every selector in `content`, which need not fit `model`."""
    for marks, value, inner in _fields_in(model, content, path):
        for place, selector in _members(value, inner):
            for mark in marks:
                if isinstance(mark, Selects) and isinstance(selector, Mapping):
                    yield SelectorUse(place, selector, mark.scope)


def models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    """The models that a field with this annotation may hold, directly, optionally, in a list or in a mapping."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in typing.get_args(annotation):
        yield from models_in(argument)


def unmarked_fields(model: type[BaseModel]) -> Iterator[str]:
    """Fields that are selectors or expressions and do not say on what: mistakes of whoever wrote the kind."""
    for name, field in model.model_fields.items():
        marks = tuple(_marks_in(field.annotation, tuple(field.metadata)))
        nested = tuple(models_in(field.annotation))
        for inner in nested:
            if inner is not Selector:
                yield from unmarked_fields(inner)
        is_selector = Selector in nested
        is_expression = MaxLen(MAX_EXPRESSION_LENGTH) in marks or _LIMITS in marks
        if not any(isinstance(mark, (Selects, Computes)) for mark in marks) and (is_selector or is_expression):
            yield f"{model.__name__}.{name}"


def _marks_in(annotation: Any, metadata: tuple[Any, ...]) -> Iterator[Any]:
    """What is written beside the type, at any depth of unions and lists."""
    yield from metadata
    if typing.get_origin(annotation) is typing.Annotated:
        yield from annotation.__metadata__
    for argument in typing.get_args(annotation):
        yield from _marks_in(argument, ())


def _members(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    """The value, or the members of a list or mapping of such, with their paths."""
    yield path, value
    if isinstance(value, list):
        for i, item in enumerate(value):
            yield child(path, i), item


def _fields_in(model: type[BaseModel], content: Any, path: str) -> Iterator[tuple[tuple[Any, ...], Any, str]]:
    """(marks, value, path) of every field that is present, those of nested models included, selectors excluded."""
    if not isinstance(content, Mapping):
        return
    for name, field in model.model_fields.items():
        alias = field.alias or name
        if alias not in content:
            continue
        value, inner = content[alias], child(path, alias)
        yield tuple(_marks_in(field.annotation, tuple(field.metadata))), value, inner
        for nested in models_in(field.annotation):
            if nested is not Selector:
                for place, member in _members(value, inner):
                    yield from _fields_in(nested, member, place)
