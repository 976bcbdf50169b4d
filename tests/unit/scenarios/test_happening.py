"""What steps of a scenario do to a cluster, by hand."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.cluster import policy, snapshot, vm
from trimtab_solver.actions import Plan
from trimtab_solver.authoring.scenario_files import read_scenarios
from trimtab_solver.errors import PolicyRefusedError, SnapshotRefusedError
from trimtab_solver.failures import event_of
from trimtab_solver.options import PlanOptions
from trimtab_solver.planner import plan_prepared
from trimtab_solver.prepared import Prepared, prepare
from trimtab_solver.scenarios.course import happen, states
from trimtab_solver.scenarios.scenario import Scenario
from trimtab_solver.snapshot import HostState, Snapshot, StoragePool, VmState
from trimtab_solver.verify.replay import verify_plan

PLANNED = PlanOptions(budget_s=10.0, reproducible=True)


def cluster(**changes: Any) -> Snapshot:
    """Two guests of an application on h1, a silver one on h2 with its disk in a pool that all hosts reach."""
    pools = {n: {"storage_pool_ids": ("p", "q")} for n in range(1, 5)}
    guests = [vm("a", "h1", group="app"), vm("b", "h1", group="app"), vm("c", "h2", "silver", storage_pool_id="p")]
    state = snapshot(guests, pools)
    fields = {"hosts": state.hosts, "vms": state.vms, "domains": state.domains, "taken_at": 1_000}
    return Snapshot(**{**fields, "storage_pools": (StoragePool("p"), StoragePool("q")), **changes})


def after(scenario: str, start: Snapshot | None = None) -> Snapshot:
    """The cluster after the scenario in YAML, no plan carried out."""
    return happen(start or cluster(), policy(), read(scenario))


def read(text: str) -> Scenario:
    """The one scenario that stands in braces."""
    (scenario,) = read_scenarios("s.yaml", f"scenarios:\n  - {{name: s, {text}}}\n".encode())
    return scenario


def _nothing(_state: Prepared) -> Plan:
    pytest.fail("nothing is to be carried out")


def place(state: Snapshot) -> dict[str, str]:
    """Where each guest that runs does so."""
    return {guest.id: guest.place for guest in state.vms if guest.is_running}


def test_a_pool_that_fails_takes_down_what_needs_it() -> None:
    """No host reaches it, its guest waits, and that is one failure more."""
    state = after("fail: ['pool:p', 'rack:r1']")
    assert place(state) == {}
    assert [guest.state for guest in state.vms] == [VmState.DISPLACED, VmState.DISPLACED, VmState.PENDING]
    assert {host.storage_pool_ids for host in state.hosts} == {("q",)}
    assert event_of(state).hardware_failures == 2


def test_what_recovers_is_as_it_was_at_the_start() -> None:
    """Hosts are up with all that they offered, pools are reached again, and nothing is counted any more."""
    state = after(
        "fail: ['pool:p', 'host:h1'], degrade: [{parts: ['host:h3'], capacity: {memory_mib: 50}}], "
        "steps: [{recover: ['pool:p', 'host:h1', 'host:h3'], carryOut: false}]"
    )
    start = cluster()
    assert [(host.state, host.capacity, host.storage_pool_ids) for host in state.hosts] == [
        (HostState.UP, host.capacity, host.storage_pool_ids) for host in start.hosts
    ]
    assert event_of(state).hardware_failures == 0
    assert {guest.state for guest in state.vms} == {VmState.PENDING}


def test_a_share_of_a_capacity_is_of_what_it_was_at_the_start() -> None:
    """Half of it twice is half of it."""
    half = "degrade: [{parts: ['site:west'], capacity: {memory_mib: 50}}]"
    state = after(f"{half}, steps: [{{{half}, carryOut: false}}]")
    assert [host.capacity["memory_mib"] for host in state.hosts] == [40, 40, 20, 20]


def test_failures_that_the_monitor_knows_of_are_not_forgotten() -> None:
    """What fails comes on top of them, unless the scenario says how many there are."""
    known = cluster(hardware_failures=3)
    assert after("fail: ['host:h1']", known).hardware_failures == 4
    assert after("fail: ['host:h1'], hardwareFailures: 2", known).hardware_failures == 2
    assert after("fail: ['host:h1']").hardware_failures is None


def test_what_is_removed_is_gone() -> None:
    """A host with its guests' places, a pool with every path to it."""
    state = after("remove: ['host:h1', 'pool:p']")
    assert [host.id for host in state.hosts] == ["h2", "h3", "h4"]
    assert {guest.state for guest in state.vms} == {VmState.PENDING}
    assert not {pool for host in state.hosts for pool in host.storage_pool_ids} - {"q"}


def test_hosts_guests_and_applications_are_added() -> None:
    """Hosts up and empty, where they are said to be; guests waiting, of the tier that is said; groups as a whole."""
    state = after(
        "addHosts: [{like: h1, number: 2, domains: [r4]}], addGuests: [{like: c, tier: gold}, {group: app, number: 2}]"
    )
    assert [(host.id, host.domain_ids) for host in state.hosts[4:]] == [("h1-2", ("r4",)), ("h1-3", ("r4",))]
    assert [(guest.id, guest.tier, guest.group, guest.state) for guest in state.vms[3:]] == [
        ("c-2", "gold", "", VmState.PENDING),
        ("a-2", "bronze", "app-2", VmState.PENDING),
        ("b-2", "bronze", "app-2", VmState.PENDING),
        ("a-3", "bronze", "app-3", VmState.PENDING),
        ("b-3", "bronze", "app-3", VmState.PENDING),
    ]


def test_demand_is_scaled_where_it_is_selected() -> None:
    """A running guest holds what it held; less than that where it requests less."""
    state = after("scale: [{select: {cel: \"vm.tier == 'silver'\"}, percent: {memory_mib: 125}}]")
    assert [dict(guest.requested) for guest in state.vms] == [{"memory_mib": 10}] * 2 + [{"memory_mib": 13}]
    assert dict(state.vms[2].allocated) == {"memory_mib": 10}
    less = after("scale: [{select: {ids: [a]}, percent: {memory_mib: 55}}]")
    assert dict(less.vms[0].allocated) == dict(less.vms[0].requested) == {"memory_mib": 6}


def test_time_passes() -> None:
    """By the durations of all steps."""
    assert after("after: 2h, steps: [{after: 30m, carryOut: false}]").taken_at == 1_000 + 9_000


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("fail: ['host:h9']", 'fail[0]: the cluster has no part "host:h9"'),
        (
            "steps: [{fail: ['host:h1']}, {recover: ['pool:x']}]",
            'steps[1].recover[0]: the cluster has no part "pool:x"',
        ),
        ("drain: ['pool:p']", 'drain[0]: "pool:p" is a storage pool, which cannot be drained or degraded'),
        ("addHosts: [{like: h7}]", 'add_hosts[0].like: the cluster has no host "h7"'),
        ("addHosts: [{like: h1, domains: [r9]}]", 'add_hosts[0].domains[0]: the cluster has no failure domain "r9"'),
        ("addGuests: [{group: none}]", 'add_guests[0].group: the cluster has no application group "none"'),
        ("scale: [{select: {ids: [z]}, percent: {memory_mib: 50}}]", "scale[0].select: selects no guest"),
    ],
)
def test_what_the_cluster_does_not_have_is_named(text: str, message: str) -> None:
    """With the path of the field within the scenario."""
    with pytest.raises(SnapshotRefusedError) as refused:
        after(text)
    assert str(refused.value).startswith(message)


def test_a_time_that_is_not_known_cannot_pass() -> None:
    """The monitor has to tell it."""
    with pytest.raises(
        SnapshotRefusedError, match=r"^after: happens 2h later, and the snapshot does not tell its time"
    ):
        after("after: 2h", cluster(taken_at=0))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("after: soon", '"soon" is no duration (write 90s, 15m, 2h or 3d)'),
        ("addGuests: [{number: 2}]", "addGuests needs either like (a guest) or group (an application group)"),
        ("degrade: [{parts: ['host:h1'], capacity: {memory_mib: 120}}]", "120"),
    ],
)
def test_scenarios_are_read_strictly(text: str, message: str) -> None:
    """What cannot be is refused before anything happens."""
    with pytest.raises(PolicyRefusedError) as refused:
        read(text)
    assert message in str(refused.value)


def test_between_steps_the_plan_is_carried_out() -> None:
    """A host fails, its guests are restarted elsewhere; it comes back, another fails, and the plan is valid again."""
    scenario = read("fail: ['host:h1'], steps: [{recover: ['host:h1']}, {fail: ['host:h2']}]")
    answers = []

    def plan(state: Prepared) -> Plan:
        answers.append(plan_prepared(state, PLANNED))
        return answers[-1].plan

    course = list(states(prepare(cluster(), policy()), scenario, plan))
    first, second, third = course
    assert [guest.state for guest in first.source.vms[:2]] == [VmState.DISPLACED] * 2
    assert set(place(second.source)) == {"a", "b", "c"}
    assert second.source.hosts[0].state is HostState.UP
    assert third.event.hardware_failures == 1
    plan(third)
    for state, answer in zip(course, answers, strict=True):
        assert verify_plan(state.snapshot, state.policy, answer.plan).is_valid


def test_without_carrying_out_failures_add_up() -> None:
    """Both hosts are down at once, as if they had failed in one step."""
    apart = read("fail: ['host:h1'], steps: [{fail: ['host:h2'], carryOut: false}]")
    (*_, last) = states(prepare(cluster(), policy()), apart, _nothing)
    assert last.source == after("fail: ['host:h1', 'host:h2']")


def test_a_step_may_change_the_policy() -> None:
    """From then on the cluster is under it; one that was not given is named."""
    scenario, other = read("steps: [{policy: strict, carryOut: false}, {fail: ['host:h1'], carryOut: false}]"), policy()
    course = list(
        states(prepare(cluster(), policy()), scenario, lambda _: pytest.fail("no plan"), "", {"strict": other})
    )
    assert [state.policy is other for state in course] == [True, True]
    with pytest.raises(
        SnapshotRefusedError, match=r'^steps\[0\]\.policy: names the policy "strict", which was not given'
    ):
        list(states(prepare(cluster(), policy()), scenario, lambda _: pytest.fail("no plan")))
