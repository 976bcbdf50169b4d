"""Which of many contents hosts hold, and to what part: the linear program that finds prices for more of them.

Column generation (P. C. Gilmore and R. E. Gomory, "A linear programming approach to the cutting-stock problem",
Operations Research 9, 1961; G. B. Dantzig and P. Wolfe, "Decomposition principle for linear programs", Operations
Research 8, 1960), with prices held in a box around the best ones (O. du Merle, D. Villeneuve, J. Desrosiers and
P. Hansen, "Stabilized column generation", Discrete Mathematics 194, 1999).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...primitives.encoding import Bools, Ints
from ..linear_program import LinearProgram
from .pricing import Contents, Floats, Valuer, join

_EASY = 1e-7
"""What is bought and sold at the edge of the box, in all, when none of its edges matters."""


@dataclass(frozen=True, slots=True)
class Mixture:
    """An optimal solution: what it costs, `prices` [P], to what part hosts hold each content [N].

    `at_edge`: whether other prices than those in the box would promise more.
    """

    cost: float
    prices: Floats
    weights: Floats
    at_edge: bool


@dataclass(frozen=True, slots=True)
class Rows:
    """Contents as columns: each costs `cost` [N]; per term, the content `column`, the `row` and the `coefficient`.

    Rows are those of the prices, then one per sort of residents that may be moved or stopped as well (`Sorts`).
    """

    cost: Floats
    column: Ints
    row: Ints
    coefficient: Floats


class Sorts:
    """Residents that may go elsewhere or be stopped: which of both is decided per kind, and by whether moves count."""

    def __init__(self, valuer: Valuer) -> None:
        packing, kinds = valuer.packing, len(valuer.market.relaxation.tier)
        either = packing.movable & packing.evictable
        key = np.where(either, packing.kind * 2 + packing.counted, -1)
        keys, of = np.unique(key, return_inverse=True)
        skipped = int(len(keys) > 0 and keys[0] < 0)
        keys = keys[skipped:]
        self.of: Ints = of - skipped
        """The sort of each resident [M], -1 for those that may only go, or only be stopped."""
        self.kind: Ints = keys // 2
        self.counted: Ints = keys % 2
        columns, rows, values = [], [], []
        every = np.arange(len(keys))
        columns.append(every)
        rows.append(self.kind)
        values.append(np.ones(len(keys)))
        columns.append(every)
        rows.append(np.full(len(keys), kinds))
        values.append(self.counted.astype(np.float64))
        first, _ = valuer.split
        for i in range(len(valuer.market.limits)):
            columns.append(every)
            rows.append(np.full(len(keys), first + i))
            values.append(-valuer.stops[i + 1][self.kind].astype(np.float64))
        columns.append(every)
        rows.append(len(valuer.start) + every)
        values.append(-np.ones(len(keys)))
        self.rows = Rows(
            valuer.stops[0][self.kind].astype(np.float64),
            np.concatenate(columns),
            np.concatenate(rows),
            np.concatenate(values),
        )
        """Stopping one, who so far counted as moved: as a column each."""


def as_rows(valuer: Valuer, sorts: Sorts, contents: Contents) -> Rows:
    """The columns of contents. Rows say that at least so much has to be there, so room and moves count negative."""
    market, packing = valuer.market, valuer.packing
    kinds, (first, second) = len(market.relaxation.tier), valuer.split
    goer, of = contents.goer, contents.goer_of
    sort = sorts.of[goer]
    stopped = contents.stopped & (sort < 0)
    leaves = ~stopped
    kind = packing.kind[goer]
    parts = [
        (contents.arrival_of, contents.kind, contents.number.astype(np.float64)),
        (of[leaves], kind[leaves], np.full(int(leaves.sum()), -1.0)),
        (of[leaves], np.full(int(leaves.sum()), kinds), -packing.counted[goer[leaves]].astype(np.float64)),
        (of[sort >= 0], len(valuer.start) + sort[sort >= 0], np.ones(int((sort >= 0).sum()))),
    ]
    for i in range(len(market.limits)):
        costs = valuer.stops[i + 1][kind[stopped]].astype(np.float64)
        parts.append((of[stopped], np.full(len(costs), first + i), -costs))
    parts += _room(valuer, contents, leaves, second)
    cost = np.zeros(len(contents.host))
    np.add.at(cost, of[stopped], valuer.stops[0][kind[stopped]].astype(np.float64))
    column, row, coefficient = (np.concatenate(part) for part in zip(*parts, strict=True))
    # the same kind may both arrive and leave, and several of a kind may
    width = len(valuer.start) + len(sorts.kind)
    key, place = np.unique(column * width + row, return_inverse=True)
    summed = np.bincount(place, weights=coefficient, minlength=len(key))
    used = summed != 0
    return Rows(cost, (key // width)[used], (key % width)[used], summed[used])


def _room(valuer: Valuer, contents: Contents, leaves: Bools, second: int) -> list[tuple[Ints, Ints, Floats]]:
    """What contents use of resources that are not packed."""
    market, packing = valuer.market, valuer.packing
    if not packing.priced.any():
        return []
    resources = market.room.shape[1]
    type_of = market.relaxation.type_of[contents.host]
    own = np.zeros((len(market.relaxation.room), resources))
    load = market.load[packing.kind, packing.type]
    np.add.at(own, market.relaxation.host[packing.resident], load)
    used = own[contents.host]
    there = type_of[contents.arrival_of]
    np.add.at(used, contents.arrival_of, market.load[contents.kind, there] * contents.number[:, None])
    freed = load[contents.goer] * (1 - (market.transient[None] & leaves[:, None]))
    np.add.at(used, contents.goer_of, -freed)
    used *= packing.priced[type_of]
    column, resource = np.nonzero(used)
    return [(column, second + type_of[column] * resources + resource, -used[column, resource])]


class Master:
    """Contents found so far, and the best mixture of them."""

    def __init__(self, valuer: Valuer) -> None:
        self._valuer = valuer
        market, relaxation = valuer.market, valuer.market.relaxation
        kinds, hosts, prices = len(relaxation.tier), len(relaxation.room), len(valuer.start)
        self.sorts = sorts = Sorts(valuer)
        self._program = program = LinearProgram(grows=True)
        moves = np.inf if market.goal.moves is None else float(market.goal.moves)
        most = np.array([limit.most for limit in market.limits], dtype=np.float64)
        self.least: Floats = np.concatenate([relaxation.waiting, [-moves], -most, -market.room.ravel()])
        """What the rows of the prices have to reach [P]."""
        program.add_rows(self.least, np.full(prices, np.inf))
        program.add_rows(np.zeros(len(sorts.kind)), np.full(len(sorts.kind), np.inf))
        self._hosts = program.add_rows(np.ones(hosts), np.ones(hosts))
        rows = np.arange(prices)
        self._bought = program.add_variables(np.full(prices, np.inf), np.ones(prices))
        program.add_terms(rows, self._bought, np.ones(prices))
        self._sold = program.add_variables(np.full(prices, np.inf), -np.ones(prices))
        program.add_terms(rows, self._sold, -np.ones(prices))
        self.waits: Floats = np.where(market.may_wait, relaxation.waiting, 0).astype(np.float64)
        """How many of each kind may wait [K]."""
        waiting = program.add_variables(self.waits, valuer.losses[0])
        program.add_terms(rows[:kinds], waiting, np.ones(kinds))
        for i in range(len(market.limits)):
            program.add_terms(np.full(kinds, kinds + 1 + i), waiting, -valuer.losses[i + 1])
        stops = program.add_variables(np.full(len(sorts.kind), np.inf), sorts.rows.cost)
        program.add_terms(sorts.rows.row, stops[sorts.rows.column], sorts.rows.coefficient)
        self._columns: list[Ints] = []
        self._parts: list[Contents] = []
        self._seen = np.zeros(0, dtype=np.uint64)
        chance = np.random.default_rng(20)
        self._host_mark, self._kind_mark, self._goer_mark = (
            chance.integers(1, 2**63, size=n, dtype=np.uint64) for n in (hosts, kinds, len(valuer.packing.resident))
        )
        none, flags = np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.bool_)
        # where all stay and nobody arrives
        self.add(Contents(np.arange(hosts), none, none, none, none, none, flags))

    @property
    def contents(self) -> Contents:
        """All contents so far, in the order of the weights."""
        return join(self._parts)

    def add(self, contents: Contents) -> int:
        """Adds those that are new; returns how many these are."""
        marks = self._host_mark[contents.host].copy()
        np.add.at(marks, contents.arrival_of, self._kind_mark[contents.kind] * contents.number.astype(np.uint64))
        np.add.at(marks, contents.goer_of, self._goer_mark[contents.goer])
        new = ~np.isin(marks, self._seen)
        self._seen = np.concatenate([self._seen, marks[new]])
        found = contents.only(new)
        rows = as_rows(self._valuer, self.sorts, found)
        columns = self._program.add_variables(np.full(len(found.host), np.inf), rows.cost)
        self._program.add_terms(rows.row, columns[rows.column], rows.coefficient)
        self._program.add_terms(self._hosts[found.host], columns, np.ones(len(columns)))
        self._columns.append(columns)
        self._parts.append(found)
        return len(columns)

    def mix(self, low: Floats, high: Floats) -> Mixture | None:
        """The best mixture when prices are between `low` and `high` [P]; None when the solver found none."""
        both = np.concatenate([self._bought, self._sold])
        self._program.set_costs(both, np.concatenate([np.minimum(high, 1e9), -low]))
        solution = self._program.solve()
        if solution is None:
            return None
        values = solution.values
        prices = np.clip(solution.prices[: len(low)], low, high)
        weights = values[np.concatenate(self._columns)]
        edges = np.concatenate([values[self._bought][high < self._valuer.tops], values[self._sold][low > 0]])
        return Mixture(solution.cost, prices, weights, bool((edges > _EASY).any()))
