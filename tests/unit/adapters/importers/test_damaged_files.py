"""Damaged files are refused, never anything worse."""

from __future__ import annotations

import contextlib
import json
import random
from collections.abc import Callable
from typing import Any

import pytest

from trimtab_server.adapters.importers.btrplace import read_btrplace
from trimtab_server.adapters.importers.ganeti import read_ganeti
from trimtab_server.adapters.importers.imported import Imported
from trimtab_solver.authoring.loader import parse_policy
from trimtab_solver.errors import RefusedError
from trimtab_solver.validation import check_snapshot

INSTANCE: dict[str, Any] = {
    "model": {
        "mapping": {
            "readyVMs": [2],
            "onlineNodes": {"0": {"runningVMs": [0], "sleepingVMs": [1]}, "1": {"runningVMs": [], "sleepingVMs": []}},
            "offlineNodes": [2],
        },
        "attributes": {"vms": {"0": {"boot": 3}}, "nodes": {"1": {"boot": 9}}},
        "views": [
            {"id": "shareableResource", "rcId": "mem", "defCapacity": 9, "defConsumption": 1, "nodes": {}, "vms": {}},
            {"id": "ns", "type": "vm", "map": {"web": 0}},
            {"id": "net", "links": [{"physicalElement": {"id": 0, "type": "node"}, "capacity": 10}]},
        ],
    },
    "constraints": [
        {"id": "spread", "vms": [0, 1], "continuous": True},
        {"id": "among", "vms": [0, 1], "parts": [[0], [1]], "continuous": True},
        {"id": "fence", "vm": 0, "nodes": [0, 1], "continuous": False},
        {"id": "overbook", "node": 0, "rc": "mem", "ratio": 1.5, "continuous": False},
        {"id": "preserve", "vm": 0, "rc": "mem", "amount": 4},
        {"id": "resourceCapacity", "nodes": [1], "rc": "mem", "amount": 4, "continuous": False},
    ],
    "objective": {"id": "minimizeMTTR"},
}
DUMP = """\
main|u1|preferred|

a|8000|500|6500|90000|80000|8|M|u1|1|power:x|N|0|1|1.0
b|8000|500|7500|90000|80000|8|N|u1|1|power:y|N|0|1|1.0

web|1000|5000|2|running|Y|a|b|drbd|svc:dns,power:x|1|-
dns|1000|5000|2|ADMIN_down|Y|b||plain|svc:dns|1|-

htools:iextags:svc
htools:nlocation:power
htools:desiredlocation:power

|1,1,1,1,1,1|1,1,1,1,1,1;9,9,9,9,9,9|plain,drbd|2.0|32.0
"""
STRAY: tuple[Any, ...] = (None, True, -1, 10**30, 1.5, "x", "", "\ud800", "\x00", [], [[]], {}, {"id": 3}, "99", 0)


def _import(read: Callable[[bytes], Imported], raw: bytes) -> bool:
    """Whether it was imported; anything but a refusal escapes."""
    with contextlib.suppress(RefusedError):
        imported = read(raw)
        check_snapshot(imported.snapshot)
        parse_policy(dict(imported.policy_documents))
        return True
    return False


def _replace_one(value: Any, rng: random.Random) -> Any:
    """A copy with one value, somewhere, replaced by something that does not belong there."""
    if not isinstance(value, dict | list) or not value or rng.random() < 0.15:
        return rng.choice(STRAY)
    if isinstance(value, dict):
        key = rng.choice(sorted(value))
        if rng.random() < 0.2:
            return {k: v for k, v in value.items() if k != key}
        return {**value, key: _replace_one(value[key], rng)}
    index = rng.randrange(len(value))
    return [*value[:index], _replace_one(value[index], rng), *value[index + 1 :]]


@pytest.mark.parametrize("seed", range(8))
def test_instances_with_stray_values_import_or_are_refused(seed: int) -> None:
    """Whatever stands in whatever place of an instance, the importer and the checks behind it answer."""
    rng = random.Random(seed)
    for _ in range(100):
        _import(read_btrplace, json.dumps(_replace_one(INSTANCE, rng)).encode())


@pytest.mark.parametrize(("read", "whole"), [(read_btrplace, json.dumps(INSTANCE)), (read_ganeti, DUMP)])
@pytest.mark.parametrize("seed", range(4))
def test_files_with_stray_bytes_import_or_are_refused(read: Callable[[bytes], Imported], whole: str, seed: int) -> None:
    """Bytes that are changed, lost or repeated give an import or a refusal."""
    assert _import(read, whole.encode())
    rng = random.Random(seed)
    for _ in range(100):
        raw = bytearray(whole.encode())
        for _ in range(rng.randint(1, 4)):
            at = rng.randrange(len(raw))
            raw[at : at + rng.randint(0, 6)] = rng.choice(
                (b"", b"|", b"\n", b"\n\n", b"9" * 5000, b"\xff", b"\x00", b"?", b"-")
            )
        _import(read, bytes(raw))


def test_deep_nesting_is_refused() -> None:
    """A bomb of brackets is refused like any other file."""
    assert not _import(read_btrplace, b"[" * 200_000)
