"""The restricted master: to what share hosts hold each of the columns so far; its dual are the next prices.

Column generation (P. C. Gilmore and R. E. Gomory, "A linear programming approach to the cutting-stock problem",
Operations Research 9, 1961; G. B. Dantzig and P. Wolfe, "Decomposition principle for linear programs", Operations
Research 8, 1960), with prices held in a box around the best ones (O. du Merle, D. Villeneuve, J. Desrosiers and
P. Hansen, "Stabilized column generation", Discrete Mathematics 194, 1999: `y_plus` and `y_minus` as there).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...primitives.encoding import Bools, Ints
from ..linear_program import LinearProgram
from ..relaxation.lagrangian import Floats
from .columns import Columns, join
from .pricing import PricingProblem

_EASY = 1e-7
"""How large `y_plus` and `y_minus` are at most when no edge of the box matters."""


@dataclass(frozen=True, slots=True)
class MasterSolution:
    """An optimal solution: what it costs, `prices` [P], to what share hosts hold each column [N].

    `at_box_edge`: whether other prices than those in the box would promise more.
    """

    cost: float
    prices: Floats
    weights: Floats
    at_box_edge: bool


@dataclass(frozen=True, slots=True)
class Coefficients:
    """Columns as a matrix: each costs `cost` [N]; per term, the `column`, the `row` and the `coefficient`.

    Rows are those of the prices, then one per class of residents that may either leave or be stopped
    (`LeaverClasses`).
    """

    cost: Floats
    column: Ints
    row: Ints
    coefficient: Floats


class LeaverClasses:
    """Residents that may either leave or be stopped: how many of each class are stopped the master decides.

    A class is a kind of guests whose moves count, or do not. Where one that leaves keeps priced room that one that is
    stopped gives back, each type of hosts has its own classes.
    """

    def __init__(self, pricing: PricingProblem) -> None:
        knapsacks, kinds = pricing.knapsacks, len(pricing.relaxed.relaxation.tier)
        either = knapsacks.movable & knapsacks.evictable
        keeps = knapsacks.priced & pricing.relaxed.transient
        is_apart = keeps.any(axis=1)
        there = np.where(is_apart, np.arange(len(keeps)), np.argmin(is_apart))[knapsacks.type]
        key = np.where(either, (there * kinds + knapsacks.kind) * 2 + knapsacks.counted, -1)
        keys, of = np.unique(key, return_inverse=True)
        skipped = int(len(keys) > 0 and keys[0] < 0)
        keys = keys[skipped:]
        self.of: Ints = of - skipped
        """The class of each resident [M], -1 for those that may only leave, or only be stopped."""
        self.kind: Ints = keys // 2 % kinds
        self.counted: Ints = keys % 2
        variables, rows, values = [], [], []
        every = np.arange(len(keys))
        variables.append(every)
        rows.append(self.kind)
        values.append(np.ones(len(keys)))
        variables.append(every)
        rows.append(np.full(len(keys), kinds))
        values.append(self.counted.astype(np.float64))
        first, _ = pricing.split
        for i in range(len(pricing.relaxed.limits)):
            variables.append(every)
            rows.append(np.full(len(keys), first + i))
            values.append(-pricing.stops[i + 1][self.kind].astype(np.float64))
        keeping, room_row, kept = _kept_room(pricing, self.kind, keys // 2 // kinds)
        variables.append(keeping)
        rows.append(room_row)
        values.append(kept)
        variables.append(every)
        rows.append(len(pricing.start) + every)
        values.append(-np.ones(len(keys)))
        self.rows = Coefficients(
            pricing.stops[0][self.kind].astype(np.float64),
            np.concatenate(variables),
            np.concatenate(rows),
            np.concatenate(values),
        )
        """Stopping one, who so far counted as leaving: as a column each."""


def _kept_room(pricing: PricingProblem, kind: Ints, there: Ints) -> tuple[Ints, Ints, Floats]:
    """Terms for the priced room that a guest of each class keeps when it leaves, and not when it is stopped."""
    relaxed, priced = pricing.relaxed, pricing.knapsacks.priced
    kept = relaxed.load[kind, there] * (priced[there] & relaxed.transient)
    number, resource = np.nonzero(kept)
    _, second = pricing.split
    return number, second + there[number] * kept.shape[1] + resource, kept[number, resource].astype(np.float64)


def coefficients_of(pricing: PricingProblem, classes: LeaverClasses, columns: Columns) -> Coefficients:
    """The matrix of columns. Rows say that at least so much has to be there, so room and moves count negative."""
    relaxed, knapsacks = pricing.relaxed, pricing.knapsacks
    kinds, (first, second) = len(relaxed.relaxation.tier), pricing.split
    leaver, of = columns.leaver, columns.leaver_of
    of_class = classes.of[leaver]
    stopped = columns.stopped & (of_class < 0)
    leaves = ~stopped
    kind = knapsacks.kind[leaver]
    parts = [
        (columns.arrival_of, columns.kind, columns.number.astype(np.float64)),
        (of[leaves], kind[leaves], np.full(int(leaves.sum()), -1.0)),
        (of[leaves], np.full(int(leaves.sum()), kinds), -knapsacks.counted[leaver[leaves]].astype(np.float64)),
        (of[of_class >= 0], len(pricing.start) + of_class[of_class >= 0], np.ones(int((of_class >= 0).sum()))),
    ]
    for i in range(len(relaxed.limits)):
        costs = pricing.stops[i + 1][kind[stopped]].astype(np.float64)
        parts.append((of[stopped], np.full(len(costs), first + i), -costs))
    parts += _room(pricing, columns, leaves, second)
    cost = np.zeros(len(columns.host))
    np.add.at(cost, of[stopped], pricing.stops[0][kind[stopped]].astype(np.float64))
    column, row, coefficient = (np.concatenate(part) for part in zip(*parts, strict=True))
    # the same kind may both arrive and leave, and several of a kind may
    width = len(pricing.start) + len(classes.kind)
    key, place = np.unique(column * width + row, return_inverse=True)
    summed = np.bincount(place, weights=coefficient, minlength=len(key))
    used = summed != 0
    return Coefficients(cost, (key // width)[used], (key % width)[used], summed[used])


def _room(pricing: PricingProblem, columns: Columns, leaves: Bools, second: int) -> list[tuple[Ints, Ints, Floats]]:
    """What columns use of resources that are not packed."""
    relaxed, knapsacks = pricing.relaxed, pricing.knapsacks
    if not knapsacks.priced.any():
        return []
    resources = relaxed.room.shape[1]
    type_of = relaxed.relaxation.type_of[columns.host]
    own = np.zeros((len(relaxed.relaxation.room), resources))
    load = relaxed.load[knapsacks.kind, knapsacks.type]
    np.add.at(own, relaxed.relaxation.host[knapsacks.resident], load)
    used = own[columns.host]
    there = type_of[columns.arrival_of]
    np.add.at(used, columns.arrival_of, relaxed.load[columns.kind, there] * columns.number[:, None])
    freed = load[columns.leaver] * (1 - (relaxed.transient[None] & leaves[:, None]))
    np.add.at(used, columns.leaver_of, -freed)
    used *= knapsacks.priced[type_of]
    column, resource = np.nonzero(used)
    return [(column, second + type_of[column] * resources + resource, -used[column, resource])]


class Master:
    """The columns so far, and the linear program over them."""

    def __init__(self, pricing: PricingProblem) -> None:
        self._pricing = pricing
        relaxed, relaxation = pricing.relaxed, pricing.relaxed.relaxation
        kinds, hosts, prices = len(relaxation.tier), len(relaxation.room), len(pricing.start)
        self.classes = classes = LeaverClasses(pricing)
        self._program = program = LinearProgram(grows=True)
        moves = np.inf if relaxed.goal.moves is None else float(relaxed.goal.moves)
        most = np.array([limit.most for limit in relaxed.limits], dtype=np.float64)
        self.least: Floats = np.concatenate([relaxation.waiting, [-moves], -most, -relaxed.room.ravel()])
        """What the rows of the prices have to reach [P]."""
        program.add_rows(self.least, np.full(prices, np.inf))
        program.add_rows(np.zeros(len(classes.kind)), np.full(len(classes.kind), np.inf))
        self._hosts = program.add_rows(np.ones(hosts), np.ones(hosts))
        rows = np.arange(prices)
        self._y_plus = program.add_variables(np.full(prices, np.inf), np.ones(prices))
        program.add_terms(rows, self._y_plus, np.ones(prices))
        self._y_minus = program.add_variables(np.full(prices, np.inf), -np.ones(prices))
        program.add_terms(rows, self._y_minus, -np.ones(prices))
        self.waits: Floats = np.where(relaxed.may_wait, relaxation.waiting, 0).astype(np.float64)
        """How many of each kind may wait [K]."""
        waiting = program.add_variables(self.waits, pricing.losses[0])
        program.add_terms(rows[:kinds], waiting, np.ones(kinds))
        for i in range(len(relaxed.limits)):
            program.add_terms(np.full(kinds, kinds + 1 + i), waiting, -pricing.losses[i + 1])
        stops = program.add_variables(np.full(len(classes.kind), np.inf), classes.rows.cost)
        program.add_terms(classes.rows.row, stops[classes.rows.column], classes.rows.coefficient)
        self._variables: list[Ints] = []
        self._columns: list[Columns] = []
        self._seen = np.zeros(0, dtype=np.uint64)
        chance = np.random.default_rng(20)
        self._host_mark, self._kind_mark, self._leaver_mark = (
            chance.integers(1, 2**63, size=n, dtype=np.uint64) for n in (hosts, kinds, len(pricing.knapsacks.resident))
        )
        none, flags = np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.bool_)
        # where all stay and nobody arrives
        self.add(Columns(np.arange(hosts), none, none, none, none, none, flags))

    @property
    def columns(self) -> Columns:
        """All columns so far, in the order of the weights."""
        return join(self._columns)

    def add(self, columns: Columns) -> int:
        """Adds those that are new; returns how many these are."""
        marks = self._host_mark[columns.host].copy()
        np.add.at(marks, columns.arrival_of, self._kind_mark[columns.kind] * columns.number.astype(np.uint64))
        np.add.at(marks, columns.leaver_of, self._leaver_mark[columns.leaver])
        new = ~np.isin(marks, self._seen)
        self._seen = np.concatenate([self._seen, marks[new]])
        found = columns.only(new)
        rows = coefficients_of(self._pricing, self.classes, found)
        variables = self._program.add_variables(np.full(len(found.host), np.inf), rows.cost)
        self._program.add_terms(rows.row, variables[rows.column], rows.coefficient)
        self._program.add_terms(self._hosts[found.host], variables, np.ones(len(variables)))
        self._variables.append(variables)
        self._columns.append(found)
        return len(variables)

    def solve(self, low: Floats, high: Floats) -> MasterSolution | None:
        """The optimum when prices are between `low` and `high` [P]; None when the solver found none."""
        both = np.concatenate([self._y_plus, self._y_minus])
        self._program.set_costs(both, np.concatenate([np.minimum(high, 1e9), -low]))
        solution = self._program.solve()
        if solution is None:
            return None
        values = solution.values
        prices = np.clip(solution.prices[: len(low)], low, high)
        weights = values[np.concatenate(self._variables)]
        edges = np.concatenate([values[self._y_plus][high < self._pricing.tops], values[self._y_minus][low > 0]])
        return MasterSolution(solution.cost, prices, weights, bool((edges > _EASY).any()))
