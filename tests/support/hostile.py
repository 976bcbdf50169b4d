"""Hostile requests: right ones with wrong values, policies with wrong words, bytes that are no message. By seed."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any, Final

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from trimtab.v1 import plan_pb2, policy_pb2, snapshot_pb2
from trimtab.v1 import planning_service_pb2 as planning
from trimtab.v1 import policy_service_pb2 as policy
from trimtab_server.convert.request import policy_to_proto

_POLICY: Final = """\
apiVersion: trimtab/v1
kind: Tier
metadata: {name: gold}
spec: {rank: 100, noOvercommit: [cpu_milli]}
---
apiVersion: trimtab/v1
kind: Tier
metadata: {name: bronze}
spec: {rank: 10, evict: {when: event.hardware_failures >= 1}, resize: {floor: {cpu_milli: "50%"}}}
---
apiVersion: trimtab/v1
kind: Spread
metadata: {name: apart}
spec:
  select: {cel: "has(vm.labels.app) && vm.labels.app == 'shop'"}
  groupBy: vm.labels.app
  topology: rack
  maxPerDomain: 1
  level: should
  weight: 40
  from: "2026-01-01T00:00:00Z"
---
apiVersion: trimtab/v1
kind: Pin
metadata: {name: here}
spec: {select: {ids: [v1]}, hosts: {matchLabels: {disk: fast}}, messageExpression: "'on ' + vm.id"}
---
apiVersion: trimtab/v1
kind: PolicySet
metadata: {name: all}
spec: {require: [gold, "a*"], defaultTier: bronze}
---
apiVersion: trimtab/v1
kind: PolicyTest
metadata: {name: test}
spec:
  fixtures:
    hosts: {"h[1-3]": {}, h4: {labels: {disk: fast}}}
    vms: {"v[1-4]": {tier: gold, host: h1}}
  cases:
    - {name: one, fail: [host:h1], expect: {violations: [here]}}
    - {name: two, placement: {v1: h4}, at: "2026-02-01T00:00:00Z", expect: {evictable: []}}
"""
# fmt: off
_WORDS: Final = (
    "", "0", "-1", "1e999", "9223372036854775807", "18446744073709551616", "null", "true", "yes", "~", "[]",
    "{}", "[", "{a", "&a", "*a", "!!python/object", "<<", "---", "...", "\t", "\x00", "\x1b[2J", "\u202e",
    "\ufeff", "\ud7ff", "\U0010ffff", "'", '"', "''", "%", "101%", "-5%", "%s", "{0}", "../../etc/passwd",
    "h[1-9999]", "h[9-1]", "vm.labels", "vm.labels.x", "vm.id == ''", "true || true", "1/0 == 1",
    "vm.labels['x']", "has(vm.labels.x)", "[1,2].all(x, x > 0)", "event.failed_domains", "9999-12-31T23:59:59Z",
    "0001-01-01T00:00:00+14:00", "2026-13-45", "host:h1", "rack:r1", ":", "gold", "apart", "v1", "h1", "must",
    "should", "(room)", "a" * 300, "a" * 5000, "(" * 100, "[" * 50, "é", "漢", "*", "?", "[!a]", "**",
)
# fmt: on
_NUMBERS: Final = (
    0,
    1,
    -1,
    2,
    99,
    101,
    1 << 31,
    (1 << 31) - 1,
    -(1 << 31),
    1 << 40,
    (1 << 63) - 1,
    -(1 << 63),
    1 << 62,
)
_INTS: Final = {
    FieldDescriptor.CPPTYPE_INT32: (-(1 << 31), (1 << 31) - 1),
    FieldDescriptor.CPPTYPE_INT64: (-(1 << 63), (1 << 63) - 1),
    FieldDescriptor.CPPTYPE_UINT32: (0, (1 << 32) - 1),
    FieldDescriptor.CPPTYPE_UINT64: (0, (1 << 64) - 1),
}
_FLOATS: Final = (0.0, -1.0, 100.0, 1e308, float("nan"), float("inf"), float("-inf"), 5e-324)


def _snapshot() -> snapshot_pb2.Snapshot:
    up, running = snapshot_pb2.HOST_STATE_UP, snapshot_pb2.VM_STATE_RUNNING
    size = {"cpu_milli": 1000, "memory_mib": 1024}
    hosts = [
        snapshot_pb2.Host(
            id=f"h{i}", domain_ids=[f"r{i % 2}"], state=up, labels={"disk": "fast"}, storage_pool_ids=["p"],
            capacity={name: 4 * amount for name, amount in size.items()},
        )
        for i in range(1, 4)
    ]  # fmt: skip
    vms = [
        snapshot_pb2.Vm(
            id=f"v{i}", tier="gold" if i % 2 else "bronze", requested=size, allocated=size, state=running,
            host_id=f"h{1 + i % 3}", labels={"app": "shop"}, group="g", storage_pool_id="p",
            migratability=snapshot_pb2.MIGRATABILITY_LIVE,
        )
        for i in range(1, 6)
    ]  # fmt: skip
    domains = [snapshot_pb2.FailureDomain(id=f"r{i}", kind="rack", parent_id="s") for i in range(2)]
    domains.append(snapshot_pb2.FailureDomain(id="s", kind="site"))
    pools = [snapshot_pb2.StoragePool(id="p", kind=snapshot_pb2.STORAGE_POOL_KIND_SHARED)]
    snapshot = snapshot_pb2.Snapshot(hosts=hosts, vms=vms, domains=domains, storage_pools=pools)
    snapshot.taken_at.seconds = 1_790_000_000
    return snapshot


def _files(text: str) -> policy_pb2.PolicyReference:
    return policy_to_proto({"p.yaml": text.encode()})


def _plan() -> plan_pb2.Plan:
    kind = plan_pb2.ACTION_KIND_MIGRATE_LIVE
    actions = [plan_pb2.Action(id=i, kind=kind, vm_id=f"v{i + 1}", host_id="h1", target_host_id="h3") for i in range(2)]
    return plan_pb2.Plan(actions=actions)


_REQUESTS: Final[tuple[tuple[str, Callable[[policy_pb2.PolicyReference], Message]], ...]] = (
    ("CreatePlan", lambda files: planning.CreatePlanRequest(snapshot=_snapshot(), policy=files, validate_only=True)),
    ("VerifyPlan", lambda files: planning.VerifyPlanRequest(snapshot=_snapshot(), policy=files, plan=_plan())),
    ("ExplainGuest", lambda files: planning.ExplainGuestRequest(snapshot=_snapshot(), policy=files, vm_id="v1")),
    ("LintPolicy", lambda files: policy.LintPolicyRequest(snapshot=_snapshot(), policy=files)),
    ("TestPolicy", lambda files: policy.TestPolicyRequest(policy=files)),
    ("DiffPolicies", lambda files: policy.DiffPoliciesRequest(old_policy=files, new_policy=_files(_POLICY))),
)


def hostile_request(seed: int) -> tuple[str, bytes]:
    """The name of a method, and what is sent to it. The same seed gives the same."""
    draw = random.Random(seed)
    name, request = draw.choice(_REQUESTS)
    text = _POLICY
    for _ in range(draw.choice((0, 0, 1, 1, 2, 4))):
        text = _wrong_text(draw, text)
    message = request(_files(text))
    for _ in range(draw.choice((0, 1, 1, 2, 5))):
        _make_wrong(draw, message)
    content = message.SerializeToString()
    return name, _wrong_bytes(draw, content) if draw.random() < 0.05 else content


def _wrong_bytes(draw: random.Random, content: bytes) -> bytes:
    broken = bytearray(content or b"\xff")
    for _ in range(draw.randint(1, 8)):
        broken[draw.randrange(len(broken))] = draw.randrange(256)
    return bytes(broken[: draw.randint(0, len(broken))] if draw.random() < 0.5 else broken)


def _wrong_text(draw: random.Random, text: str) -> str:
    """One word replaced or put in, or one line gone, twice, or further in."""
    lines = text.splitlines(keepends=True)
    at = draw.randrange(len(lines))
    match draw.randrange(5):
        case 0:
            del lines[at]
        case 1:
            lines.insert(at, draw.choice(lines))
        case 2:
            lines[at] = "  " + lines[at]
        case 3:
            words = lines[at].split(" ")
            words[draw.randrange(len(words))] = draw.choice(_WORDS)
            lines[at] = " ".join(words)
        case _:
            place = draw.randint(0, len(lines[at]))
            lines[at] = lines[at][:place] + draw.choice(_WORDS) + lines[at][place:]
    return "".join(lines) or "\n"


def _make_wrong(draw: random.Random, message: Any) -> None:
    """One field somewhere below the message gets another value."""
    fields = list(message.DESCRIPTOR.fields)
    for _ in range(8 if fields else 0):
        field = draw.choice(fields)
        is_below = field.message_type is not None and not field.message_type.GetOptions().map_entry
        if is_below and draw.random() < 0.85:
            below = getattr(message, field.name)
            if field.is_repeated and len(below):
                _make_wrong(draw, draw.choice(below))
                return
            if not field.is_repeated:
                _make_wrong(draw, below)
                return
        elif draw.random() < 0.7:
            _set(draw, message, field)
            return


def _set(draw: random.Random, message: Any, field: FieldDescriptor) -> None:
    if draw.random() < 0.15:
        message.ClearField(field.name)
    elif field.message_type is not None and field.message_type.GetOptions().map_entry:
        key, value = field.message_type.fields
        if value.message_type is None:
            getattr(message, field.name)[_value(draw, key)] = _value(draw, value)
    elif field.is_repeated:
        _extend(draw, getattr(message, field.name), field)
    elif field.message_type is not None:
        getattr(message, field.name).SetInParent()
    else:
        setattr(message, field.name, _value(draw, field))


def _extend(draw: random.Random, values: Any, field: FieldDescriptor) -> None:
    """An element once more, another one, or none."""
    if len(values) and draw.random() < 0.3:
        del values[draw.randrange(len(values))]
    elif field.message_type is None:
        values.append(_value(draw, field))
    elif len(values) and draw.random() < 0.7:
        values.add().CopyFrom(draw.choice(values))
    else:
        values.add()


def _value(draw: random.Random, field: FieldDescriptor) -> Any:
    kind = field.cpp_type
    if kind == FieldDescriptor.CPPTYPE_STRING:
        word = draw.choice(_WORDS)
        return word.encode() if field.type == FieldDescriptor.TYPE_BYTES else word
    if kind in _INTS:
        least, most = _INTS[kind]
        return min(max(draw.choice(_NUMBERS), least), most)
    if kind == FieldDescriptor.CPPTYPE_ENUM:
        return draw.choice((0, 1, 2, 3, 4, 5, 6, 99, -1))
    if kind == FieldDescriptor.CPPTYPE_BOOL:
        return draw.random() < 0.5
    return draw.choice(_FLOATS)
