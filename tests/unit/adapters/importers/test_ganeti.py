"""Dumps of Ganeti's htools: what becomes of nodes, instances, groups and tags."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from trimtab_server.adapters.importers.ganeti import read_ganeti
from trimtab_server.adapters.importers.imported import Imported, ImportRefusedError
from trimtab_solver.authoring.loader import parse_policy
from trimtab_solver.errors import Reason
from trimtab_solver.snapshot import FencingState, Host, HostState, Migratability, PoolKind, Vm, VmState
from trimtab_solver.topology import Topology
from trimtab_solver.validation import check_snapshot

GROUP = "main|u1|preferred|"
POLICY = "main|128,1,1,1,1,1|128,1,1,1,1,1;9,9,9,9,9,9|plain,drbd|2.0|32.0"
NODES = (
    "a|8000|500|6500|90000|80000|8|M|u1|1",
    "b|8000|500|7500|90000|80000|8|N|u1|1",
    "c|8000|500|7500|90000|80000|8|N|u1|1",
)


def _instance(name: str = "web", *, status: str = "running", where: str = "a|b|drbd", tags: str = "") -> str:
    return f"{name}|1000|5000|2|{status}|Y|{where}|{tags}|1"


def _read(
    *instances: str,
    nodes: tuple[str, ...] = NODES,
    groups: tuple[str, ...] = (GROUP,),
    tags: tuple[str, ...] = (),
    policies: tuple[str, ...] = (POLICY,),
) -> Imported:
    sections = (groups, nodes, instances, tags, policies)
    imported = read_ganeti("\n".join("".join(f"{line}\n" for line in section) for section in sections))
    check_snapshot(imported.snapshot)
    parse_policy(dict(imported.policy_documents))
    return imported


def _vm(imported: Imported, name: str = "web") -> Vm:
    return next(vm for vm in imported.snapshot.vms if vm.id == name)


def _host(imported: Imported, name: str = "a") -> Host:
    return next(host for host in imported.snapshot.hosts if host.id == name)


def _specs(imported: Imported, kind: str) -> list[dict[str, Any]]:
    documents = [doc for raw in imported.policy_documents.values() for doc in yaml.safe_load_all(raw)]
    return [document["spec"] for document in documents if document["kind"] == kind]


def _noted(imported: Imported, words: str) -> bool:
    return any(words in note for note in imported.notes)


def test_running_instance_becomes_a_guest_on_its_primary() -> None:
    """Size, place and home are taken over; memory is in MiB, a vcpu is a thousand milli."""
    vm = _vm(_read(_instance()))
    assert (vm.state, vm.host_id, vm.home_host_id) == (VmState.RUNNING, "a", "a")
    assert vm.requested == {"cpu_milli": 2000, "memory_mib": 1000}


def test_node_memory_is_reserved() -> None:
    """What the node uses itself is not promised to guests."""
    host = _host(_read(_instance()))
    assert (host.capacity["memory_mib"], host.reserved["memory_mib"]) == (8000, 500)


def test_memory_that_nothing_accounts_for_is_reserved_too() -> None:
    """Where less is free than there should be, the difference cannot be promised."""
    imported = _read(nodes=("a|8000|500|7000|9|9|8|N|u1|1",))
    assert _host(imported).reserved["memory_mib"] == 1000
    assert _noted(imported, "node a: 500 MiB")


def test_more_free_memory_than_expected_changes_nothing_but_is_noted() -> None:
    """The sizes of the instances decide."""
    imported = _read(_instance(), nodes=("a|8000|500|7500|9|9|8|N|u1|1", NODES[1]))
    assert _host(imported).reserved["memory_mib"] == 500
    assert _noted(imported, "more memory is free")


def test_vcpu_ratio_is_the_overcommit_and_the_nodes_own_cpus_count_as_virtual() -> None:
    """With eight CPUs, ratio two and one CPU for the node fifteen virtual ones are left."""
    host = _host(_read())
    room = host.overcommit_percent["cpu_milli"] * (host.capacity["cpu_milli"] - host.reserved["cpu_milli"]) // 100
    assert room == 15_000


def test_without_policy_the_default_ratio_counts() -> None:
    """Four virtual CPUs per physical one, as in Ganeti, with a note."""
    imported = _read(policies=())
    assert _host(imported).overcommit_percent == {"cpu_milli": 400}
    assert _noted(imported, "4.0")


def test_cluster_policy_counts_for_groups_without_their_own() -> None:
    """The policy without owner is the cluster's."""
    imported = _read(policies=(POLICY.replace("main|", "|", 1).replace("2.0", "1.0"),))
    assert _host(imported).overcommit_percent == {"cpu_milli": 100}


def test_drbd_guest_may_run_on_its_two_nodes() -> None:
    """Only primary and secondary reach its disks."""
    imported = _read(_instance())
    pool = _vm(imported).storage_pool_id
    assert [host.id for host in imported.snapshot.hosts if pool in host.storage_pool_ids] == ["a", "b"]
    assert _vm(imported).migratability is Migratability.LIVE
    assert imported.snapshot.storage_pools[0].kind is PoolKind.MIRRORED


@pytest.mark.parametrize("template", ["plain", "file"])
def test_local_disks_pin_a_guest_to_its_node(template: str) -> None:
    """Nobody else reaches the disk, and the guest never migrates."""
    imported = _read(_instance(where=f"a||{template}"))
    pool = _vm(imported).storage_pool_id
    assert [host.id for host in imported.snapshot.hosts if pool in host.storage_pool_ids] == ["a"]
    assert _vm(imported).migratability is Migratability.NONE


@pytest.mark.parametrize("template", ["ext", "rbd", "sharedfile", "gluster", "blockdev"])
def test_shared_disks_are_reached_by_the_group(template: str) -> None:
    """Every node of the group may run the guest, nodes of other groups may not."""
    other = "d|8000|0|8000|9|9|8|N|u2|1"
    imported = _read(_instance(where=f"a||{template}"), nodes=(*NODES, other), groups=(GROUP, "far|u2|last_resort|"))
    pool = _vm(imported).storage_pool_id
    assert [host.id for host in imported.snapshot.hosts if pool in host.storage_pool_ids] == ["a", "b", "c"]


def test_guests_stay_in_their_node_group() -> None:
    """With several groups there is a pin per populated group."""
    other = "d|8000|0|8000|9|9|8|N|u2|1"
    imported = _read(_instance(where="a||diskless"), nodes=(*NODES, other), groups=(GROUP, "far|u2|unallocable|"))
    match = {"matchLabels": {"nodegroup": "main"}}
    assert _specs(imported, "Pin") == [{"select": match, "hosts": match}]
    assert _vm(imported).labels["nodegroup"] == _host(imported).labels["nodegroup"] == "main"
    assert _noted(imported, "unallocable")


def test_guest_mirrored_across_groups_may_run_in_both() -> None:
    """Its two nodes decide, not its group."""
    other = "d|8000|0|8000|9|9|8|N|u2|1"
    imported = _read(_instance(where="a|d|drbd"), nodes=(*NODES, other), groups=(GROUP, "far|u2|preferred|"))
    assert "nodegroup" not in _vm(imported).labels
    assert _noted(imported, "split over two node groups")


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("running", VmState.RUNNING),
        ("ERROR_up", VmState.RUNNING),
        ("ERROR_wrongnode", VmState.RUNNING),
        ("ADMIN_down", VmState.STOPPED),
        ("ADMIN_offline", VmState.STOPPED),
        ("USER_down", VmState.STOPPED),
        ("ERROR_down", VmState.PENDING),
        ("ERROR_nodedown", VmState.PENDING),
    ],
)
def test_every_status_has_a_meaning(status: str, state: VmState) -> None:
    """What runs runs, what is down on purpose is stopped, what failed is wanted."""
    imported = _read(_instance(status=status))
    assert _vm(imported).state is state
    assert status in ("running", "ADMIN_down", "ADMIN_offline", "USER_down") or _noted(imported, status)


def test_offline_node_is_down_and_its_guests_are_displaced() -> None:
    """An offline node must be fenced before its guests start elsewhere."""
    imported = _read(
        _instance(),
        _instance("off", status="ADMIN_down"),
        _instance("bad", status="ERROR_nodeoffline"),
        nodes=(NODES[0].replace("|M|", "|Y|"), *NODES[1:]),
    )
    assert (_host(imported).state, _host(imported).fencing) == (HostState.DOWN, FencingState.UNFENCED)
    assert [_vm(imported, name).state for name in ("web", "off", "bad")] == [
        VmState.DISPLACED,
        VmState.STOPPED,
        VmState.DISPLACED,
    ]


def test_offline_node_with_standby_tag_is_a_cold_spare() -> None:
    """The tool hsqueeze switches such nodes on again; so may a plan, if nothing is on them."""
    spare = "s|8000|0|8000|9|9|8|Y|u1|1|htools:standby:auto"
    assert _host(_read(nodes=(*NODES, spare)), "s").state is HostState.STANDBY
    assert _host(_read(_instance(where="s|a|drbd"), nodes=(*NODES, spare)), "s").state is HostState.DOWN


def test_node_that_could_not_be_asked_is_down() -> None:
    """Question marks instead of amounts mean that the node did not answer."""
    imported = _read(_instance(), nodes=("a|?|?|?|?|?|?|N|u1|1", *NODES[1:]))
    assert _host(imported).state is HostState.DOWN
    assert _vm(imported).state is VmState.DISPLACED


def test_forthcoming_instance_is_not_started() -> None:
    """It does not exist yet."""
    imported = _read(f"{_instance()}|-|Y")
    assert _vm(imported).state is VmState.STOPPED
    assert _noted(imported, "forthcoming")


def test_exclusion_tags_keep_guests_on_different_hosts() -> None:
    """Only tags with a listed prefix count; a guest with two tags needs a second layer."""
    imported = _read(
        _instance("d1", tags="svc:dns,svc:web"),
        _instance("d2", tags="svc:dns,foo"),
        _instance("w1", tags="svc:web,foo"),
        _instance("alone", tags="svc:one"),
        tags=("htools:iextags:svc",),
    )
    specs = _specs(imported, "Spread")
    assert [spec["groupBy"] for spec in specs] == ["vm.labels.exclusion_1", "vm.labels.exclusion_2"]
    assert _vm(imported, "d1").labels["exclusion_1"] == _vm(imported, "d2").labels["exclusion_1"] == "svc:dns"
    assert _vm(imported, "d1").labels["exclusion_2"] == _vm(imported, "w1").labels["exclusion_2"] == "svc:web"
    assert not any(key.startswith("exclusion") for key in _vm(imported, "alone").labels)


def test_location_tags_are_failure_domains_over_which_exclusion_is_a_wish() -> None:
    """Nodes with one location tag lie in one domain; guests of a service should not share it."""
    nodes = tuple(f"{node}|power:{feed}" for node, feed in zip(NODES, "xxy", strict=True))
    imported = _read(
        _instance("d1", tags="svc:dns"),
        _instance("d2", where="c|b|drbd", tags="svc:dns"),
        nodes=nodes,
        tags=("htools:iextags:svc", "htools:nlocation:power"),
    )
    topology = Topology(imported.snapshot)
    assert topology.domain("a", "location_power") == topology.domain("b", "location_power") == "power:x"
    assert topology.domain("c", "location_power") == "power:y"
    levels = {spec["topology"]: spec.get("level", "must") for spec in _specs(imported, "Spread")}
    assert levels == {"host": "must", "location_power": "should"}


def test_desired_locations_are_wishes() -> None:
    """A guest should be at the location it names; one that no node offers is noted."""
    imported = _read(
        _instance(tags="power:y,power:z"),
        nodes=(f"{NODES[0]}|power:x", f"{NODES[1]}|power:y"),
        tags=("htools:nlocation:power", "htools:desiredlocation:power"),
    )
    specs = _specs(imported, "HostRequirement")
    assert [spec["level"] for spec in specs] == ["should", "should"]
    assert specs[0]["require"] == "has(host.labels.at_power__y)"
    assert _host(imported, "b").labels["at_power__y"] == "yes"
    assert _noted(imported, "power:z")


def test_migration_tags_restrict_where_a_running_guest_may_go() -> None:
    """From a tagged node only nodes with the tag, or one that is allowed for it, take the guest."""
    nodes = (f"{NODES[0]}|hv:old", f"{NODES[1]}|hv:new", f"{NODES[2]}|other")
    tags = ("htools:migration:hv", "htools:allowmigration:hv:old::hv:new")
    imported = _read(_instance(), _instance("back", where="b|c|drbd"), nodes=nodes, tags=tags)
    assert [spec["hosts"]["ids"] for spec in _specs(imported, "Pin")] == [["a", "b"], ["b"]]
    assert (_vm(imported).labels["migration"], _vm(imported, "back").labels["migration"]) == ("m1", "m2")


def test_migration_tags_do_not_bind_displaced_guests() -> None:
    """A guest that is started anew is not migrated."""
    nodes = (f"{NODES[0].replace('|M|', '|Y|')}|hv:old", *NODES[1:])
    assert _specs(_read(_instance(), nodes=nodes, tags=("htools:migration:hv",)), "Pin") == []


def test_instances_of_one_name_are_numbered() -> None:
    """Positions tell them apart for htools; ids must differ."""
    imported = _read(_instance(), _instance())
    assert [vm.id for vm in imported.snapshot.vms] == ["web", "web~2"]
    assert _noted(imported, "same name")


def test_policy_that_stands_among_the_tags_is_noted() -> None:
    """Without the blank line of an empty tag section htools ignores the policy, and so do we, aloud."""
    imported = _read(tags=(POLICY,), policies=())
    assert _noted(imported, "blank line")


def test_file_with_windows_line_ends_is_read(tmp_path: Path) -> None:
    """Carriage returns make no difference."""
    text = "\n".join((GROUP, "", *NODES, "", _instance(), "", ""))
    path = tmp_path / "cluster.data"
    path.write_bytes(text.replace("\n", "\r\n").encode())
    assert read_ganeti(path).snapshot == read_ganeti(text).snapshot


@pytest.mark.parametrize(
    ("line", "wrong", "reason"),
    [
        (_instance(where="nowhere|b|drbd"), "nowhere", Reason.UNKNOWN_REFERENCE),
        (_instance(where="a|nowhere|drbd"), "nowhere", Reason.UNKNOWN_REFERENCE),
        (_instance(where="|b|drbd"), 'unknown node ""', Reason.UNKNOWN_REFERENCE),
        (_instance(where="a|a|drbd"), "primary and secondary", Reason.MALFORMED_FILE),
        (_instance(where="a|b|floppy"), "floppy", Reason.MALFORMED_FILE),
        (_instance(status="asleep"), "asleep", Reason.MALFORMED_FILE),
        (_instance().replace("|Y|", "|?|"), "auto-balance", Reason.MALFORMED_FILE),
        (_instance().replace("1000", "-1"), "-1", Reason.MALFORMED_FILE),
        (_instance().replace("1000", "0").replace("|2|", "|0|"), "neither", Reason.MALFORMED_FILE),
        ("web|1000", "2 fields", Reason.MALFORMED_FILE),
        (_instance(""), "no name", Reason.MALFORMED_FILE),
    ],
)
def test_bad_instance_is_refused_with_its_line(line: str, wrong: str, reason: Reason) -> None:
    """The fault names file and line, the value and a fix."""
    with pytest.raises(ImportRefusedError) as refused:
        _read(_instance("good"), line)
    (fault,) = refused.value.faults
    assert (fault.path, fault.reason) == ("dump:8", reason)
    assert wrong in fault.message
    assert fault.fix


@pytest.mark.parametrize(
    ("line", "wrong"),
    [
        ("d|many|0|0|0|0|1|N|u1|1", "many"),
        ("d|1|0|0|0|0|1|X|u1|1", '"X"'),
        ("d|1|0|0|0|0|1|N|u9|1", "u9"),
        ("d|1|0", "3 fields"),
        (NODES[0], "line 3"),
    ],
)
def test_bad_node_is_refused_with_its_line(line: str, wrong: str) -> None:
    """Instances are not even looked at, so that one mistake gives one fault."""
    with pytest.raises(ImportRefusedError) as refused:
        _read(_instance(where="d||plain"), nodes=(*NODES, line))
    (fault,) = refused.value.faults
    assert fault.path == "dump:6"
    assert wrong in fault.message


@pytest.mark.parametrize(("ratio", "wrong"), [("many", "not a number"), ("0", "0.0"), ("nan", "nan")])
def test_bad_ratio_is_refused(ratio: str, wrong: str) -> None:
    """An overcommit ratio must be a sensible number."""
    with pytest.raises(ImportRefusedError, match=wrong):
        _read(policies=(POLICY.replace("2.0", ratio),))


def test_unknown_allocation_policy_is_refused() -> None:
    """Groups have one of three policies."""
    with pytest.raises(ImportRefusedError, match="sometimes"):
        _read(groups=("main|u1|sometimes|",))


def test_cluster_without_nodes_is_refused_as_empty() -> None:
    """There is nothing to plan."""
    with pytest.raises(ImportRefusedError) as refused:
        _read(nodes=())
    assert refused.value.reason is Reason.EMPTY_CLUSTER


@pytest.mark.parametrize("text", ["", "hello", "a\n\nb\n\nc", b"\xff\xfe\x00"])
def test_what_is_no_dump_is_refused(text: str | bytes) -> None:
    """Anything else gives a refusal, never another error."""
    with pytest.raises(ImportRefusedError) as refused:
        read_ganeti(text)
    assert refused.value.reason is Reason.MALFORMED_FILE
