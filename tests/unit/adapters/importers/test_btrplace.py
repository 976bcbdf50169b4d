"""BtrPlace instances: what becomes of states, resources and every kind of constraint."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from trimtab_server.adapters.importers.btrplace import read_btrplace
from trimtab_server.adapters.importers.imported import Imported, ImportRefusedError
from trimtab_solver.errors import Reason
from trimtab_solver.snapshot import FencingState, Host, HostState, Migratability, Vm, VmState
from trimtab_solver.topology import Topology


def _view(rc: str, nodes: dict[str, int], vms: dict[str, int], default: int = 0) -> dict[str, Any]:
    return {
        "id": "shareableResource",
        "rcId": rc,
        "defCapacity": default,
        "defConsumption": 0,
        "nodes": nodes,
        "vms": vms,
    }


def _instance(*constraints: dict[str, Any], **model: Any) -> dict[str, Any]:
    """Nodes 0 to 2 online, 3 off; VMs 0 to 2 on node 0, 3 on node 1, 4 asleep there, 5 ready."""
    mapping = {
        "readyVMs": [5],
        "onlineNodes": {
            "0": {"runningVMs": [0, 1, 2], "sleepingVMs": []},
            "1": {"runningVMs": [3], "sleepingVMs": [4]},
            "2": {"runningVMs": [], "sleepingVMs": []},
        },
        "offlineNodes": [3],
    }
    views = [
        _view("mem", {str(n): 100 for n in range(4)}, {str(v): 10 for v in range(6)}),
        _view("storage-cache", {}, {"0": 1}, default=7),
    ]
    return {
        "model": {"mapping": mapping, "attributes": {"nodes": {}, "vms": {}}, "views": views, **model},
        "constraints": list(constraints),
        "objective": {"id": "minimizeMTTR"},
    }


def _read(*constraints: dict[str, Any], **model: Any) -> Imported:
    return read_btrplace(json.dumps(_instance(*constraints, **model)).encode())


def _vm(imported: Imported, name: str) -> Vm:
    return next(vm for vm in imported.snapshot.vms if vm.id == name)


def _host(imported: Imported, name: str) -> Host:
    return next(host for host in imported.snapshot.hosts if host.id == name)


def _specs(imported: Imported, kind: str) -> list[dict[str, Any]]:
    documents = [doc for raw in imported.policy_documents.values() for doc in yaml.safe_load_all(raw)]
    return [document["spec"] for document in documents if document["kind"] == kind]


def _labelled(imported: Imported, key: str) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for vm in imported.snapshot.vms:
        if key in vm.labels:
            found.setdefault(vm.labels[key], set()).add(vm.id)
    return found


def test_vm_states_follow_their_constraints() -> None:
    """A VM without a wish stays as it is; one that shall run is wanted."""
    plain = _read()
    assert [_vm(plain, f"vm{n}").state for n in (0, 4, 5)] == [VmState.RUNNING, VmState.STOPPED, VmState.STOPPED]
    wished = _read({"id": "running", "vm": 4}, {"id": "running", "vm": 5})
    assert [_vm(wished, f"vm{n}").state for n in (4, 5)] == [VmState.SUSPENDED, VmState.PENDING]


def test_running_vm_that_shall_not_run_keeps_running_with_a_note() -> None:
    """Stopping on request cannot be expressed, and the notes say so."""
    imported = _read({"id": "ready", "vm": 0}, {"id": "killed", "vm": 1})
    assert _vm(imported, "vm0").state is VmState.RUNNING
    assert [note for note in imported.notes if "keep running" in note and "ready" in note]
    assert [note for note in imported.notes if "keep running" in note and "killed" in note]


def test_node_states_follow_their_constraints() -> None:
    """Off is failed and fenced, off with a wish for online is a spare, online with a wish for offline drains."""
    plain = _read()
    assert (_host(plain, "n3").state, _host(plain, "n3").fencing) == (HostState.DOWN, FencingState.FENCED)
    wished = _read({"id": "online", "node": 3}, {"id": "offline", "node": 2})
    assert _host(wished, "n3").state is HostState.STANDBY
    assert _host(wished, "n2").state is HostState.DRAINING
    assert _host(wished, "n0").state is HostState.UP


def test_resources_keep_numbers_under_our_names() -> None:
    """Memory becomes memory_mib, other names are made plain, defaults apply, zero requests vanish."""
    imported = _read()
    assert _host(imported, "n0").capacity == {"memory_mib": 100, "storage_cache": 7}
    assert _vm(imported, "vm0").requested == {"memory_mib": 10, "storage_cache": 1}
    assert _vm(imported, "vm1").requested == {"memory_mib": 10}
    assert any("mem is memory_mib" in note for note in imported.notes)


def test_two_resources_never_get_one_name() -> None:
    """When cpu and uCpu both exist the second keeps its own name."""
    imported = _read(views=[_view("cpu", {"0": 5}, {"0": 1}), _view("uCpu", {"0": 9}, {"0": 2})])
    assert _vm(imported, "vm0").requested == {"cpu_milli": 1, "ucpu": 2}
    assert _host(imported, "n0").capacity.items() >= {"cpu_milli": 5, "ucpu": 9}.items()


def test_vm_that_consumes_nothing_requests_a_slot() -> None:
    """A made-up resource of which every host has plenty stands in, with a note."""
    imported = _read(views=[_view("mem", {"0": 5}, {"0": 1})])
    assert _vm(imported, "vm1").requested == {"slots": 1}
    assert _vm(imported, "vm0").requested == {"memory_mib": 1}
    assert _host(imported, "n0").capacity["slots"] == 5
    assert any("slots" in note and "5 times" in note for note in imported.notes)


def test_resource_named_slots_is_not_mixed_up_with_the_made_up_one() -> None:
    """A resource of that name gets another."""
    imported = _read(views=[_view("slots", {"0": 5}, {"0": 3})])
    assert _vm(imported, "vm0").requested == {"slots_0": 3}
    assert _vm(imported, "vm1").requested == {"slots": 1}


def test_preserve_raises_the_request_and_keeps_what_is_held_now() -> None:
    """A running VM holds its present amount; a VM to start asks for the preserved one."""
    imported = _read(
        {"id": "preserve", "vm": 0, "rc": "mem", "amount": 25},
        {"id": "preserve", "vm": 5, "rc": "mem", "amount": 25},
        {"id": "preserve", "vm": 1, "rc": "mem", "amount": 5},
        {"id": "running", "vm": 5},
    )
    assert (_vm(imported, "vm0").requested["memory_mib"], _vm(imported, "vm0").allocated) == (25, {"memory_mib": 10})
    assert (_vm(imported, "vm5").requested["memory_mib"], _vm(imported, "vm5").allocated) == (25, {})
    assert (_vm(imported, "vm1").requested["memory_mib"], _vm(imported, "vm1").allocated) == (10, {})


def test_spreads_share_documents_unless_they_overlap() -> None:
    """Disjoint and repeated sets need one document, an overlapping one a second."""
    imported = _read(
        {"id": "spread", "vms": [0, 1], "continuous": True},
        {"id": "spread", "vms": [2, 3], "continuous": True},
        {"id": "spread", "vms": [1, 0], "continuous": True},
        {"id": "spread", "vms": [1, 2], "continuous": True},
        {"id": "spread", "vms": [5], "continuous": True},
    )
    specs = _specs(imported, "Spread")
    assert [spec["groupBy"] for spec in specs] == ["vm.labels.spread_1", "vm.labels.spread_2"]
    assert all(spec["topology"] == "host" and spec["maxPerDomain"] == 1 for spec in specs)
    assert sorted(map(sorted, _labelled(imported, "spread_1").values())) == [["vm0", "vm1"], ["vm2", "vm3"]]
    assert list(_labelled(imported, "spread_2").values()) == [{"vm1", "vm2"}]


def test_among_becomes_together_in_a_domain_kind_and_a_pin() -> None:
    """Equal partitions share a kind in whatever order they are written; nodes outside the parts are refused."""
    imported = _read(
        {"id": "among", "vms": [0, 1], "parts": [[0, 1], [2]], "continuous": True},
        {"id": "among", "vms": [2, 3], "parts": [[2], [1, 0]], "continuous": True},
    )
    (spec,) = _specs(imported, "Together")
    topology = Topology(imported.snapshot)
    assert topology.domain("n0", spec["topology"]) == topology.domain("n1", spec["topology"])
    assert topology.domain("n0", spec["topology"]) != topology.domain("n2", spec["topology"])
    (pin,) = _specs(imported, "Pin")
    assert pin["hosts"] == {"cel": "!(host.id in ['n3'])"}
    assert _labelled(imported, "pin") == {"p1": {"vm0", "vm1", "vm2", "vm3"}}


def test_among_over_all_nodes_needs_no_pin() -> None:
    """Where the parts cover every node there is nothing to forbid."""
    imported = _read({"id": "among", "vms": [0, 1], "parts": [[0, 1], [2, 3]], "continuous": False})
    assert len(_specs(imported, "Together")) == 1
    assert _specs(imported, "Pin") == []


def test_fences_and_bans_of_a_vm_meet() -> None:
    """A VM may run where all its fences and bans allow; VMs with the same answer share a pin."""
    imported = _read(
        {"id": "fence", "vm": 0, "nodes": [0, 1], "continuous": False},
        {"id": "fence", "vm": 1, "nodes": [0, 1], "continuous": False},
        {"id": "ban", "vm": 1, "nodes": [1], "continuous": False},
        {"id": "ban", "vm": 2, "nodes": [1, 2, 3], "continuous": False},
    )
    assert [pin["hosts"] for pin in _specs(imported, "Pin")] == [{"ids": ["n0", "n1"]}, {"ids": ["n0"]}]
    assert _labelled(imported, "pin") == {"p1": {"vm0"}, "p2": {"vm1", "vm2"}}


def test_fences_that_leave_no_node_are_noted() -> None:
    """A VM that may run nowhere gets a pin to no host, and the notes name it."""
    imported = _read({"id": "fence", "vm": 0, "nodes": [0]}, {"id": "ban", "vm": 0, "nodes": [0]})
    assert _specs(imported, "Pin")[0]["hosts"] == {"cel": "false"}
    assert any("no node at all" in note for note in imported.notes)


def test_gather_lonely_split_become_their_kinds() -> None:
    """Gather is Together on a host; lonely and split are Separate on hosts."""
    imported = _read(
        {"id": "gather", "vms": [0, 1], "continuous": False},
        {"id": "lonely", "vms": [0, 1], "continuous": False},
        {"id": "split", "parts": [[0], [2, 3]], "continuous": False},
    )
    assert [spec["topology"] for spec in _specs(imported, "Together")] == ["host"]
    lonely, split = _specs(imported, "Separate")
    assert lonely["between"] == [{"matchLabels": {"lonely_1": "yes"}}, {"cel": "!has(vm.labels.lonely_1)"}]
    assert split["between"] == [{"matchLabels": {"split_1": "p1"}}, {"matchLabels": {"split_1": "p2"}}]
    assert _labelled(imported, "split_1") == {"p1": {"vm0"}, "p2": {"vm2", "vm3"}}


def test_split_among_keeps_sets_in_different_parts() -> None:
    """Each set stays in one part, no two in the same."""
    imported = _read({"id": "splitAmong", "vParts": [[0, 1], [2, 3]], "pParts": [[0], [1, 2, 3]], "continuous": False})
    (together,) = _specs(imported, "Together")
    (separate,) = _specs(imported, "Separate")
    assert together["topology"] == separate["topology"] == "parts_1"


def test_root_overbook_and_capacities_change_vm_and_node() -> None:
    """Root forbids migration, overbook sets the ratio, capacities are capped, running VMs are counted in slots."""
    imported = _read(
        {"id": "root", "vm": 0},
        {"id": "overbook", "node": 0, "rc": "mem", "ratio": 1.5, "continuous": False},
        {"id": "resourceCapacity", "nodes": [1], "rc": "mem", "amount": 40, "continuous": False},
        {"id": "runningCapacity", "nodes": [2], "amount": 2, "continuous": False},
    )
    assert _vm(imported, "vm0").migratability is Migratability.NONE
    assert _vm(imported, "vm1").migratability is Migratability.LIVE
    assert _host(imported, "n0").overcommit_percent == {"memory_mib": 150}
    assert _host(imported, "n1").capacity["memory_mib"] == 40
    assert _host(imported, "n2").capacity["slots"] == 2
    assert _host(imported, "n0").capacity["slots"] == 6
    assert all(vm.requested["slots"] == 1 for vm in imported.snapshot.vms)


def test_what_cannot_be_expressed_is_counted_in_the_notes() -> None:
    """Unknown kinds and capacities over several nodes are never dropped silently."""
    imported = _read(
        {"id": "maxOnline", "nodes": [0, 1], "amount": 1},
        {"id": "maxOnline", "nodes": [1, 2], "amount": 1},
        {"id": "resourceCapacity", "nodes": [0, 1], "rc": "mem", "amount": 9},
    )
    notes = "\n".join(imported.notes)
    assert "maxOnline constraints cannot be expressed and are left out (2 times, first: constraints[0])" in notes
    assert "resourceCapacity over several nodes" in notes
    assert "minimizeMTTR" in notes


def test_names_of_the_naming_service_are_used() -> None:
    """VMs and nodes keep the names people gave them."""
    views = [
        _view("mem", {}, {str(v): 1 for v in range(6)}, default=9),
        {"id": "ns", "type": "vm", "map": {"web.1": 0}},
        {"id": "ns", "type": "node", "map": {"@N0": 0}},
    ]
    imported = _read(views=views)
    assert _vm(imported, "web.1").host_id == "@N0"


def test_links_of_nodes_become_migration_bandwidth() -> None:
    """The slowest link of a node counts, unlimited ones do not."""
    links = [
        {"id": 0, "physicalElement": {"id": 0, "type": "node"}, "capacity": 1000, "switch": 0},
        {"id": 1, "physicalElement": {"id": 1, "type": "node"}, "capacity": -1, "switch": 0},
    ]
    views = [_view("mem", {}, {str(v): 1 for v in range(6)}, default=9), {"id": "net", "links": links}]
    imported = _read(views=views)
    assert _host(imported, "n0").migration_bandwidth_mbps == 1000
    assert _host(imported, "n1").migration_bandwidth_mbps == 10_000


def test_gzipped_file_is_read(tmp_path: Path) -> None:
    """A path to a gzipped instance works like its bytes."""
    raw = json.dumps(_instance()).encode()
    path = tmp_path / "instance.json.gz"
    path.write_bytes(gzip.compress(raw))
    assert read_btrplace(path).snapshot == read_btrplace(raw).snapshot


@pytest.mark.parametrize(
    ("constraint", "path", "reason"),
    [
        ({"id": "spread", "vms": [0, 99]}, "constraints[0].vms", Reason.UNKNOWN_REFERENCE),
        ({"id": "fence", "vm": 0, "nodes": [99]}, "constraints[0].nodes", Reason.UNKNOWN_REFERENCE),
        ({"id": "preserve", "vm": 0, "rc": "gpu", "amount": 1}, "constraints[0].rc", Reason.UNKNOWN_REFERENCE),
        ({"id": "preserve", "vm": 0, "rc": "mem", "amount": -1}, "constraints[0].amount", Reason.MALFORMED_FILE),
        ({"id": "preserve", "vm": 0, "rc": "mem"}, "constraints[0]", Reason.MALFORMED_FILE),
        ({"id": "spread", "vms": "all"}, "constraints[0].vms", Reason.MALFORMED_FILE),
        ({"id": "split", "parts": [[0], [0]]}, "constraints[0].parts", Reason.MALFORMED_FILE),
        ({"id": "among", "vms": [0], "parts": 3}, "constraints[0].parts", Reason.MALFORMED_FILE),
        ({"id": "overbook", "node": 0, "rc": "mem", "ratio": 0}, "constraints[0].ratio", Reason.MALFORMED_FILE),
        ({"vms": [0]}, "constraints[0]", Reason.MALFORMED_FILE),
    ],
)
def test_bad_constraint_is_refused_with_its_place(constraint: dict[str, Any], path: str, reason: Reason) -> None:
    """A refusal names the field that is wrong."""
    with pytest.raises(ImportRefusedError) as refused:
        _read(constraint)
    assert (refused.value.faults[0].path, refused.value.reason) == (path, reason)


@pytest.mark.parametrize(
    "raw",
    [
        b"{",
        b"[]",
        b"{}",
        b'{"model": {}}',
        b"\x1f\x8bdamaged",
        b"\xff\xfe\x00",
        b'{"model": {"mapping": {"onlineNodes": {"x": {}}}}}',
    ],
)
def test_what_is_no_instance_is_refused(raw: bytes) -> None:
    """Anything that is not an instance gives a refusal, never another error."""
    with pytest.raises(ImportRefusedError) as refused:
        read_btrplace(raw)
    assert refused.value.reason is Reason.MALFORMED_FILE


def test_vm_in_two_places_is_refused() -> None:
    """A VM that is both ready and running contradicts itself."""
    instance = _instance()
    instance["model"]["mapping"]["readyVMs"] = [0]
    with pytest.raises(ImportRefusedError, match="two places"):
        read_btrplace(json.dumps(instance).encode())


def test_model_without_nodes_is_refused() -> None:
    """An empty cluster is named as such."""
    with pytest.raises(ImportRefusedError) as refused:
        _read(mapping={"readyVMs": [], "onlineNodes": {}, "offlineNodes": []})
    assert refused.value.reason is Reason.EMPTY_CLUSTER
