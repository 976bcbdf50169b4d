"""Sample clusters are reproducible, healthy before their failure, and as full as asked."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import replace

import pytest

from trimtab_server.sampling import SampleOptions, generate
from trimtab_solver.errors import Reason, RefusedError
from trimtab_solver.snapshot import FencingState, HostState, PoolKind, Snapshot, VmState
from trimtab_solver.topology import Topology
from trimtab_solver.validation import snapshot_faults

SIZES = [(4, 20, 2), (6, 40, 3), (12, 100, 3), (30, 300, 3), (100, 1000, 1), (200, 2000, 3)]


def _overloaded(snapshot: Snapshot) -> list[str]:
    """Hosts without room, gold counting CPU without overcommit."""
    gold: Counter[tuple[str, str]] = Counter()
    others: Counter[tuple[str, str]] = Counter()
    for vm in snapshot.vms:
        if vm.is_running:
            for resource, amount in vm.requested.items():
                (gold if vm.tier == "gold" else others)[vm.place, resource] += amount
    overloaded = []
    for host in snapshot.hosts:
        for resource in host.capacity:
            percent = host.overcommit_percent.get(resource, 100)
            held = percent * gold[host.id, resource] + 100 * others[host.id, resource]
            if held > percent * (host.capacity[resource] - host.reserved[resource]):
                overloaded.append(f"{host.id} {resource}")
    return overloaded


@pytest.mark.parametrize(("hosts", "vms", "sites"), SIZES)
def test_healthy_cluster_has_room_for_everyone(hosts: int, vms: int, sites: int) -> None:
    """No host is overloaded and every guest runs while nothing has failed."""
    healthy = generate(SampleOptions(hosts, vms, sites=sites)).healthy
    assert len(healthy.hosts) == hosts
    assert len(healthy.vms) == vms
    assert _overloaded(healthy) == []
    assert {vm.state for vm in healthy.vms} == {VmState.RUNNING}


@pytest.mark.parametrize(("hosts", "vms", "sites"), SIZES)
def test_healthy_cluster_keeps_zones_apart(hosts: int, vms: int, sites: int) -> None:
    """Gold zones of an application share no site, silver zones share no host."""
    healthy = generate(SampleOptions(hosts, vms, sites=sites)).healthy
    topology = Topology(healthy)
    zones: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    for vm in healthy.vms:
        if vm.tier in ("gold", "silver"):
            place = topology.domain(vm.host_id, "site") if vm.tier == "gold" else vm.host_id
            zones[vm.labels["app"], place].add(vm.labels["zone"])
    assert all(len(held) == 1 for held in zones.values())


@pytest.mark.parametrize(("hosts", "vms", "sites"), SIZES)
def test_healthy_guests_run_on_suitable_hosts(hosts: int, vms: int, sites: int) -> None:
    """Storage is reached and as promised, devices are there, gold is on redundant hardware, licences are kept."""
    healthy = generate(SampleOptions(hosts, vms, sites=sites)).healthy
    by_id = {host.id: host for host in healthy.hosts}
    assert _below_their_tier(healthy) == set()
    for vm in healthy.vms:
        host = by_id[vm.host_id]
        assert vm.storage_pool_id in host.storage_pool_ids
        assert set(vm.device_needs) <= set(host.capabilities)
        if vm.tier == "gold":
            assert host.labels["power_feeds"] == "2"
            assert {"redundant-power", "redundant-network"} <= set(host.capabilities)
        if "license" in vm.labels:
            assert host.labels["license"] == vm.labels["license"]


def _below_their_tier(snapshot: Snapshot) -> set[str]:
    """Guests whose storage is less than Gold and Silver are promised."""
    pools = {pool.id: pool for pool in snapshot.storage_pools}
    below = set()
    for vm in snapshot.vms:
        pool = pools[vm.storage_pool_id]
        promised = {"gold": ("1", "10"), "silver": ("1", "5", "6", "10")}.get(vm.tier)
        mirrored = pool.kind is PoolKind.MIRRORED or vm.tier != "gold"
        if promised and not (mirrored and pool.labels["raid"] in promised and pool.labels["snapshots"] == "yes"):
            below.add(vm.id)
    return below


def test_pools_are_of_several_classes() -> None:
    """Mirrored, shared and local pools, each with a RAID level and with or without snapshots, and none is idle."""
    snapshot = generate(SampleOptions(100, 1000)).snapshot
    used = Counter(vm.storage_pool_id for vm in snapshot.vms)
    assert all(used[pool.id] for pool in snapshot.storage_pools)
    classes: Counter[tuple[PoolKind, str, str]] = Counter()
    for pool in snapshot.storage_pools:
        classes[pool.kind, pool.labels["raid"], pool.labels["snapshots"]] += used[pool.id]
    assert set(classes) >= {
        (PoolKind.MIRRORED, "10", "yes"),
        (PoolKind.MIRRORED, "6", "yes"),
        (PoolKind.SHARED, "6", "yes"),
        (PoolKind.SHARED, "5", "no"),
    }
    assert {kind for kind, _, _ in classes} == set(PoolKind)
    assert min(amount for (kind, _, _), amount in classes.items() if kind is not PoolKind.LOCAL) > 50


def test_disks_are_misplaced_when_asked() -> None:
    """The asked share of Gold and Silver is on storage below its tier; nothing else about the cluster changes."""
    right = generate(SampleOptions(100, 1000, seed=5)).snapshot
    wrong = generate(SampleOptions(100, 1000, seed=5, misplaced=0.2)).snapshot
    below = _below_their_tier(wrong)
    assert {vm.tier for vm in wrong.vms if vm.id in below} == {"gold", "silver"}
    assert len(below) == pytest.approx(0.2 * 500, rel=0.3)
    assert snapshot_faults(wrong) == []
    by_id = {host.id: host for host in wrong.hosts}
    for before, after in zip(right.vms, wrong.vms, strict=True):
        assert replace(after, storage_pool_id=before.storage_pool_id) == before
        assert after.id in below or after == before
        assert after.storage_pool_id in by_id[after.host_id].storage_pool_ids


def test_tiers_have_their_shares() -> None:
    """One guest in five is gold, three in ten are silver, half are bronze."""
    tiers = Counter(vm.tier for vm in generate(SampleOptions(100, 1000)).snapshot.vms)
    assert abs(tiers["gold"] - 200) <= 6
    assert abs(tiers["silver"] - 300) <= 6
    assert abs(tiers["bronze"] - 500) <= 6


def test_same_seed_gives_the_same_cluster() -> None:
    """A seed always means one cluster, another seed another."""
    options = SampleOptions(20, 150, fail=("rack:r01",), seed=7)
    assert generate(options).snapshot == generate(options).snapshot
    assert generate(SampleOptions(20, 150, seed=8)).healthy != generate(SampleOptions(20, 150, seed=7)).healthy


def test_known_seed_is_pinned() -> None:
    """The stream of draws does not change between platforms, Python versions or edits that should not matter."""
    snapshot = generate(SampleOptions(12, 60, seed=3)).snapshot
    assert [(vm.id, vm.host_id) for vm in snapshot.vms[:4]] == [
        ("pay-a1", "h0012"),
        ("pay-b1", "h0003"),
        ("shop-a1", "h0008"),
        ("shop-b1", "h0006"),
    ]


def test_names_are_predictable() -> None:
    """Sites, racks, hosts and guests are numbered so that commands can name them unseen."""
    snapshot = generate(SampleOptions(100, 200)).snapshot
    domains = [domain.id for domain in snapshot.domains]
    assert {"s1", "s2", "s3", "s1-room1", "r01", "r09", "s1-f1"} <= set(domains)
    assert (snapshot.hosts[0].id, snapshot.hosts[-1].id) == ("h0001", "h0100")
    assert snapshot.vms[0].id == "pay-a1"
    assert len({vm.id for vm in snapshot.vms}) == 200


def test_failed_rack_takes_its_guests_down() -> None:
    """Hosts of a failed rack are down and unfenced, their guests displaced, all else as before."""
    sample = generate(SampleOptions(100, 1000, fail=("rack:r04",)))
    topology = Topology(sample.snapshot)
    failed = {host.id for host in sample.snapshot.hosts if topology.domain(host.id, "rack") == "r04"}
    assert failed
    for host in sample.snapshot.hosts:
        if host.id in failed:
            assert (host.state, host.fencing) == (HostState.DOWN, FencingState.UNFENCED)
        else:
            assert host.state is HostState.UP
    for before, after in zip(sample.healthy.vms, sample.snapshot.vms, strict=True):
        assert after.state is (VmState.DISPLACED if before.host_id in failed else VmState.RUNNING)
        assert after.host_id == before.host_id


@pytest.mark.parametrize("failure", ["host:h0002", "rack:r02", "room:s2-room1", "site:s1", "feed:s1-f2"])
def test_every_kind_of_failure_can_be_asked_for(failure: str) -> None:
    """Host, rack, site and power feed can fail."""
    states = Counter(host.state for host in generate(SampleOptions(100, 400, fail=(failure,))).snapshot.hosts)
    assert states[HostState.DOWN] >= 1


def test_load_is_measured_on_what_survives() -> None:
    """With a site gone the remaining capacity is what the load refers to."""
    sample = generate(SampleOptions(120, 1200, load=1.1, fail=("site:s2",)))
    wanted = sum(vm.requested["memory_mib"] for vm in sample.snapshot.vms)
    left = sum(
        host.capacity["memory_mib"] - host.reserved["memory_mib"]
        for host in sample.snapshot.hosts
        if host.state is HostState.UP
    )
    assert sample.load == pytest.approx(wanted / left)
    assert sample.load == pytest.approx(1.1, abs=0.02)


def test_rigid_guests_are_guaranteed_what_they_request() -> None:
    """Without resizing every guest's guaranteed amount is its request."""
    snapshot = generate(SampleOptions(10, 60, resizable=False)).snapshot
    assert all(vm.guaranteed == vm.requested for vm in snapshot.vms)


def test_spares_are_off_and_empty() -> None:
    """Cold spares stand by and run nothing."""
    snapshot = generate(SampleOptions(20, 100, spares=2)).snapshot
    spares = {host.id for host in snapshot.hosts if host.state is HostState.STANDBY}
    assert spares == {"h0019", "h0020"}
    assert not spares & {vm.host_id for vm in snapshot.vms}


def test_every_bad_option_is_named() -> None:
    """A refusal lists all options that are out of range, with a fix."""
    with pytest.raises(RefusedError) as refused:
        generate(SampleOptions(hosts=1, vms=-1, load=9, sites=3, misplaced=1.5))
    assert [fault.path for fault in refused.value.faults] == [
        "sample.hosts",
        "sample.vms",
        "sample.load",
        "sample.misplaced",
    ]
    assert all(fault.fix for fault in refused.value.faults)


@pytest.mark.parametrize(
    ("failure", "reason"),
    [
        ("rack:r99", Reason.UNKNOWN_REFERENCE),
        ("host:", Reason.UNKNOWN_REFERENCE),
        ("floor:1", Reason.INVALID_REQUEST),
        ("r01", Reason.INVALID_REQUEST),
    ],
)
def test_unknown_failure_is_refused(failure: str, reason: Reason) -> None:
    """A failure of something that does not exist is refused with what does."""
    with pytest.raises(RefusedError) as refused:
        generate(SampleOptions(12, 60, fail=(failure,)))
    assert refused.value.reason is reason
    assert refused.value.faults[0].fix


def test_a_cluster_that_fails_whole_is_refused() -> None:
    """Somewhere must be left to run."""
    with pytest.raises(RefusedError, match="no host would survive"):
        generate(SampleOptions(4, 10, sites=2, fail=("site:s1", "site:s2")))
