"""Column generation next to complete enumeration: knapsacks, the program over all columns, and choices of columns."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise, product

import numpy as np
import pytest

from tests.property.test_columns import relaxations
from tests.support.columns import all_columns, least_loss
from tests.support.seeds import assert_checked, chunks, named
from tests.support.strategies import policy_of, tiny_cluster
from trimtab_solver.engines.columns.columns import Columns
from trimtab_solver.engines.columns.dynamic_program import solve_knapsacks
from trimtab_solver.engines.columns.generation import DantzigWolfeBound
from trimtab_solver.engines.columns.rounding import round_master
from trimtab_solver.engines.relaxation.dual import find_prices
from trimtab_solver.policy.documents import Policy
from trimtab_solver.primitives.encoding import Bools, Ints
from trimtab_solver.rules.action_budget import ActionBudget
from trimtab_solver.snapshot import Snapshot


class _Knapsacks:
    """Random hosts of one type with few offers and residents, who have room together; some stay in any case."""

    def __init__(self, seed: int) -> None:
        chance = np.random.default_rng(seed)
        hosts, kinds = chance.integers(1, 4), chance.integers(1, 4)
        size = chance.integers(0, 5, (kinds, 2))
        self.size: Ints = size[np.lexsort((size[:, 1], size[:, 0]))]
        self.reward: Ints = chance.integers(-2, 9, kinds)
        self.number: Ints = chance.integers(0, 4, kinds)
        self.start: Ints = np.cumsum([0, *chance.integers(0, 4, hosts)])
        self.resident_size: Ints = chance.integers(0, 5, (self.start[-1], 2))
        held = [self.resident_size[a:b].sum(axis=0) for a, b in pairwise(self.start)]
        self.units: Ints = np.array(held) + chance.integers(0, 5, (hosts, 2))
        self.stay: Ints = chance.integers(-3, 9, self.start[-1])
        self.forced: Bools = chance.random(self.start[-1]) < 0.2

    def best(self, host: int) -> int:
        """The largest reward of a host, by trying everything."""
        residents = range(self.start[host], self.start[host + 1])
        rewards = []
        for stays in product(*((True,) if self.forced[m] else (False, True) for m in residents)):
            staying = np.array([m for m, does in zip(residents, stays, strict=True) if does], dtype=np.int64)
            for numbers in product(*(range(n + 1) for n in self.number)):
                arriving = np.array(numbers, dtype=np.int64)
                if self.fits(host, staying, arriving):
                    rewards.append(int(self.stay[staying].sum() + self.reward @ arriving))
        return max(rewards)

    def fits(self, host: int, staying: Ints, numbers: Ints) -> bool:
        """Whether residents and arrivals have room."""
        return bool((self.resident_size[staying].sum(axis=0) + numbers @ self.size <= self.units[host]).all())


@pytest.mark.parametrize("seeds", chunks(0.5, first=6_900_000), ids=named)
def test_knapsacks_are_solved_as_by_trying_everything(seeds: range) -> None:
    """The total reward is that of the best columns, and what is said to arrive and to stay fits and adds up to it."""
    crowded = 0
    for seed in seeds:
        made = _Knapsacks(seed)
        hosts = np.arange(len(made.units))
        arrivals = np.zeros((len(hosts), len(made.size)), dtype=np.int64)
        stays = np.zeros(len(made.stay), dtype=np.bool_)
        total = solve_knapsacks(
            hosts, made.units, made.size, made.reward, made.number,
            made.start, made.resident_size, made.stay, made.forced, arrivals, stays,
        )  # fmt: skip
        assert total == sum(map(made.best, hosts.tolist())), seed
        assert total == int((arrivals @ made.reward).sum()) + int(made.stay[stays].sum()), seed
        assert stays[made.forced].all(), seed
        assert (arrivals <= made.number).all(), seed
        for host in hosts.tolist():
            own = np.arange(made.start[host], made.start[host + 1])
            assert made.fits(host, own[stays[own]], arrivals[host]), (seed, host)
        crowded += not stays.all() and bool(arrivals.any())
    assert_checked(crowded, seeds, 0.2)


def _with_disks(seed: int, snapshot: Snapshot, policy: Policy) -> tuple[Snapshot, Policy]:
    """The cluster with a third resource, which is priced where hosts pack the other two."""
    chance = random.Random(seed)
    hosts = tuple(replace(one, capacity={**one.capacity, "disk_gib": chance.randint(2, 6)}) for one in snapshot.hosts)
    vms = tuple(replace(one, requested={**one.requested, "disk_gib": chance.randint(0, 3)}) for one in snapshot.vms)
    budget = ActionBudget(max_migrations=chance.choice((1, 2)), held_at_both_ends=chance.choice(((), ("disk_gib",))))
    others = {d.name: d.spec for d in policy.documents if not isinstance(d.spec, ActionBudget)}
    return replace(snapshot, hosts=hosts, vms=vms), policy_of({**others, "budget": budget})


_KEPT_ROOM = range(6_951_237, 6_951_238)
"""Who leaves keeps priced room that who is stopped gives back, which the master once left out."""


@pytest.mark.parametrize("seeds", [*chunks(0.1, first=6_950_000), _KEPT_ROOM], ids=named)
def test_prices_converge_to_the_program_over_all_columns(seeds: range) -> None:
    """What column generation proves is what hosts can come to when they hold any columns to any shares."""
    solved: Counter[str] = Counter()
    for seed in seeds:
        cluster = tiny_cluster(seed)
        for relaxed in relaxations(seed, *(_with_disks(seed, *cluster) if seed % 2 else cluster)):
            bound = DantzigWolfeBound(relaxed, find_prices(relaxed))
            bound.improve(200)
            assert bound.is_converged, seed
            knapsacks = bound.pricing.knapsacks
            columns = list(all_columns(relaxed, knapsacks.packed))
            least = least_loss(relaxed, columns, knapsacks.packed)
            if least is not None:
                assert max(0.0, bound.proven) == pytest.approx(least, abs=2e-3), seed
                solved["priced" if knapsacks.priced.any() else "packed"] += 1
                solved["limited"] += least > 0
    assert_checked(solved["packed"], seeds, 0.8)
    assert_checked(solved["priced"], seeds, 0.6)
    assert_checked(solved["limited"], seeds, 0.3)


class _Choices:
    """What it costs when each host holds one of the columns of a master without limits, in whole numbers."""

    def __init__(self, bound: DantzigWolfeBound) -> None:
        self.relaxed, self.columns = bound.pricing.relaxed, bound.master.columns
        self.knapsacks, self.classes = bound.pricing.knapsacks, bound.master.classes
        self.loss: Ints = bound.pricing.losses[0]
        self.stop: Ints = bound.pricing.stops[0]
        self.lacking = 4 * int(self.loss.max(initial=1))

    def of_hosts(self) -> list[list[int]]:
        """The columns of each host."""
        host = self.columns.host.tolist()
        return [[n for n, at in enumerate(host) if at == h] for h in range(len(self.relaxed.relaxation.room))]

    def cost(self, columns: Columns, stops: Sequence[int]) -> int:
        """The loss, with so many of each class stopped, and what is lacking."""
        relaxation, kind = self.relaxed.relaxation, self.knapsacks.kind
        missing, moves, lost = relaxation.waiting.copy(), 0, 0
        np.subtract.at(missing, columns.kind, columns.number)
        for leaver, stopped in zip(columns.leaver.tolist(), columns.stopped.tolist(), strict=True):
            if stopped and self.classes.of[leaver] < 0:
                lost += int(self.stop[kind[leaver]])
            else:
                missing[kind[leaver]] += 1
                moves += int(self.knapsacks.counted[leaver])
        for n, of, counted in zip(stops, self.classes.kind.tolist(), self.classes.counted.tolist(), strict=True):
            lost += n * int(self.stop[of])
            missing[of] -= n
            moves -= n * counted
        missing = np.maximum(missing, 0)
        waits = np.minimum(missing, np.where(self.relaxed.may_wait, relaxation.waiting, 0))
        budget = self.relaxed.goal.moves
        lacks = int((missing - waits).sum()) + (0 if budget is None else max(0, moves - budget))
        return lost + int(waits @ self.loss) + self.lacking * lacks

    def least(self) -> int:
        """The least cost of all choices."""
        return min(
            self.cost(columns, stops)
            for chosen in product(*self.of_hosts())
            for columns in [self.columns.only(np.isin(np.arange(len(self.columns.host)), chosen))]
            for stops in product(*(range(n + 1) for n in self.leavers(columns)))
        )

    def leavers(self, columns: Columns) -> list[int]:
        """How many of each class do not stay."""
        of = self.classes.of[columns.leaver]
        return [int((of == n).sum()) for n in range(len(self.classes.kind))]


@pytest.mark.parametrize("seeds", chunks(0.1, first=6_975_000), ids=named)
def test_rounding_is_mostly_the_best_choice_of_columns(seeds: range) -> None:
    """One column per host never costs less than the best of all choices, and rarely more: sure hosts are not asked."""
    tried = best = 0
    for seed in seeds:
        for relaxed in relaxations(seed, *tiny_cluster(seed)):
            bound = DantzigWolfeBound(relaxed, find_prices(relaxed))
            bound.improve(30)
            choices = _Choices(bound)
            found = round_master(bound, 1.0, np.inf, seed)
            if found is None or relaxed.limits or np.prod([len(each) for each in choices.of_hosts()]) > 1000:
                continue
            columns, stops = found
            cost, least = choices.cost(columns, stops.tolist()), choices.least()
            assert cost >= least, seed
            tried += 1
            best += cost == least
    assert_checked(tried, seeds, 1.0)
    assert best >= 0.9 * tried, (best, tried)
