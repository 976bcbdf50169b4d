"""What a change of policy does to its documents, field by field."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ..policy.documents import Document, Policy, Source


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field of a document. What is not there is None."""

    path: str
    old: object
    new: object


@dataclass(frozen=True, slots=True)
class DocumentChange:
    """A document that only one policy has, or whose fields differ. `old` or `new` is None when it is not there."""

    kind: str
    name: str
    old: Source | None
    new: Source | None
    fields: tuple[FieldChange, ...] = ()


def document_changes(old: Policy, new: Policy) -> Iterator[DocumentChange]:
    """Documents in order of name."""
    before = {document.name: document for document in old.documents}
    after = {document.name: document for document in new.documents}
    for name in sorted(before.keys() | after.keys()):
        one, other = before.get(name), after.get(name)
        if one is not None and other is not None and one.kind == other.kind:
            if fields := tuple(_field_changes(_said(one), _said(other), "")):
                yield DocumentChange(one.kind, name, one.source, other.source, fields)
            continue
        if one is not None:
            yield DocumentChange(one.kind, name, one.source, None)
        if other is not None:
            yield DocumentChange(other.kind, name, None, other.source)


def _said(document: Document) -> dict[str, Any]:
    """What a document says, defaults written out or not."""
    return {
        "metadata": document.metadata.model_dump(mode="json", by_alias=True, exclude_defaults=True),
        "spec": document.spec.model_dump(mode="json", by_alias=True, exclude_defaults=True),
    }


def _field_changes(old: Any, new: Any, path: str) -> Iterator[FieldChange]:
    if old == new:
        return
    if isinstance(old, dict) and isinstance(new, dict):
        for key in [*old, *(key for key in new if key not in old)]:
            yield from _field_changes(old.get(key), new.get(key), f"{path}.{key}" if path else key)
    else:
        yield FieldChange(path, old, new)
