"""Every fault that is planted, by name."""

from __future__ import annotations

from google.protobuf.duration_pb2 import Duration

from tests.integration.planted import PRECONDITION, Planted, in_domain, in_host, in_policy, in_request, in_vm
from tests.integration.requests import inline_policy
from trimtab.v1 import planning_service_pb2 as pb
from trimtab.v1 import policy_pb2, snapshot_pb2

LARGEST = 2**63 - 1
_UP = snapshot_pb2.HOST_STATE_UP
_RUNNING = snapshot_pb2.VM_STATE_RUNNING
_MIGRATING = snapshot_pb2.VM_STATE_MIGRATING

_ZONE_A = "{matchLabels: {zone: a}}"


def _sums_overflow(request: pb.CreatePlanRequest) -> None:
    template = request.snapshot.vms[1]
    template.requested["memory_mib"] = 1 << 40
    for number in range(30_000):
        more = request.snapshot.vms.add()
        more.CopyFrom(template)
        more.id = f"more-{number}"
    for host in request.snapshot.hosts:
        host.overcommit_percent["memory_mib"] = 10_000


def _twice(request: pb.CreatePlanRequest) -> None:
    request.snapshot.vms[2].id = "a"


SYNTAX_FAULTS = {
    "bracket that is not closed": in_policy("{rank: 100}", "{rank: 100", "POLICY_SYNTAX", "", at="---\napi"),
    "tab": in_policy("  rank: 10\n", "\trank: 10\n", "POLICY_SYNTAX", "", at="\trank"),
    "key twice": in_policy(
        "  rank: 10\n", "  rank: 10\n  rank: 99\n", "POLICY_SYNTAX", "spec.rank", "rank", "line 10", "keep one",
        at="rank: 99",
    ),
    "unknown field": in_policy(
        "{rank: 100}", "{rank: 100, evikt: {}}", "POLICY_FIELD", "spec.evikt", '"evikt"', "evict", at="evikt"
    ),
    "wrong type": in_policy(
        "{rank: 100}", "{rank: high}", "POLICY_FIELD", "spec.rank", '"high"', "without quotes", at="high"
    ),
    "number out of range": in_policy(
        "rank: 100", "rank: 1001", "POLICY_FIELD", "spec.rank", "1001", "1000", at="1001"
    ),
    "missing field": in_policy(
        "  topology: site\n", "", "POLICY_FIELD", "spec.topology", "missing", "add", at="spec:\n  between"
    ),
    "unknown kind": in_policy(
        "kind: Separate", "kind: Seperate", "POLICY_FIELD", "kind", '"Seperate"', "did you mean Separate", at="Seperate"
    ),
    "unknown version": in_policy(
        "trimtab/v1", "trimtab/v9", "POLICY_FIELD", "apiVersion", '"trimtab/v9"', "trimtab/v1", at="trimtab/v9"
    ),
    "bad name": in_policy(
        "{name: zones}", "{name: Zones!}", "POLICY_FIELD", "metadata.name", '"Zones!"', "a-z", at="Zones!"
    ),
    "should without weight": in_policy(
        "level: must", "level: should", "POLICY_FIELD", "spec", "weight", "1 to 1000000", at="spec:\n  between"
    ),
    "two documents of one name": in_policy(
        "{name: bronze}", "{name: gold}", "POLICY_CONFLICT", "metadata.name", '"gold"', "rename", at="gold}\nspec:\n"
    ),
    "no tier": in_request(
        lambda request: request.policy.CopyFrom(inline_policy("# nothing\n")), "POLICY_FIELD", "policy", "Tier", "add"
    ),
    "empty file": in_request(
        lambda request: request.policy.CopyFrom(inline_policy("")), "POLICY_FIELD", "policy", "Tier", "add"
    ),
    "no file": in_request(
        lambda request: request.policy.CopyFrom(policy_pb2.PolicyReference(inline=policy_pb2.PolicyDocuments())),
        "INVALID_REQUEST", "policy.inline.documents", "empty", "at least one",
    ),
}  # fmt: skip
"""In YAML and its shape."""

EXPRESSION_FAULTS = {
    "CEL that breaks off": in_policy(
        _ZONE_A, "{cel: 'vm.tier =='}", "POLICY_EXPRESSION", "spec.between[0].cel", '"vm.tier =="', at="'}, {match"
    ),
    "CEL that gives no bool": in_policy(
        _ZONE_A, "{cel: vm.tier}", "POLICY_EXPRESSION", "spec.between[0].cel", "string, not bool", "compare",
        at="vm.tier}",
    ),
    "CEL that compares unlike things": in_policy(
        ">= 1", ">= 'one'", "POLICY_EXPRESSION", "spec.evict.when", "(int, string)", "'one'", at=">= 'one'"
    ),
    "CEL with an undeclared field": in_policy(
        _ZONE_A, "{cel: vm.teir == 'gold'}", "POLICY_EXPRESSION", "spec.between[0].cel", "vm.teir",
        "did you mean vm.tier", at=".teir",
    ),
    "CEL with an undeclared variable": in_policy(
        _ZONE_A, "{cel: host.id == 'h1'}", "POLICY_EXPRESSION", "spec.between[0].cel", "host.id", "known are",
        at=".id == 'h1'",
    ),
}  # fmt: skip
"""In expressions, whatever they are evaluated on."""

JOINT_FAULTS = {
    "topology that the snapshot has not": in_policy(
        "topology: site", "topology: galaxy", "UNKNOWN_REFERENCE", "spec.topology", '"galaxy"', "host, rack, site",
        at="galaxy",
    ),
    "label that a guest lacks": in_policy(
        _ZONE_A, "{cel: vm.labels.zone == 'a'}", "POLICY_EVALUATION", "spec.between[0].cel", '"zone"', "c", "has(",
        at="vm.labels.zone", code=PRECONDITION,
    ),
    "guest that a rule separates from itself": in_policy(
        "{matchLabels: {zone: b}}", _ZONE_A, "POLICY_CONFLICT", "spec.between", " a ", "disjoint", at="between"
    ),
    "guest in two tiers": in_policy(
        "rank: 10\n", "rank: 10\n  select: {ids: [a]}\n", "AMBIGUOUS_TIER", "spec.select",
        "gold", "bronze", ": a", "change", at="select: {ids: [a]}", code=PRECONDITION,
    ),
    "guest without tier": in_request(
        lambda request: setattr(request.snapshot.vms[2], "tier", "tin"),
        "NO_TIER", "snapshot.vms[2].tier", '"tin"', "defaultTier", code=PRECONDITION,
    ),
}  # fmt: skip
"""In policy and snapshot together: each may be right alone."""

SNAPSHOT_FAULTS = {
    "no cluster": in_request(
        lambda request: request.snapshot.Clear(), "EMPTY_CLUSTER", "snapshot.hosts", "no hosts", "at least one"
    ),
    "two guests of one id": in_request(_twice, "DUPLICATE_ID", "snapshot.vms[2].id", '"a"', "rename"),
    "two hosts of one id": in_host("DUPLICATE_ID", "id", '"h1"', "rename", at=1, id="h1"),
    "two domains of one id": in_domain("DUPLICATE_ID", "id", '"east"', "rename", at=1, id="east"),
    "guest without id": in_vm("INVALID_REQUEST", "id", "no id", "give it an id", id=""),
    "unknown host": in_vm("UNKNOWN_REFERENCE", "host_id", "h9", host_id="h9"),
    "unknown target": in_vm("UNKNOWN_REFERENCE", "target_host_id", "h9", state=_MIGRATING, target_host_id="h9"),
    "unknown home": in_vm("UNKNOWN_REFERENCE", "home_host_id", "h9", home_host_id="h9"),
    "unknown pool of a guest": in_vm("UNKNOWN_REFERENCE", "storage_pool_id", "p9", storage_pool_id="p9"),
    "unknown pool of a host": in_host("UNKNOWN_REFERENCE", "storage_pool_ids[0]", "p9", storage_pool_ids=["p9"]),
    "unknown domain of a host": in_host("UNKNOWN_REFERENCE", "domain_ids[0]", "r9", domain_ids=["r9"]),
    "unknown parent": in_domain("UNKNOWN_REFERENCE", "parent_id", "moon", at=2, parent_id="moon"),
    "unknown resource": in_vm(
        "UNKNOWN_REFERENCE", 'requested["gpu_slices"]', "gpu_slices", requested={"memory_mib": 1, "gpu_slices": 1}
    ),
    "cycle of domains": in_domain("DOMAIN_CYCLE", "parent_id", "east -> r1 -> east", "larger", parent_id="r1"),
    "zero capacity": in_host(
        "OUT_OF_RANGE", 'capacity["memory_mib"]', "0", capacity={"cpu_milli": 1, "memory_mib": 0}
    ),
    "largest capacity": in_host(
        "OUT_OF_RANGE", 'capacity["memory_mib"]', str(LARGEST), str(1 << 40),
        capacity={"cpu_milli": 1, "memory_mib": LARGEST},
    ),
    "negative capacity": in_host(
        "OUT_OF_RANGE", 'capacity["cpu_milli"]', "-5", capacity={"cpu_milli": -5, "memory_mib": 1}
    ),
    "reserved beyond capacity": in_host(
        "OUT_OF_RANGE", 'reserved["cpu_milli"]', "4001", "4000", reserved={"cpu_milli": 4001}
    ),
    "overcommit of nothing": in_host(
        "OUT_OF_RANGE", 'overcommit_percent["cpu_milli"]', "0", overcommit_percent={"cpu_milli": 0}
    ),
    "largest request": in_vm(
        "OUT_OF_RANGE", 'requested["memory_mib"]', str(LARGEST), requested={"cpu_milli": 1, "memory_mib": LARGEST}
    ),
    "negative request": in_vm(
        "OUT_OF_RANGE", 'requested["cpu_milli"]', "-1", requested={"cpu_milli": -1, "memory_mib": 1}
    ),
    "guaranteed beyond the request": in_vm(
        "OUT_OF_RANGE", 'guaranteed["cpu_milli"]', "1001", "1000", guaranteed={"cpu_milli": 1001}
    ),
    "negative restart": in_vm("OUT_OF_RANGE", "restart_s", "-1", restart_s=-1),
    "sums that overflow": in_request(_sums_overflow, "OUT_OF_RANGE", "snapshot.vms", "memory_mib", "larger unit"),
    "running on a host that is down": in_vm(
        "INCONSISTENT_STATE", "host_id", '"h3"', "DISPLACED", at=2, state=_RUNNING
    ),
    "displaced from a host that is up": in_vm("INCONSISTENT_STATE", "host_id", '"h1"', "DOWN", at=2, host_id="h1"),
    "running nowhere": in_vm("INCONSISTENT_STATE", "host_id", "no host", "host_id", host_id=""),
    "migrating nowhere": in_vm("INCONSISTENT_STATE", "target_host_id", "no target", state=_MIGRATING),
    "down, fenced or not": in_host("INVALID_REQUEST", "fencing", "UNFENCED", at=2, fencing=0),
    "unknown state of a host": in_host("INVALID_REQUEST", "state", "77", state=77),
    "unknown state of a guest": in_vm("INVALID_REQUEST", "state", "77", state=77),
    "no migratability": in_vm("INVALID_REQUEST", "migratability", "LIVE", migratability=0),
    "negative failures": in_request(
        lambda request: setattr(request.snapshot, "hardware_failures", -1),
        "OUT_OF_RANGE", "snapshot.hardware_failures", "-1", "0 or more",
    ),
}  # fmt: skip
"""In the snapshot alone."""

REQUEST_FAULTS = {
    "no snapshot": in_request(lambda request: request.ClearField("snapshot"), "INVALID_REQUEST", "snapshot", "missing"),
    "no time": in_request(lambda request: _budget(request, 0), "OUT_OF_RANGE", "time_budget", "0 s", "more than 0"),
    "less than no time": in_request(
        lambda request: _budget(request, -3), "OUT_OF_RANGE", "time_budget", "-3 s", "more than 0"
    ),
    "negative seed": in_request(lambda request: setattr(request, "seed", -1), "OUT_OF_RANGE", "seed", "-1", "0 to"),
    "long id": in_request(
        lambda request: setattr(request, "request_id", "x" * 129), "OUT_OF_RANGE", "request_id", "129", "128"
    ),
}  # fmt: skip
"""In what is asked for."""

FAULTS: dict[str, Planted] = {
    **SYNTAX_FAULTS,
    **EXPRESSION_FAULTS,
    **JOINT_FAULTS,
    **SNAPSHOT_FAULTS,
    **REQUEST_FAULTS,
}


def _budget(request: pb.CreatePlanRequest, seconds: int) -> None:
    request.time_budget.CopyFrom(Duration(seconds=seconds))
