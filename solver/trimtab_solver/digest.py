"""A digest of a snapshot that does not depend on the order of its lists or on how it was encoded; and one of plans.

It is made from the fields of the snapshot's classes and their types, so a field that is added is in it.
"""

from __future__ import annotations

import dataclasses
import enum
import hashlib
import types
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from itertools import islice, repeat
from operator import attrgetter
from typing import Any, Union, get_args, get_origin, get_type_hints

from .actions import Plan
from .snapshot import Snapshot

_CHUNK = 1000
"""How many texts are hashed at once: small updates cost more than what they hash."""

_SCALARS = frozenset({str, int, bool, type(None)})


def snapshot_digest(snapshot: Snapshot) -> str:
    """SHA-256 (hex) over a canonical text of the snapshot; lists are ordered, those of objects by id."""
    digest = hashlib.sha256()
    parts = _Texts().parts(snapshot)
    while chunk := "".join(islice(parts, _CHUNK)):
        digest.update(chunk.encode())
    return digest.hexdigest()


def plan_digest(plan: Plan) -> str:
    """SHA-256 (hex) over what the plan does, when and in which order: words about it are left out."""
    digest = hashlib.sha256()
    for action in plan.actions:
        size = sorted(action.size.items())
        waits = sorted(action.depends_on)
        at = action.earliest_start_s, action.duration_s
        names = action.kind.value, action.vm_id, action.host_id, action.target_host_id
        digest.update(repr((names, size, waits, at)).encode())
    return digest.hexdigest()


class _Texts:
    """Canonical texts of the fields, one line per object.

    Guests share mappings, so the text of each mapping is kept; the snapshot keeps the mappings alive meanwhile.
    """

    def __init__(self) -> None:
        self._known: dict[int, str] = {}

    def parts(self, snapshot: Snapshot) -> Iterator[str]:
        """The text of the snapshot, object by object."""
        for name, hint in _types_of(Snapshot).items():
            value, kinds = getattr(snapshot, name), get_args(hint)
            yield f"{name}:\n"
            if kinds and dataclasses.is_dataclass(kinds[0]):
                yield from self._lines(kinds[0], sorted(value, key=attrgetter("id")))
            else:
                yield from self._column(hint, [value])

    def _lines(self, kind: Any, ones: Sequence[object]) -> Iterator[str]:
        """The fields of each object in their order, written by columns: types are told apart once, not per object."""
        hints = _types_of(kind)
        names = [field.name for field in dataclasses.fields(kind)]
        columns = [self._column(hints[name], map(attrgetter(name), ones)) for name in names]
        return map(", ".join, zip(*columns, repeat("\n")))

    def _column(self, hint: Any, values: Iterable[Any]) -> Iterator[str]:
        """The text of each value of a type.

        Raises
        ------
        TypeError
            When no canonical text is defined for the type.
        """
        origin, arguments = get_origin(hint), get_args(hint)
        if hint in _SCALARS or (origin in (Union, types.UnionType) and _SCALARS.issuperset(arguments)):
            return map(repr, values)
        if isinstance(hint, type) and issubclass(hint, enum.StrEnum):
            return map(cache(str.__repr__), values)
        if origin is tuple and arguments == (str, ...):
            return map(cache(_in_order), values)
        if origin is Mapping:
            return self._mappings(values)
        raise TypeError(f"the digest of a snapshot has no canonical text for {hint}: define one in digest.py")

    def _mappings(self, mappings: Iterable[Mapping[str, object]]) -> Iterator[str]:
        known = self._known
        for mapping in mappings:
            text = known.get(id(mapping))
            if text is None:
                text = known[id(mapping)] = repr(sorted(mapping.items()))
            yield text


def _in_order(names: tuple[str, ...]) -> str:
    return repr(sorted(names))


@cache
def _types_of(kind: Any) -> dict[str, Any]:
    """The type of each field of a class."""
    return get_type_hints(kind)
