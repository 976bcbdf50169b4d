"""Resources that a policy names: read off the annotations of its kinds (`fields.ResourceName`)."""

from __future__ import annotations

import typing
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from pydantic import BaseModel

from ..snapshot import Snapshot
from .documents import Document, Policy
from .likeness import suggestion
from .marks import NamesResources, marks_in


@dataclass(frozen=True, slots=True)
class NamedResource:
    """One place where a document names a resource. `path` is its field path."""

    document: Document
    path: str
    resource: str


def resources_named(document: Document) -> Iterator[NamedResource]:
    """Every resource that the document names, in the order of its fields."""
    if _may_name(type(document.spec)):
        for path, name in _named_in(document.spec, "spec"):
            yield NamedResource(document, path, name)


def unknown_resource_notes(policy: Policy, snapshot: Snapshot) -> Iterator[str]:
    """What documents that are not switched off say of resources that no host has, for who reads a plan."""
    known = {resource for host in snapshot.hosts for resource in host.capacity}
    for document in policy.documents:
        if not document.is_enabled:
            continue
        for one in resources_named(document):
            if one.resource not in known:
                place = f"{document.position(one.path)} {one.path}"
                message = f'{document.kind} {document.name} names the resource "{one.resource}", which no host has'
                yield f"{place}: {message} ({suggestion(one.resource, known)})"


@cache
def _may_name(model: type[BaseModel]) -> bool:
    """Whether some field of the model, or of one within it, names a resource."""
    return any(_is_marked(field.annotation, field.metadata) for field in model.model_fields.values()) or any(
        _may_name(inner) for field in model.model_fields.values() for inner in _models(field.annotation)
    )


def _is_marked(annotation: Any, metadata: Iterable[Any]) -> bool:
    return any(isinstance(mark, NamesResources) for mark in marks_in(annotation, tuple(metadata)))


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in typing.get_args(annotation):
        yield from _models(argument)


def _named_in(model: BaseModel, path: str) -> Iterator[tuple[str, str]]:
    """(path, resource): of a mapping its keys, of a list its entries."""
    for name, field in type(model).model_fields.items():
        value, place = getattr(model, name), f"{path}.{field.alias or name}"
        if _is_marked(field.annotation, field.metadata):
            if isinstance(value, Mapping):
                yield from ((f"{place}.{key}", key) for key in value)
            elif isinstance(value, str):
                yield place, value
            else:
                yield from ((f"{place}[{i}]", part) for i, part in enumerate(value or ()))
        elif isinstance(value, BaseModel):
            yield from _named_in(value, place)
        elif isinstance(value, tuple):
            for i, part in enumerate(value):
                if isinstance(part, BaseModel):
                    yield from _named_in(part, f"{place}[{i}]")
