"""Peers are told what the snapshot says: each conversion is read back by other code than wrote it."""

from __future__ import annotations

import json
import os
from collections import Counter
from pathlib import Path

import pytest

from benchmarks.peers.hail import Hail, request
from benchmarks.peers.hbal import Hbal, cluster_text
from benchmarks.peers.pacemaker import Pacemaker, configuration
from benchmarks.peers.peer import DidNotFinishError, Peer, down_hosts, run
from benchmarks.peers.proxlb import ProxlbSolver, scenario
from benchmarks.peers.timefold import Timefold, lines
from benchmarks.subject import SkippedError
from benchmarks.vmha import FAILURES, LOADS, SIZES, Recipe, generate
from benchmarks.vmha.instance import policy_of
from trimtab_server.adapters.importers.ganeti import read_ganeti
from trimtab_solver.snapshot import VmState

SNAPSHOT = generate(Recipe(SIZES[0], LOADS[0], FAILURES[0], 1)).snapshot
"""Plenty of room after the failure of one of ten hosts."""
DISPLACED = {vm.id for vm in SNAPSHOT.vms if vm.state is VmState.DISPLACED}
DOWN = down_hosts(SNAPSHOT)


def test_our_importer_reads_the_dump_for_ganeti_back() -> None:
    """Memory, CPUs in units of half a core, places and the failed node survive the way through the text."""
    imported = read_ganeti(cluster_text(SNAPSHOT).encode()).snapshot
    ours = {vm.id: vm for vm in SNAPSHOT.vms}
    assert {vm.id for vm in imported.vms} == set(ours)
    for vm in imported.vms:
        assert vm.requested["memory_mib"] == ours[vm.id].requested["memory_mib"]
        assert vm.requested["cpu_milli"] == 2 * ours[vm.id].requested["cpu_milli"]
        assert vm.host_id == ours[vm.id].host_id
    capacity = {host.id: host.capacity for host in SNAPSHOT.hosts}
    for host in imported.hosts:
        if host.id not in DOWN:
            assert host.capacity["memory_mib"] == capacity[host.id]["memory_mib"]


def test_the_allocator_is_asked_for_the_displaced_guests_gold_first() -> None:
    """All of them, in the order of their tiers, on nodes of which the failed one is offline."""
    asked = request(SNAPSHOT)
    order = asked["request"]["instances"]
    assert set(order) == DISPLACED
    tier = {vm.id: ("gold", "silver", "bronze").index(vm.tier) for vm in SNAPSHOT.vms}
    assert [tier[vm_id] for vm_id in order] == sorted(tier[vm_id] for vm_id in order)
    assert {name for name, node in asked["nodes"].items() if node["offline"]} == DOWN


def test_the_cib_names_every_rule() -> None:
    """A colocation per pair of a group, a location per requirement, priorities by tier, and who runs where."""
    cib = configuration(SNAPSHOT)
    sizes = Counter(vm.group for vm in SNAPSHOT.vms if vm.group)
    assert len(cib.findall(".//rsc_colocation")) == sum(size * (size - 1) // 2 for size in sizes.values())
    assert len(cib.findall(".//rsc_location")) == sum("needs" in vm.labels for vm in SNAPSHOT.vms)
    priorities = Counter(pair.get("value") for pair in cib.findall(".//primitive//nvpair[@name='priority']"))
    assert priorities == {"1000": 50, "100": 75, "10": 125}
    running = {op.get("id"): state.get("id") for state in cib.iter("node_state") for op in state.iter("lrm_resource")}
    assert running == {vm.id: vm.place for vm in SNAPSHOT.vms if vm.is_running}
    identifiers = [element.get("id") for element in cib.find("configuration").iter() if element.get("id")]  # type: ignore[union-attr]  # it is there
    assert len(identifiers) == len(set(identifiers))


def test_the_scenario_pins_and_separates() -> None:
    """Failed nodes are in maintenance, every requirement is a pin, every group of hosts a rule."""
    made = json.loads(json.dumps(scenario(SNAPSHOT)))
    assert {name for name, node in made["nodes"].items() if node["maintenance"]} == DOWN
    assert {pin["vm"] for pin in made["constraints"]["pin"]} == {vm.id for vm in SNAPSHOT.vms if "needs" in vm.labels}
    apart = {name for rule in made["constraints"]["anti_affinity"] for name in rule["vms"]}
    assert apart == {vm.id for vm in SNAPSHOT.vms if vm.labels.get("apart") == "host"}


def test_the_model_of_timefold_gets_surviving_hosts_and_all_guests() -> None:
    """A line each; displaced guests have no host."""
    fields = [line.split() for line in lines(SNAPSHOT)]
    assert {line[1] for line in fields if line[0] == "host"} == {host.id for host in SNAPSHOT.hosts} - DOWN
    guests = [line for line in fields if line[0] == "guest"]
    assert {line[1] for line in guests} == {vm.id for vm in SNAPSHOT.vms}
    assert {line[1] for line in guests if line[5] == "-"} == DISPLACED
    assert {len(line) for line in guests} == {9}


@pytest.mark.parametrize("peer", [Hbal(), Hail(), Pacemaker(), ProxlbSolver(), Timefold()], ids=lambda peer: peer.name)
def test_a_peer_that_is_installed_restarts_guests_of_the_failed_host(peer: Peer, tmp_path: Path) -> None:
    """With plenty of room nearly everything runs, and nothing on the failed host."""
    try:
        assert peer.version()
    except SkippedError as reason:
        pytest.skip(str(reason))
    answer = peer.solve(SNAPSHOT, policy_of("rigid"), 5.0, tmp_path)
    assert not DOWN & set(answer.place.values())
    assert len(DISPLACED - set(answer.place)) <= 3
    assert set(answer.place) <= {vm.id for vm in SNAPSHOT.vms}


def test_a_program_that_hangs_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Four times the budget, and it did not finish."""
    monkeypatch.setattr("benchmarks.peers.peer.LEAST_S", 0.0)
    with pytest.raises(DidNotFinishError, match="not done after 0 s"):
        run(["sleep", "60"], 0.05, tmp_path)


def test_peers_that_are_packages_are_looked_for_where_the_variable_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The message names the folder and how to fill it."""
    monkeypatch.setitem(os.environ, "TRIMTAB_BENCH_PEERS", str(tmp_path))
    with pytest.raises(SkippedError, match=f"proxlb is not installed in {tmp_path}/proxlb: run `make peers`"):
        ProxlbSolver().version()
