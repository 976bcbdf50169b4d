"""When steps begin, against what the page says of slots, on random lists of steps."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest

from tests.support.cluster import snapshot, vm
from tests.support.seeds import chunks, named
from tests.support.steps import World
from trimtab_solver.actions import ActionKind
from trimtab_solver.plan.schedule import earliest_starts
from trimtab_solver.plan.steps import Step

_HOSTS = ("h1", "h2", "h3", "h4")


class Timed:
    """Steps with their dependencies and times, and how many migrations each host takes part in at a time."""

    def __init__(self, seed: int) -> None:
        chance = random.Random(seed)
        count = chance.randint(2, 14)
        self.slots = [chance.randint(0, 2) for _ in _HOSTS]
        guests = [vm(f"v{i}", chance.choice(_HOSTS)) for i in range(count)]
        world = World(snapshot(guests, {n: {"migration_slots": most} for n, most in enumerate(self.slots, 1)}))
        self.steps = [self._step(world, guest.id, guest.host_id, chance) for guest in guests]
        self.needs = [sorted(chance.sample(range(i), min(i, chance.choice((0, 0, 1, 2))))) for i in range(count)]
        self.durations = [chance.randint(0 if step.v < 0 else 1, 9) for step in self.steps]
        self.starts = earliest_starts(world.facts, self.steps, self.needs, self.durations)
        self.ends = [start + took for start, took in zip(self.starts, self.durations, strict=True)]
        self.ready = [max((self.ends[before] for before in needed), default=0) for needed in self.needs]

    def _step(self, world: World, name: str, host: str, chance: random.Random) -> Step:
        if chance.random() < 0.1:
            return world.step(ActionKind.BOOT_HOST, "", host)
        if chance.random() < 0.2:
            return world.step(ActionKind.STOP, name, host)
        goal = chance.choice([other for other in _HOSTS if other != host])
        return world.step(ActionKind.MIGRATE_LIVE, name, host, goal)

    def are_full(self, host: int, among: Sequence[int], now: int) -> bool:
        """Whether so many of these migrations take part at that time as the host has slots."""
        running = [i for i in among if self.starts[i] <= now < self.ends[i]]
        return sum(host in (self.steps[i].host, self.steps[i].goal) for i in running) >= max(1, self.slots[host])


@pytest.mark.parametrize("seeds", chunks(1.0, 5_700_000), ids=named)
def test_a_migration_waits_only_for_slots_that_are_taken(seeds: range) -> None:
    """At any time before it begins one of its hosts is full: of those that began before, or come first in the list.

    All others begin as soon as they may, and no host takes part in more than it has slots for.
    """
    waits = passed = 0
    for seed in seeds:
        timed = Timed(seed)
        moves = [i for i, step in enumerate(timed.steps) if step.is_migration]
        for i, step in enumerate(timed.steps):
            if not step.is_migration:
                assert timed.starts[i] == timed.ready[i], (seed, i)
                continue
            others = [j for j in moves if j != i]
            first = [
                j for j in others if timed.starts[j] < timed.starts[i] or (timed.starts[j] == timed.starts[i] and j < i)
            ]
            assert not any(timed.are_full(host, first, timed.starts[i]) for host in (step.host, step.goal)), (seed, i)
            for now in range(timed.ready[i], timed.starts[i]):
                before = [j for j in others if timed.starts[j] < now or j < i]
                assert any(timed.are_full(host, before, now) for host in (step.host, step.goal)), (seed, i, now)
            waits += timed.starts[i] > timed.ready[i]
            passed += any(
                timed.starts[j] < timed.starts[i] and j > i and timed.ready[i] > timed.ready[j] for j in others
            )
    assert waits > len(seeds)
    assert passed > len(seeds) / 5, "nobody was ready before one that stands first"
