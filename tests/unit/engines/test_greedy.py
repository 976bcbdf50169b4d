"""Greedy repair by hand: who comes first, who makes way, and who is left alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tests.support.cluster import DOWN, policy, snapshot, vm
from tests.support.targets import problem_of
from trimtab_solver.engines.greedy import mend, repair
from trimtab_solver.policy.documents import Selector, Spec
from trimtab_solver.problem import NOWHERE
from trimtab_solver.rules.pin import Pin
from trimtab_solver.rules.spread import Spread
from trimtab_solver.snapshot import HostState, Snapshot

_ONE_HOST = {2: DOWN, 3: DOWN, 4: DOWN}


def _placed(found: Snapshot, **rules: Spec) -> dict[str, str]:
    """Where greedy repair wants each guest; `""` is nowhere."""
    problem = problem_of(found, policy(**rules))
    place = repair(problem).place.tolist()
    return {
        vm_id: "" if at == NOWHERE else problem.host_ids[at] for vm_id, at in zip(problem.vm_ids, place, strict=True)
    }


def test_the_highest_rank_is_placed_first() -> None:
    """Where there is room for one, it is Gold, whatever the order in the snapshot."""
    size = {"memory_mib": 40}
    found = snapshot([vm("b", requested=size), vm("g", tier="gold", requested=size)], _ONE_HOST)
    assert _placed(found) == {"b": "", "g": "h1"}


def test_the_lowest_rank_makes_way() -> None:
    """Gold takes the room of Bronze, not of Silver, and of no more guests than it needs."""
    guests = [vm("s", "h1", "silver"), *(vm(f"b{n}", "h1") for n in range(3)), vm("g", tier="gold")]
    placed = _placed(snapshot(guests, _ONE_HOST))
    assert placed["g"] == placed["s"] == "h1"
    assert [placed[f"b{n}"] for n in range(3)].count("") == 1


def test_a_guest_of_the_same_rank_does_not_make_way() -> None:
    """Bronze never stops Bronze."""
    guests = [*(vm(f"b{n}", "h1") for n in range(4)), vm("late")]
    assert _placed(snapshot(guests, _ONE_HOST))["late"] == ""


def test_nobody_is_evicted_in_vain() -> None:
    """A guest that would not fit even on an empty host stops nobody."""
    found = snapshot([vm("b", "h1"), vm("g", tier="gold", requested={"memory_mib": 41})], _ONE_HOST)
    assert _placed(found) == {"b": "h1", "g": ""}


def test_shrinking_comes_before_evicting() -> None:
    """Silver shrinks to half and Bronze keeps running, if that is enough for Gold."""
    guests = [*(vm(f"s{n}", "h1", "silver") for n in range(3)), vm("b", "h1"), vm("g", tier="gold")]
    problem = problem_of(snapshot(guests, _ONE_HOST), policy())
    target = repair(problem)
    assert (target.place >= 0).all()
    assert target.size.sum() == 40


def test_an_evicted_guest_finds_another_host() -> None:
    """Who makes way starts elsewhere if there is room."""
    pin = Pin(select=Selector(ids=("g",)), hosts=Selector(ids=("h1",)))
    guests = [*(vm(f"b{n}", "h1") for n in range(4)), vm("g", tier="gold")]
    placed = _placed(snapshot(guests), only_h1=pin)
    assert placed["g"] == "h1"
    assert "" not in placed.values()


def test_guests_leave_a_draining_host() -> None:
    """A breach that is there already is repaired by a move."""
    found = snapshot([vm("g", "h1", "gold")], {1: {"state": HostState.DRAINING}})
    assert _placed(found)["g"] != "h1"


def test_a_cold_spare_is_the_last_resort() -> None:
    """A host that runs is preferred; the spare is used where nothing else is left."""
    spare = {"state": HostState.STANDBY}
    assert _placed(snapshot([vm("g", tier="gold")], {1: spare, 3: DOWN, 4: DOWN})) == {"g": "h2"}
    assert _placed(snapshot([vm("g", tier="gold")], {1: spare, **_ONE_HOST})) == {"g": "h1"}


def test_groups_are_spread_as_they_must_be() -> None:
    """One member per site, and the third stays down."""
    rule = Spread(select=Selector(cel="true"), topology="site", max_per_domain=1)
    placed = _placed(snapshot([vm(name, tier="gold") for name in "xyz"]), wide=rule)
    assert sorted(host_id in ("h1", "h2") for host_id in placed.values() if host_id) == [False, True]
    assert list(placed.values()).count("") == 1


def test_who_was_stranded_takes_room_elsewhere() -> None:
    """Silver whose way was barred gets the room of Bronze; a Bronze guest that is stuck there moves nowhere else."""
    guests = [*(vm(f"b{n}", "h1") for n in range(4)), vm("s", tier="silver")]
    problem = problem_of(snapshot(guests, {3: DOWN, 4: DOWN}), policy())
    stuck = np.array([vm_id.startswith("b") for vm_id in problem.vm_ids])
    mask = problem.allowed.mask.copy()
    mask[:, 1] = False
    blocked = replace(problem, allowed=replace(problem.allowed, mask=mask))
    assert mend(problem, problem.stay(), stuck).place.tolist() == [0, 0, 0, 0, 1]
    assert mend(blocked, blocked.stay(), stuck).place.tolist() == [0, 0, 0, 0, NOWHERE]
    free = np.zeros_like(stuck)
    assert sorted(mend(blocked, blocked.stay(), free).place.tolist()) == [NOWHERE, 0, 0, 0, 0]
