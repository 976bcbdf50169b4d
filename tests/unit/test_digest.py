"""The digest of a snapshot: every field of every class is in it, no order is."""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any, get_args, get_origin, get_type_hints

from tests.support.strategies import tiny_cluster
from tests.support.valid_snapshot import GOOD, HOSTS, VM
from trimtab_solver.digest import snapshot_digest
from trimtab_solver.snapshot import Snapshot, Vm


def _changed(hint: Any, value: Any) -> Any:
    """Another value of the type."""
    if isinstance(hint, type) and issubclass(hint, enum.Enum):
        return next(member for member in hint if member is not value)
    if get_origin(hint) is Mapping:
        _, kind = get_args(hint)
        return {**value, "more": _changed(kind, value.get("more", kind()))}
    if get_origin(hint) is tuple:
        return (*value, "more")
    return f"{value}x" if hint is str else (value or 0) + 1


def _changes(one: Any) -> Iterator[tuple[str, Any]]:
    """The object with each of its fields changed in turn, objects in its lists included, and what was changed."""
    kind = type(one)
    hints = get_type_hints(kind)
    for field in dataclasses.fields(kind):
        name, value = field.name, getattr(one, field.name)
        if get_origin(hints[name]) is tuple and dataclasses.is_dataclass(get_args(hints[name])[0]):
            yield f"{kind.__name__}.{name}", replace(one, **{name: value[:-1]})
            for what, item in _changes(value[0]):
                yield what, replace(one, **{name: (item, *value[1:])})
        else:
            yield f"{kind.__name__}.{name}", replace(one, **{name: _changed(hints[name], value)})


def _unnoticed(digest: Callable[[Snapshot], str]) -> list[str]:
    """The fields that can be changed without changing the digest."""
    before = digest(GOOD)
    return [what for what, snapshot in _changes(GOOD) if digest(snapshot) == before]


def test_every_field_of_every_class_is_in_the_digest() -> None:
    """Whatever is changed in a snapshot changes its digest, so a plan made for another one is found out as stale."""
    assert _unnoticed(snapshot_digest) == []
    seen = {what.partition(".")[0] for what, _ in _changes(GOOD)}
    assert seen == {"Snapshot", "Host", "Vm", "FailureDomain", "StoragePool"}


def test_a_field_that_is_left_out_of_the_digest_is_named() -> None:
    """The check above would see it: a digest that does not look at one field of guests fails it."""

    def forgetful(snapshot: Snapshot) -> str:
        return snapshot_digest(replace(snapshot, vms=tuple(replace(vm, dirty_rate_mbps=0) for vm in snapshot.vms)))

    assert _unnoticed(forgetful) == ["Vm.dirty_rate_mbps"]


def test_no_two_fields_are_confused() -> None:
    """All those changes have digests of their own: nothing slips from one field into the next."""
    digests = [snapshot_digest(snapshot) for _, snapshot in _changes(GOOD)]
    assert len(set(digests)) == len(digests)


def test_texts_that_look_like_the_canonical_text_change_nothing_else() -> None:
    """Quotes, commas and line ends inside of names stay inside of them."""
    split = replace(GOOD, vms=(replace(VM, tenant="a", tier="b"),))
    joined = replace(GOOD, vms=(replace(VM, tenant="a', 'b", tier=""),))
    ended = replace(GOOD, vms=(replace(VM, tenant="a\n"),))
    assert len({snapshot_digest(one) for one in (split, joined, ended)}) == 3


def _reversed(one: Any) -> Any:
    """The object with the order of every list and mapping turned round, in its parts too."""
    changes: dict[str, Any] = {}
    for field in dataclasses.fields(one):
        value = getattr(one, field.name)
        if isinstance(value, tuple):
            changes[field.name] = tuple(_reversed(x) if dataclasses.is_dataclass(x) else x for x in value[::-1])
        elif isinstance(value, Mapping):
            changes[field.name] = dict(reversed(list(value.items())))
    return replace(one, **changes)


def test_no_order_is_in_the_digest() -> None:
    """Lists and mappings in another order have the same digest, in whole clusters too."""
    several = replace(GOOD, hosts=tuple(replace(host, capabilities=("b", "a")) for host in HOSTS), vms=(VM, Vm("b")))
    for snapshot in (several, *(tiny_cluster(seed)[0] for seed in range(50))):
        assert snapshot_digest(_reversed(snapshot)) == snapshot_digest(snapshot)


def test_mappings_that_are_shared_count_for_each_guest() -> None:
    """Whether two guests share one mapping or have equal ones makes no difference, but what is in it does."""
    labels = {"zone": "a"}
    shared = replace(GOOD, vms=(replace(VM, labels=labels), replace(VM, id="b", labels=labels)))
    apart = replace(GOOD, vms=(replace(VM, labels=dict(labels)), replace(VM, id="b", labels=dict(labels))))
    other = replace(GOOD, vms=(replace(VM, labels=labels), replace(VM, id="b", labels={"zone": "b"})))
    assert snapshot_digest(shared) == snapshot_digest(apart) != snapshot_digest(other)
