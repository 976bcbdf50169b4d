"""A hand-made plan is accepted; every way to spoil it is rejected for the right reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from tests.support.cluster import DOWN, policy, snapshot, vm
from tests.support.timing import timed
from trimtab_solver.actions import Action, ActionKind, Plan, Undo
from trimtab_solver.policy.documents import Policy, RuleSpec, Selector
from trimtab_solver.rules.pin import Pin
from trimtab_solver.rules.separate import Separate
from trimtab_solver.rules.spread import Spread
from trimtab_solver.rules.together import Together
from trimtab_solver.snapshot import FencingState, HostState, Migratability, Snapshot, VmState
from trimtab_solver.verify import Code, Verdict, verify_plan

K = ActionKind
EVERYTHING = Selector(cel="true")
TEN = {"memory_mib": 10}


def act(
    kind: ActionKind, vm_id: str, host_id: str, target: str = "", *, after: Sequence[int] = (), **more: Any
) -> Action:
    """An action without a number; starts and resumes get 10 MiB unless told otherwise."""
    size = more.pop("size", TEN if kind in (K.START, K.RESUME) else {})
    return Action(0, kind, vm_id, host_id, target, size, tuple(after), **more)


def plan(*actions: Action) -> Plan:
    """The actions, numbered."""
    return Plan(tuple(replace(action, id=number) for number, action in enumerate(actions, 1)))


def verified(cluster: Snapshot, *actions: Action, rules: Policy | None = None) -> Verdict:
    """The verdict; where no action says when it begins or how long it takes, they follow each other in due time."""
    made = plan(*actions)
    is_timed = any(action.earliest_start_s or action.duration_s for action in actions)
    return verify_plan(cluster, rules or policy(), made if is_timed else timed(cluster, made))


def codes(verdict: Verdict) -> list[Code]:
    return [violation.code for violation in verdict.violations]


@pytest.fixture
def failed() -> Snapshot:
    """h1 has failed with two gold guests, h2 is full of bronze, h3 has one silver guest, h4 is a cold spare."""
    lost = [vm(f"g{i}", "h1", "gold", state=VmState.DISPLACED) for i in range(2)]
    bronze = [vm(f"b{i}", "h2") for i in range(4)]
    return snapshot([*lost, *bronze, vm("s", "h3", "silver")], {1: DOWN, 4: {"state": HostState.STANDBY, "boot_s": 60}})


RESCUE = (
    act(K.FENCE_HOST, "", "h1", duration_s=15),
    act(K.BOOT_HOST, "", "h4", duration_s=60),
    act(K.STOP, "b0", "h2", duration_s=5, undo=Undo(K.START, "b0", "h2", size=TEN)),
    act(K.START, "g0", "h2", after=(1, 3), earliest_start_s=15, duration_s=30, undo=Undo(K.STOP, "g0", "h2")),
    act(K.START, "g1", "h4", after=(1, 2), earliest_start_s=60, duration_s=30),
    act(K.RESIZE, "s", "h3", size={"memory_mib": 5}, duration_s=1, undo=Undo(K.RESIZE, "s", "h3", size=TEN)),
    act(
        K.MIGRATE_LIVE,
        "s",
        "h3",
        "h4",
        after=(6, 2),
        earliest_start_s=60,
        duration_s=1,
        undo=Undo(K.MIGRATE_LIVE, "s", "h4", "h3"),
    ),
    act(K.RESIZE, "s", "h4", size=TEN, after=(7,), earliest_start_s=61, duration_s=1),
)


def test_a_good_plan_is_accepted(failed: Snapshot) -> None:
    """Fencing, booting, making room, restarting, shrinking, moving and growing, each after what it needs."""
    verdict = verified(failed, *RESCUE)
    assert verdict.violations == ()
    assert verdict.placement.hosts["g0"] == "h2"
    assert verdict.placement.sizes["s"] == TEN
    assert dict(verdict.levels) == {
        "running:gold": 0,
        "running:silver": 0,
        "running:bronze": 2,
        "inherited": 0,
        "stops": 2,
        "shrinkage": 0,
        "should": 0,
        "disruption": 10 + 4096,
        "balance": 0,
    }


def spoiled(position: int, **changes: Any) -> list[Action]:
    """The good plan with one action changed."""
    return [replace(a, **changes) if number == position else a for number, a in enumerate(RESCUE, 1)]


@pytest.mark.parametrize(
    ("position", "changes", "code"),
    [
        (4, {"host_id": "h1"}, Code.UNSUITABLE),
        (4, {"host_id": "h9"}, Code.MALFORMED),
        (4, {"vm_id": "ghost"}, Code.MALFORMED),
        (4, {"target_host_id": "h3"}, Code.MALFORMED),
        (4, {"size": {"memory_mib": 9}}, Code.SIZE),
        (4, {"size": {"memory_mib": 11}}, Code.SIZE),
        (4, {"kind": K.RESUME}, Code.PRECONDITION),
        (4, {"depends_on": (1,)}, Code.DEPENDENCY),
        (4, {"depends_on": (3,)}, Code.DEPENDENCY),
        (4, {"depends_on": (1, 3, 4)}, Code.DEPENDENCY),
        (4, {"depends_on": (1, 3, 99)}, Code.DEPENDENCY),
        (4, {"earliest_start_s": 14}, Code.TIMING),
        (4, {"duration_s": -1}, Code.TIMING),
        (4, {"duration_s": 29}, Code.TIMING),
        (7, {"duration_s": 0}, Code.TIMING),
        (5, {"depends_on": (1,)}, Code.DEPENDENCY),
        (3, {"vm_id": "b9"}, Code.MALFORMED),
        (3, {"host_id": "h3"}, Code.PRECONDITION),
        (3, {"kind": K.SUSPEND, "undo": None}, Code.RIGHT),
        (6, {"size": {"memory_mib": 4}}, Code.SIZE),
        (7, {"kind": K.MIGRATE_COLD}, Code.RIGHT),
        (7, {"target_host_id": "h2"}, Code.ROOM),
        (7, {"target_host_id": "h3"}, Code.MALFORMED),
        (7, {"depends_on": (2,)}, Code.DEPENDENCY),
        (1, {"host_id": "h2"}, Code.PRECONDITION),
        (2, {"host_id": "h2"}, Code.PRECONDITION),
        (1, {"undo": Undo(K.BOOT_HOST, "", "h1")}, Code.UNDO),
        (3, {"undo": Undo(K.START, "b0", "h2", size={"memory_mib": 9})}, Code.UNDO),
        (3, {"undo": Undo(K.START, "b0", "h3", size=TEN)}, Code.UNDO),
        (4, {"undo": Undo(K.SUSPEND, "g0", "h2")}, Code.UNDO),
        (7, {"undo": Undo(K.MIGRATE_LIVE, "s", "h3", "h4")}, Code.UNDO),
        (7, {"undo": Undo(K.MIGRATE_COLD, "s", "h4", "h3")}, Code.UNDO),
    ],
)
def test_a_spoiled_action_is_rejected(failed: Snapshot, position: int, changes: dict[str, Any], code: Code) -> None:
    """The violation names the action and what is wrong with it."""
    verdict = verified(failed, *spoiled(position, **changes))
    assert (position, code) in [(violation.step, violation.code) for violation in verdict.violations]


@pytest.mark.parametrize(("position", "code"), [(1, Code.FENCING), (2, Code.POWER), (3, Code.ROOM)])
def test_a_dropped_action_is_missed(failed: Snapshot, position: int, code: Code) -> None:
    """Without fencing, booting or the stop the restarts are not safe."""
    rest = [replace(a, depends_on=(), earliest_start_s=100) for n, a in enumerate(RESCUE, 1) if n != position]
    assert code in codes(verified(failed, *rest))


def test_a_swapped_pair_is_rejected(failed: Snapshot) -> None:
    """Starting before there is room is a breach even if the room comes a moment later."""
    swapped = [*RESCUE[:2], RESCUE[3], RESCUE[2], *RESCUE[4:]]
    assert Code.ROOM in codes(verified(failed, *swapped))


def test_ids_are_places_in_the_list(failed: Snapshot) -> None:
    """An action whose id is not its place is malformed."""
    verdict = verify_plan(failed, policy(), Plan((replace(RESCUE[0], id=7),)))
    assert codes(verdict) == [Code.MALFORMED]


def test_a_host_that_cannot_be_fenced_keeps_its_guests() -> None:
    """Neither the fencing nor the start is accepted."""
    cluster = snapshot([vm("v", "h1", state=VmState.DISPLACED)], {1: {**DOWN, "fencing": FencingState.UNFENCEABLE}})
    assert (
        codes(verified(cluster, act(K.FENCE_HOST, "", "h1"), act(K.START, "v", "h2", after=(1,)))) == [Code.FENCING] * 2
    )


def test_a_fenced_host_needs_no_fencing() -> None:
    """Its guests start at once; fencing it again is pointless and rejected."""
    cluster = snapshot([vm("v", "h1", state=VmState.DISPLACED)], {1: {**DOWN, "fencing": FencingState.FENCED}})
    assert verified(cluster, act(K.START, "v", "h2")).is_valid
    assert codes(verified(cluster, act(K.FENCE_HOST, "", "h1"))) == [Code.PRECONDITION]


@pytest.mark.parametrize("state", [VmState.STOPPED, VmState.MIGRATING])
def test_some_guests_are_left_alone(state: VmState) -> None:
    """STOPPED guests are not started, MIGRATING ones not touched."""
    moving = state is VmState.MIGRATING
    cluster = snapshot([vm("v", "h1" if moving else "", state=state, target_host_id="h2" if moving else "")])
    for action in (act(K.START, "v", "h3"), act(K.STOP, "v", "h2"), act(K.RESIZE, "v", "h2", size=TEN)):
        assert codes(verified(cluster, action)) == [Code.RIGHT]


def test_a_suspended_guest_is_resumed_not_started() -> None:
    """RESUME is for those with a saved image, START for all others."""
    cluster = snapshot([vm("v", state=VmState.SUSPENDED), vm("w")])
    assert verified(cluster, act(K.RESUME, "v", "h1"), act(K.START, "w", "h1")).is_valid
    assert codes(verified(cluster, act(K.START, "v", "h1"), act(K.RESUME, "w", "h1"))) == [Code.PRECONDITION] * 2


def test_eviction_is_by_the_tiers_own_action() -> None:
    """Silver is suspended, bronze stopped, gold neither."""
    cluster = snapshot([vm("g", "h1", "gold"), vm("s", "h1", "silver"), vm("b", "h1")])
    assert verified(cluster, act(K.SUSPEND, "s", "h1"), act(K.STOP, "b", "h1")).is_valid
    wrong = (act(K.STOP, "g", "h1"), act(K.STOP, "s", "h1"), act(K.SUSPEND, "b", "h1"))
    assert codes(verified(cluster, *wrong)) == [Code.RIGHT] * 3


def test_the_right_to_move_cold_is_no_right_to_stop() -> None:
    """Silver may be suspended and moved cold, but not stopped, even to be started again; bronze may be stopped."""
    cluster = snapshot([vm("s", "h1", "silver", migratability=Migratability.COLD), vm("b", "h1")])
    assert verified(cluster, act(K.MIGRATE_COLD, "s", "h1", "h2")).is_valid
    assert codes(verified(cluster, act(K.STOP, "s", "h1"), act(K.START, "s", "h2", after=(1,)))) == [Code.RIGHT]
    verdict = verified(cluster, act(K.STOP, "b", "h1"), act(K.START, "b", "h2", after=(1,)))
    assert verdict.is_valid
    assert dict(verdict.levels)["stops"] == 2


def test_the_actions_of_one_guest_wait_for_each_other() -> None:
    """A suspension and the resumption elsewhere share no host, but the guest."""
    cluster = snapshot([vm("s", "h1", "silver")])
    assert verified(cluster, act(K.SUSPEND, "s", "h1"), act(K.RESUME, "s", "h2", after=(1,))).is_valid
    assert codes(verified(cluster, act(K.SUSPEND, "s", "h1"), act(K.RESUME, "s", "h2"))) == [Code.DEPENDENCY]


def test_a_migration_holds_room_at_both_ends() -> None:
    """Two guests cannot swap full hosts, but they can by way of a third."""
    cluster = snapshot([*(vm(f"a{i}", "h1") for i in range(4)), *(vm(f"b{i}", "h2") for i in range(4))])
    swap = (act(K.MIGRATE_LIVE, "a0", "h1", "h2"), act(K.MIGRATE_LIVE, "b0", "h2", "h1", after=(1,)))
    assert codes(verified(cluster, *swap)) == [Code.ROOM]
    parking = (
        act(K.MIGRATE_LIVE, "a0", "h1", "h3"),
        act(K.MIGRATE_LIVE, "b0", "h2", "h1", after=(1,)),
        act(K.MIGRATE_LIVE, "a0", "h3", "h2", after=(2,)),
    )
    assert verified(cluster, *parking).is_valid


def test_migrations_wait_for_a_slot_at_both_ends() -> None:
    """Three migrations into a host with two slots: the third begins when one has ended."""
    cluster = snapshot([vm(f"v{i}", f"h{i + 1}") for i in range(3)], {4: {"migration_bandwidth_mbps": 8}})
    moves = [act(K.MIGRATE_LIVE, f"v{i}", f"h{i + 1}", "h4", duration_s=10) for i in range(3)]
    assert [(v.step, v.code) for v in verified(cluster, *moves).violations] == [(3, Code.TIMING)]
    assert verified(cluster, *moves[:2], replace(moves[2], earliest_start_s=10)).is_valid


def test_dependencies_may_be_indirect() -> None:
    """What another dependency waits for need not be named again."""
    cluster = snapshot([vm("a", "h1"), *(vm(f"b{i}", "h1") for i in range(3)), vm("n"), vm("o")])
    chain = (act(K.STOP, "a", "h1"), act(K.START, "n", "h1", after=(1,)), act(K.STOP, "b0", "h1"))
    assert verified(cluster, *chain, act(K.START, "o", "h1", after=(2, 3))).is_valid
    assert codes(verified(cluster, *chain, act(K.START, "o", "h1", after=(2,)))) == [Code.DEPENDENCY]


def test_growth_waits_for_departures_and_is_not_mixed_with_shrinking() -> None:
    """Growth is an arrival on its host; one action does not grow and shrink at once."""
    small = vm("s", "h1", "silver", allocated={"memory_mib": 5})
    cluster = snapshot([small, *(vm(f"b{i}", "h1") for i in range(3)), vm("b4", "h1", requested={"memory_mib": 5})])
    stop, grow = act(K.STOP, "b0", "h1"), act(K.RESIZE, "s", "h1", size=TEN)
    assert codes(verified(cluster, grow)) == [Code.ROOM]
    assert codes(verified(cluster, stop, grow)) == [Code.DEPENDENCY]
    assert verified(cluster, stop, replace(grow, depends_on=(1,))).is_valid
    odd = vm("s", "h1", "silver", requested={"memory_mib": 10, "cpu_milli": 0}, allocated={"memory_mib": 6})
    assert (
        codes(verified(snapshot([odd]), act(K.RESIZE, "s", "h1", size={"memory_mib": 5, "cpu_milli": 1}))).count(
            Code.SIZE
        )
        == 2
    )


LEAVE_AND_ENTER = (act(K.MIGRATE_LIVE, "a", "h1", "h3"), act(K.START, "b", "h2"))


@pytest.mark.parametrize(
    ("rule", "first", "second"),
    [
        (Separate(between=(Selector(ids=("a",)), Selector(ids=("b",))), topology="site"), *LEAVE_AND_ENTER),
        (Spread(select=Selector(ids=("a", "b")), topology="site", max_per_domain=1), *LEAVE_AND_ENTER),
        (
            Together(select=Selector(ids=("a", "b")), topology="site"),
            act(K.STOP, "a", "h1"),
            act(K.START, "b", "h3"),
        ),
        (
            Spread(select=Selector(ids=("a", "c", "d")), topology="site", min_domains=2),
            act(K.MIGRATE_LIVE, "c", "h2", "h4"),
            act(K.MIGRATE_LIVE, "d", "h3", "h1"),
        ),
        (
            Together(select=Selector(ids=("b",)), near=Selector(ids=("a",)), topology="site"),
            act(K.MIGRATE_LIVE, "a", "h1", "h3"),
            act(K.START, "b", "h4"),
        ),
    ],
)
def test_rules_tie_actions_of_several_guests_together(rule: RuleSpec, first: Action, second: Action) -> None:
    """What leaves (or covers) a domain comes first, and the other action depends on it, not only follows it."""
    cluster = snapshot([vm("a", "h1"), vm("b"), vm("c", "h2"), vm("d", "h3")])
    rules = policy(rule=rule)
    assert codes(verified(cluster, first, second, rules=rules)) == [Code.DEPENDENCY]
    assert verified(cluster, first, replace(second, depends_on=(1,)), rules=rules).is_valid
    assert codes(verified(cluster, second, rules=rules)) == [Code.RULE]


def test_a_must_rule_is_not_broken_even_for_one_step() -> None:
    """Two guests that swap sites share one for a moment; that is reported at the step where it happens."""
    rule = Separate(between=(Selector(ids=("a",)), Selector(ids=("b",))), topology="site")
    cluster = snapshot([vm("a", "h1"), vm("b", "h3")])
    swap = (act(K.MIGRATE_LIVE, "a", "h1", "h4"), act(K.MIGRATE_LIVE, "b", "h3", "h2", after=(1,)))
    verdict = verified(cluster, *swap, rules=policy(apart=rule))
    assert (1, Code.RULE, "apart") in [(v.step, v.code, v.rule) for v in verdict.violations]


def test_parking_on_a_refused_host_is_an_arrival_too() -> None:
    """A must Pin holds on the way as well as in the end."""
    rules = policy(home=Pin(select=EVERYTHING, hosts=Selector(ids=("h1", "h2"))))
    cluster = snapshot([vm("a", "h1")])
    parking = (act(K.MIGRATE_LIVE, "a", "h1", "h3"), act(K.MIGRATE_LIVE, "a", "h3", "h2", after=(1,)))
    assert codes(verified(cluster, *parking, rules=rules)) == [Code.REFUSED_HOST]


def test_a_host_is_shut_down_only_when_it_runs_nothing() -> None:
    """And nothing arrives on it afterwards."""
    cluster = snapshot([vm("a", "h1"), vm("n")])
    assert codes(verified(cluster, act(K.SHUTDOWN_HOST, "", "h1"))) == [Code.PRECONDITION]
    empty = (act(K.MIGRATE_LIVE, "a", "h1", "h2"), act(K.SHUTDOWN_HOST, "", "h1", after=(1,)))
    assert verified(cluster, *empty).is_valid
    assert codes(verified(cluster, *empty, act(K.START, "n", "h1", after=(2,)))) == [Code.POWER]


def test_a_hopeless_plan_is_cut_off() -> None:
    """No more than a thousand violations are listed, and the last says that there are more."""
    cluster = snapshot([vm("a")])
    verdict = verified(cluster, *(act(K.STOP, "a", "h1") for _ in range(2000)))
    assert len(verdict.violations) == 1000
    assert verdict.violations[-1].code is Code.TRUNCATED
