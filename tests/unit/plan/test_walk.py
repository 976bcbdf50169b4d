"""Single steps: taken when they are safe, refused without a trace when they are not."""

from __future__ import annotations

import pytest

from tests.support.cluster import policy, snapshot, vm
from tests.support.steps import World
from trimtab_solver.actions import ActionKind
from trimtab_solver.plan.ordering.squeeze import squeeze
from trimtab_solver.plan.ordering.walk import Walk
from trimtab_solver.policy.documents import Selector
from trimtab_solver.rules.action_budget import ActionBudget
from trimtab_solver.rules.quorum import Quorum
from trimtab_solver.rules.separate import Separate
from trimtab_solver.snapshot import Migratability, VmState

_K = ActionKind
_FULL = [vm(f"f{i}", "h2") for i in range(4)]


def _unchanged(world: World, walk: Walk) -> bool:
    """Whether the walk is where a new one is."""
    new = world.walk()
    return (
        not walk.steps
        and (walk.state.place == new.state.place).all()
        and (walk.state.usage == new.state.usage).all()
        and all((walk.residents(h) == new.residents(h)).all() for h in range(world.problem.host_count))
    )


def test_a_start_needs_room() -> None:
    """On a full host it is refused; elsewhere the guest runs, at its size."""
    world = World(snapshot([*_FULL, vm("n")]))
    walk, n = world.walk(), world.vm("n")
    assert not walk.start(n, world.host("h2"))
    assert _unchanged(world, walk)
    assert walk.start(n, world.host("h1"))
    assert (walk.steps[-1].kind, world.places(walk, ["n"])) == (_K.START, ["h1"])
    assert n in walk.residents(world.host("h1"))


def test_a_guest_comes_back_as_it_went() -> None:
    """Bronze is stopped and started, silver suspended and resumed; who is suspended in the snapshot is resumed."""
    world = World(snapshot([vm("b", "h1"), vm("s", "h1", "silver"), vm("z", state=VmState.SUSPENDED)]))
    walk = world.walk()
    for name in ("b", "s"):
        assert walk.stop(world.vm(name))
        assert walk.start(world.vm(name), world.host("h2"))
    assert walk.start(world.vm("z"), world.host("h2"))
    assert [step.kind for step in walk.steps] == [_K.STOP, _K.START, _K.SUSPEND, _K.RESUME, _K.RESUME]
    assert walk.residents(world.host("h1")).tolist() == []
    assert walk.residents(world.host("h2")).tolist() == [0, 1, 2]


def test_a_stop_that_breaks_a_rule_is_refused() -> None:
    """The guest stays, and counts for its rule as before."""
    world = World(
        snapshot([vm("a", "h1"), vm("b", "h2")]), policy(two=Quorum(select=Selector(cel="true"), min_running=2))
    )
    walk = world.walk()
    assert not walk.stop(world.vm("a"))
    assert _unchanged(world, walk)


def test_a_move_holds_room_at_both_ends() -> None:
    """Into a full host it is refused although another guest would leave it."""
    world = World(snapshot([*_FULL, vm("a", "h1")]))
    walk, a = world.walk(), world.vm("a")
    assert not walk.move(a, world.host("h2"))
    assert _unchanged(world, walk)
    assert walk.move(world.vm("f0"), world.host("h3"))
    assert walk.move(a, world.host("h2"))
    assert [step.kind for step in walk.steps] == [_K.MIGRATE_LIVE] * 2
    assert walk.residents(world.host("h2")).tolist() == [1, 2, 3, a]


def test_a_move_that_breaks_a_rule_or_that_a_guest_cannot_make_is_refused() -> None:
    """Apart means apart on the way too; a guest that migrates cold says so; one that cannot stays."""
    apart = Separate(between=(Selector(ids=("a",)), Selector(ids=("b",))), topology="host")
    guests = [
        vm("a", "h1"),
        vm("b", "h2"),
        vm("c", "h1", "silver", migratability=Migratability.COLD),
        vm("x", "h1", "silver", migratability=Migratability.NONE),
    ]
    world = World(snapshot(guests), policy(apart=apart))
    walk = world.walk()
    assert not walk.move(world.vm("a"), world.host("h2"))
    assert not walk.move(world.vm("x"), world.host("h3"))
    assert _unchanged(world, walk)
    assert walk.move(world.vm("c"), world.host("h3"))
    assert walk.steps[-1].kind is _K.MIGRATE_COLD


def test_the_budget_counts_a_guest_once() -> None:
    """Once moved it may move on and come home; nobody else may move."""
    world = World(snapshot([vm("a", "h1"), vm("b", "h1")]), policy(few=ActionBudget(max_migrations=1)))
    walk, a, b = world.walk(), world.vm("a"), world.vm("b")
    assert walk.move(a, world.host("h2"))
    assert not walk.move(b, world.host("h2"))
    assert walk.move(a, world.host("h3"))
    assert walk.move(a, world.host("h1"))
    assert not walk.move(b, world.host("h2"))


def test_growth_takes_what_room_there_is() -> None:
    """A guest gets part of what it asks for; where nothing is left it gets nothing, and no step."""
    small = vm("s", "h1", "silver", requested={"memory_mib": 20}, allocated={"memory_mib": 10})
    world = World(snapshot([small, vm("g", "h1", requested={"memory_mib": 25})]))
    walk, s = world.walk(), world.vm("s")
    walk.grow(s, world.problem.requested[s])
    assert walk.state.sizes[s].tolist() == [15]
    walk.grow(s, world.problem.requested[s])
    assert [step.kind for step in walk.steps] == [_K.RESIZE]


@pytest.mark.parametrize(("memory_mib", "sizes"), [(5, [10, 15]), (12, [8, 10]), (15, [5, 10]), (16, None)])
def test_squeezing_takes_from_those_with_most_to_give_down_to_their_floors(
    memory_mib: int, sizes: list[int] | None
) -> None:
    """Two silver guests of 10 and 20 on a full host with a bronze one; what they cannot give nobody loses."""
    guests = [
        vm("s", "h1", "silver"),
        vm("t", "h1", "silver", requested={"memory_mib": 20}),
        vm("b", "h1"),
        vm("n", requested={"memory_mib": memory_mib}),
    ]
    world = World(snapshot(guests))
    walk, n, h1 = world.walk(), world.vm("n"), world.host("h1")
    assert squeeze(walk, n, h1) is (sizes is not None)
    if sizes is None:
        assert _unchanged(world, walk)
    else:
        assert walk.start(n, h1)
        assert [int(walk.state.sizes[world.vm(name)][0]) for name in "st"] == sizes


def test_nobody_is_squeezed_where_there_is_room() -> None:
    """What then keeps a guest away is something else."""
    world = World(snapshot([vm("s", "h1", "silver"), vm("n")]))
    walk = world.walk()
    assert not squeeze(walk, world.vm("n"), world.host("h1"))
    assert _unchanged(world, walk)
