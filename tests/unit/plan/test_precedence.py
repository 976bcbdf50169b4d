"""Which earlier steps a step waits for, by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.support.cluster import DOWN, policy, snapshot, vm
from tests.support.steps import World
from trimtab_solver.actions import ActionKind
from trimtab_solver.plan.precedence.waiting import find_precedence
from trimtab_solver.plan.schedule import earliest_starts
from trimtab_solver.plan.steps import Step
from trimtab_solver.plan.timing import STOP_S, durations_of
from trimtab_solver.policy.documents import RuleSpec, Selector
from trimtab_solver.rules.action_budget import ActionBudget
from trimtab_solver.rules.quorum import Quorum
from trimtab_solver.rules.separate import Separate
from trimtab_solver.rules.spread import Spread
from trimtab_solver.rules.together import Together
from trimtab_solver.snapshot import FailureDomain, HostState, Migratability, VmState

_K = ActionKind
_TEN, _FIVE = {"memory_mib": 10}, {"memory_mib": 5}
_ALL = Selector(cel="true")


def _needs(world: World, *steps: Step) -> list[list[int]]:
    return find_precedence(world.facts, world.problem, steps, durations_of(world.facts, steps))


def test_an_arrival_waits_for_those_whose_room_it_takes() -> None:
    """Not at all while there is room, then for as many as it needs, those first that end first, each unit once."""
    world = World(snapshot([vm("a", "h1"), vm("b", "h1", "silver"), vm("c", "h1"), vm("d", "h2"), vm("n"), vm("o")]))
    stop = world.step(_K.STOP, "a", "h1")
    shrink = world.step(_K.RESIZE, "b", "h1", before=_TEN, size=_FIVE)
    move = world.step(_K.MIGRATE_LIVE, "c", "h1", "h3")
    elsewhere = world.step(_K.STOP, "d", "h2")
    starts = [world.step(_K.START, name, "h1") for name in ("n", "o")]
    assert _needs(world, stop, move, *starts) == [[], [], [], [1]]
    assert _needs(world, elsewhere, stop, *starts) == [[], [], [], [1]]
    assert _needs(world, stop, shrink, move, *starts) == [[], [], [], [], [1, 2]]
    assert _needs(world, stop, *starts, world.step(_K.START, "a", "h1")) == [[], [], [0], [0]]


def test_growth_is_an_arrival_too() -> None:
    """It waits for room where there is none; and the steps of one guest wait for each other."""
    crowd = [vm(f"c{i}", "h1") for i in range(3)]
    world = World(snapshot([vm("a", "h1", requested=_FIVE), vm("s", "h1", "silver", allocated=_FIVE), *crowd]))
    grow = world.step(_K.RESIZE, "s", "h1", before=_FIVE, size=_TEN)
    assert _needs(world, world.step(_K.STOP, "a", "h1"), grow) == [[], [0]]
    assert _needs(world, world.step(_K.STOP, "c0", "h1"), world.step(_K.STOP, "a", "h1"), grow) == [[], [], [0]]
    assert _needs(
        world, world.step(_K.MIGRATE_LIVE, "s", "h1", "h2"), world.step(_K.RESIZE, "s", "h2", before=_FIVE, size=_TEN)
    ) == [[], [0]]


def test_starts_wait_for_fencing_and_arrivals_for_booting() -> None:
    """Of their own host only."""
    lost = vm("lost", state=VmState.DISPLACED, host_id="h1")
    world = World(snapshot([lost, vm("n"), vm("o")], {1: DOWN, 4: {"state": HostState.STANDBY}}))
    assert world.facts.failed_host == {world.vm("lost"): world.host("h1")}
    assert _needs(
        world,
        world.step(_K.FENCE_HOST, "", "h1"),
        world.step(_K.BOOT_HOST, "", "h4"),
        world.step(_K.START, "lost", "h2"),
        world.step(_K.START, "n", "h4"),
        world.step(_K.START, "o", "h3"),
    ) == [[], [], [0], [1], []]


_WEST = Selector(ids=("n", "o"))


@pytest.mark.parametrize(
    ("rule", "needs"),
    [
        (Spread(select=_ALL, topology="site", max_per_domain=1), [[], [0], []]),
        (Spread(select=_ALL, topology="site", max_per_domain=2), [[], [], []]),
        (Spread(select=_ALL, topology="site", min_domains=2), [[], [0], [1]]),
        (Spread(select=_ALL, topology="site", max_skew=1), [[], [0], [1]]),
        (Together(select=_ALL, topology="site"), [[], [0], [0]]),
        (Together(select=_WEST, near=Selector(ids=("a",)), topology="site"), [[], [], [0]]),
        (Separate(between=(Selector(ids=("a",)), _WEST), topology="site"), [[], [0], []]),
        (Quorum(select=_ALL, min_running=1), [[], [], []]),
    ],
    ids=["maxPerDomain", "loose", "minDomains", "maxSkew", "Together", "near", "Separate", "Quorum"],
)
def test_what_can_break_a_must_rule_waits(rule: RuleSpec, needs: list[list[int]]) -> None:
    """For a site that must be left first, for one to be used, for the other to have more, for company; or never."""
    world = World(snapshot([vm("a", "h1"), vm("n"), vm("o")]), policy(rule=rule))
    assert (
        _needs(
            world,
            world.step(_K.MIGRATE_LIVE, "a", "h1", "h3"),
            world.step(_K.START, "n", "h2"),
            world.step(_K.START, "o", "h4"),
        )
        == needs
    )


def test_a_cold_move_is_an_outage() -> None:
    """Two of a pair move one after the other, also within one domain; where one of three may be down, two at a time."""
    for count, needs in ((2, [[], [0]]), (3, [[], [], [0]])):
        guests = [vm(f"v{i}", f"h{i + 1}", "silver", migratability=Migratability.COLD) for i in range(count)]
        world = World(snapshot(guests), policy(rule=Quorum(select=_ALL, min_running=1)))
        assert _needs(world, *(world.step(_K.MIGRATE_COLD, f"v{i}", f"h{i + 1}", "h4") for i in range(count))) == needs


def test_what_a_guest_keeps_where_it_began_is_room_there() -> None:
    """A guest that shrank before it moves leaves more behind than it had there last, and waits for that room."""
    rules = policy(budget=ActionBudget(held_at_both_ends=("memory_mib",)))
    crowd = [vm(f"c{i}", "h1") for i in range(3)]
    world = World(snapshot([*crowd, vm("s", "h1", "silver"), vm("n", requested=_FIVE)]), rules)
    stop = world.step(_K.STOP, "c0", "h1")
    shrink = world.step(_K.RESIZE, "s", "h1", before=_TEN, size=_FIVE)
    start = world.step(_K.START, "n", "h1")
    move = world.step(_K.MIGRATE_LIVE, "s", "h1", "h2")
    assert _needs(world, shrink, start, stop, move) == [[], [0], [], [0, 2]]
    assert _needs(world, stop, move) == [[], []]
    assert _needs(world, move, stop, start) == [[], [], [1]]


_GROUPS: dict[str, RuleSpec] = {
    "Quorum": Quorum(select=_ALL, min_running=15, survives="rack"),
    "maxSkew": Spread(select=_ALL, topology="site", max_skew=20),
    "maxPerDomain": Spread(select=_ALL, topology="rack", max_per_domain=5),
    "Together": Together(select=_ALL, topology="everything"),
    "Separate": Separate(between=(Selector(match_labels={"of": "group"}), Selector(ids=("other",))), topology="rack"),
}


def _large(count: int, rule: RuleSpec | None, *, state: VmState) -> World:
    """So many guests of one group on four hosts that have room for just so many, and one guest outside of the group."""
    places = [f"h{i % 4 + 1}" if state is VmState.RUNNING else "" for i in range(count)]
    members = [vm(f"v{i}", place, restart_s=90, labels={"of": "group"}) for i, place in enumerate(places)]
    changes = {n: {"capacity": {"memory_mib": 10 * -(-count // 4)}} for n in range(1, 5)}
    found = snapshot([*members, vm("other")], changes)
    top = FailureDomain("all", "everything")
    sites = tuple(replace(domain, parent_id=domain.parent_id or "all") for domain in found.domains)
    return World(replace(found, domains=(top, *sites)), policy(rule=rule) if rule else None)


@pytest.mark.parametrize("rule", _GROUPS.values(), ids=_GROUPS.keys())
def test_starts_of_one_group_do_not_wait_for_each_other(rule: RuleSpec) -> None:
    """Twenty guests that restart after a failure are back as soon as one is."""
    world = _large(20, rule, state=VmState.PENDING)
    steps = [world.step(_K.START, f"v{i}", f"h{i % 4 + 1}") for i in range(20)]
    durations = durations_of(world.facts, steps)
    starts = earliest_starts(world.facts, steps, _needs(world, *steps), durations)
    assert max(start + duration for start, duration in zip(starts, durations, strict=True)) == 90


def test_the_first_in_new_domains_are_waited_for_by_all_others() -> None:
    """Under minDomains those that open a domain go first; the others wait for them and not for each other."""
    world = _large(20, Spread(select=_ALL, topology="rack", min_domains=4), state=VmState.PENDING)
    steps = [world.step(_K.START, f"v{i}", f"h{i % 4 + 1}") for i in range(20)]
    assert _needs(world, *steps) == [[]] * 4 + [[0, 1, 2, 3]] * 16


_COUNT = 200


@pytest.mark.parametrize("in_turns", [False, True], ids=["stops, then starts", "in turns"])
@pytest.mark.parametrize("rule", [None, *_GROUPS.values()], ids=["full hosts", *_GROUPS.keys()])
def test_waits_are_few(rule: RuleSpec | None, in_turns: bool) -> None:
    """A group that is restarted needs a few waits per action, not one per pair; and no chain of actions."""
    world = _large(_COUNT, rule, state=VmState.RUNNING)
    stops = [world.step(_K.STOP, f"v{i}", f"h{i % 4 + 1}") for i in range(_COUNT)]
    starts = [world.step(_K.START, f"v{i}", f"h{i % 4 + 1}") for i in range(_COUNT)]
    steps = [step for pair in zip(stops, starts, strict=True) for step in pair] if in_turns else stops + starts
    needs, durations = _needs(world, *steps), durations_of(world.facts, steps)
    assert sum(map(len, needs)) < 10 * len(steps)
    begins = earliest_starts(world.facts, steps, needs, durations)
    waves = 5  # of a hundred members on a site twenty may be missing where the other site has all of its own
    assert max(map(sum, zip(begins, durations, strict=True))) <= waves * (STOP_S + 90)


def test_a_restart_of_a_spread_group_is_no_chain() -> None:
    """While each of enough racks keeps a member, all may restart but the last one of each rack, and then that one."""
    world = _large(_COUNT, Spread(select=_ALL, topology="rack", min_domains=4), state=VmState.RUNNING)
    steps = [
        world.step(kind, f"v{i}", f"h{i % 4 + 1}")
        for i in range(_COUNT)
        for kind in (ActionKind.STOP, ActionKind.START)
    ]
    needs, durations = _needs(world, *steps), durations_of(world.facts, steps)
    assert sum(map(len, needs)) < 3 * len(steps)
    begins = earliest_starts(world.facts, steps, needs, durations)
    assert max(map(sum, zip(begins, durations, strict=True))) == 2 * (STOP_S + 90)


def test_each_alone_in_its_domain_waits_for_nobody() -> None:
    """Two members in two racks, which change racks or stop: as many racks are used as members run."""
    world = World(
        snapshot([vm("a", "h1"), vm("b", "h3")]), policy(rule=Spread(select=_ALL, topology="rack", min_domains=2))
    )
    moves = [world.step(_K.MIGRATE_LIVE, "a", "h1", "h2"), world.step(_K.MIGRATE_LIVE, "b", "h3", "h4")]
    assert _needs(world, *moves) == [[], []]


def test_those_to_be_near_to_restart_while_one_of_them_stays() -> None:
    """Of three two may be down at a time; whoever must be near them waits for none of them."""
    guests = [vm(f"p{i}", "h1", restart_s=9) for i in range(3)]
    rule = Together(select=Selector(ids=("s",)), near=Selector(ids=("p0", "p1", "p2")), topology="site")
    world = World(snapshot([*guests, vm("s")]), policy(rule=rule))
    restarts = [world.step(kind, f"p{i}", "h1") for i in range(3) for kind in (_K.STOP, _K.START)]
    assert _needs(world, *restarts, world.step(_K.START, "s", "h2")) == [[], [0], [], [2], [1], [4], []]


def test_who_enters_waits_for_the_other_set_alone() -> None:
    """One of the own set that leaves makes no room; a cold move within the domain is neither coming nor going."""
    sets = Selector(ids=("a", "b")), Selector(ids=("c",))
    cold = {"migratability": Migratability.COLD}
    world = World(
        snapshot([vm("a", "h1", "silver", **cold), vm("b"), vm("c", "h3", "silver", **cold)]),
        policy(rule=Separate(between=sets, topology="site")),
    )
    gone, start = world.step(_K.STOP, "a", "h1"), world.step(_K.START, "b", "h2")
    over = world.step(_K.MIGRATE_COLD, "c", "h3", "h4")
    assert _needs(world, over, gone, start) == [[], [], []]
    away = world.step(_K.STOP, "b", "h2")
    assert _needs(world, gone, start, away, world.step(_K.START, "c", "h1")) == [[], [], [1], [0, 2]]


def test_domains_beyond_those_that_are_enough_are_not_waited_for() -> None:
    """Two racks are asked for: the third that is opened protects nothing."""
    world = World(
        snapshot([vm(name) for name in "abcd"]), policy(rule=Spread(select=_ALL, topology="rack", min_domains=2))
    )
    steps = [world.step(_K.START, name, host) for name, host in zip("abcd", ("h1", "h2", "h3", "h1"), strict=True)]
    assert _needs(world, *steps) == [[], [], [], [0, 1]]
