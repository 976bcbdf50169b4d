"""Which fields of a document hold selectors and expressions: read off the annotations of its kind (`fields`)."""

from __future__ import annotations

import typing
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from annotated_types import MaxLen
from pydantic import BaseModel

from ..policy.documents import MAX_EXPRESSION_LENGTH, Expression, Selector
from ..policy.marks import Computes, NamesDomains, Selects, marks_in
from ..policy.variables import ExpressionScope, Returns
from .raw_documents import child

_LIMITS: Final = typing.get_args(Expression)[1]
"""What tells an expression from other text: pydantic keeps it whole inside a union, else takes it apart."""


@dataclass(frozen=True, slots=True)
class ExpressionUse:
    """One expression in a document as read. `path` is its field path."""

    path: str
    source: str
    scope: ExpressionScope
    returns: Returns


@dataclass(frozen=True, slots=True)
class SelectorUse:
    """One selector in a document as read. `path` is its field path."""

    path: str
    content: Mapping[str, Any]
    scope: ExpressionScope


def expressions_in(model: type[BaseModel], content: Any, path: str = "spec") -> Iterator[ExpressionUse]:
    """Every expression in `content`, which need not fit `model`: what has another shape is passed over."""
    for use in selectors_in(model, content, path):
        source = use.content.get("cel")
        if isinstance(source, str):
            yield ExpressionUse(child(use.path, "cel"), source, use.scope, Returns.BOOL)
    for mark, place, source in _marked_in(model, content, path):
        if isinstance(mark, Computes) and isinstance(source, str):
            yield ExpressionUse(place, source, mark.scope, mark.returns)


def selectors_in(model: type[BaseModel], content: Any, path: str = "spec") -> Iterator[SelectorUse]:
    """Every selector in `content`, which need not fit `model`."""
    for mark, place, selector in _marked_in(model, content, path):
        if isinstance(mark, Selects) and isinstance(selector, Mapping):
            yield SelectorUse(place, selector, mark.scope)


def domain_kinds_in(model: type[BaseModel], content: Any, path: str = "spec") -> Iterator[tuple[str, str]]:
    """(field path, kind of failure domain) wherever `content` names one."""
    for mark, place, kind in _marked_in(model, content, path):
        if isinstance(mark, NamesDomains) and isinstance(kind, str):
            yield place, kind


def models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    """The models that a field with this annotation may hold, directly, optionally, in a list or in a mapping."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in typing.get_args(annotation):
        yield from models_in(argument)


def unmarked_fields(model: type[BaseModel]) -> Iterator[str]:
    """Fields that are selectors or expressions and do not say on what: mistakes of whoever wrote the kind."""
    for name, field in model.model_fields.items():
        marks = tuple(marks_in(field.annotation, tuple(field.metadata)))
        nested = tuple(models_in(field.annotation))
        for inner in nested:
            if inner is not Selector:
                yield from unmarked_fields(inner)
        is_selector = Selector in nested
        is_expression = MaxLen(MAX_EXPRESSION_LENGTH) in marks or _LIMITS in marks
        if not any(isinstance(mark, (Selects, Computes)) for mark in marks) and (is_selector or is_expression):
            yield f"{model.__name__}.{name}"


def _members(value: Any, path: str, is_mapping: bool) -> Iterator[tuple[str, Any]]:
    """The value, or the members of a list or mapping of such, with their paths."""
    if not is_mapping:
        yield path, value
    if isinstance(value, list):
        for i, item in enumerate(value):
            yield child(path, i), item
    elif is_mapping and isinstance(value, Mapping):
        for key, item in value.items():
            yield child(path, key), item


def _marked_in(
    model: type[BaseModel], content: Any, path: str
) -> Iterator[tuple[Selects | Computes | NamesDomains, str, Any]]:
    """(mark, path, value) of everything marked that is present, in nested models too, selectors excluded."""
    if not isinstance(content, Mapping):
        return
    for alias, wanted, nested, is_mapping in _fields_of(model):
        if alias not in content:
            continue
        for place, member in _members(content[alias], child(path, alias), is_mapping):
            for mark in wanted:
                yield mark, place, member
            for inner in nested:
                yield from _marked_in(inner, member, place)


@cache
def _fields_of(
    model: type[BaseModel],
) -> tuple[tuple[str, tuple[Selects | Computes | NamesDomains, ...], tuple[type[BaseModel], ...], bool], ...]:
    """(key, marks, models that it may hold, whether it is a mapping) of each field that leads to something marked."""
    fields = []
    for name, field in model.model_fields.items():
        nested = tuple(inner for inner in models_in(field.annotation) if inner is not Selector)
        marks = marks_in(field.annotation, tuple(field.metadata))
        wanted = tuple(mark for mark in marks if isinstance(mark, (Selects, Computes, NamesDomains)))
        if wanted or nested:
            fields.append((field.alias or name, wanted, nested, _holds_by_key(field.annotation)))
    return tuple(fields)


def _holds_by_key(annotation: Any) -> bool:
    """Whether a field with this annotation is a mapping whose keys are the author's own."""
    return typing.get_origin(annotation) is dict
