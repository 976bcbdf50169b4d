"""How hot a search has to be, and which changes it should propose: measured on the instance."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from .chance import below
from .kernels.compiled import compiled
from .moves import INFINITY, shift_change
from .rows import DOWN, Floats, State, Tables, Whole
from .tables import NO_BUDGET

_SAMPLES = 100_000
_FELLOWS, _CROWDED, _PEERS = 0.1, 0.2, 0.3
_PATIENCE = (0.3, 40.0)


@dataclass(frozen=True, slots=True)
class Heat:
    """A temperature that falls from `hot` to `cold` by a constant factor, and the shares of the kinds of changes.

    `mix` [8] are shares of the kinds of changes, see `anneal`.
    """

    hot: float
    cold: float
    mix: Floats

    def at(self, done: float) -> float:
        """The temperature when so much of the time is over (0 to 1)."""
        return float(self.hot * (self.cold / self.hot) ** min(1.0, done)) if self.hot > 0 else 0.0

    def scaled(self, warmth: float) -> Self:
        """The same, beginning less hot."""
        return replace(self, hot=max(self.cold, self.hot * warmth))

    def cut(self, span: float) -> Self:
        """The same, ending at the latest when it is so many times colder than at the beginning."""
        return replace(self, cold=max(self.cold, self.hot / span))


def no_heat(tables: Tables) -> Heat:
    """For a descent: no loss is ever taken."""
    return Heat(0.0, 0.0, _mix(tables))


def measure_heat(tables: Tables, state: State, steps: float) -> Heat:
    """Heat for annealing from `state` with about so many proposals.

    Where moves are not counted, the more proposals there are for each guest, the hotter a search may begin and still
    freeze at the end; with few it would only spoil its start.
    """
    found = np.zeros(_SAMPLES)
    changes = found[: _sample(tables, state, found)]
    losses = changes[changes > 0]
    if len(losses) == 0:
        return Heat(1.0, 0.001, _mix(tables))
    low, middle = np.quantile(losses, [0.01, 0.5])
    patience = 1.0
    if tables.options["budget"][0] >= NO_BUDGET:
        patience = float(np.clip((max(0.0, steps) / max(1, len(tables.guests)) / 1000) ** 1.5, *_PATIENCE))
    hot, cold = float(middle) * 0.3 * patience, float(low) * 0.1 * float(np.clip(3 * patience, 1.0, 100.0))
    if state.lengths[DOWN]:
        # hot enough that guests of the lowest rank change places with those that are down, not that they just go down
        hot = max(hot, 0.02 * least_worth(tables))
        cold = hot * 0.1
    return Heat(max(hot, cold), cold, _mix(tables))


def least_worth(tables: Tables) -> float:
    """What the guest costs that may be down most cheaply."""
    worth = tables.guests["down_cost"]
    return float(worth[worth > 0].min()) if (worth > 0).any() else 1.0


def _mix(tables: Tables) -> Floats:
    has_budget = tables.options["budget"][0] < NO_BUDGET
    can_be_down = bool(tables.guests["may_be_down"].any())
    home, swap, chain = 0.05, 0.3, 0.1
    if has_budget:
        # going home leaves a move for somebody else
        home, swap, chain = 0.06, 0.4, 0.05
    elif tables.options["has_transient"][0]:
        # going home frees what moved guests leave behind; elsewhere it would only hold the search where it began
        home = 0.2
    return np.array([0.4 if can_be_down else 0.0, home, swap, chain, 0.0, _FELLOWS, _CROWDED, _PEERS])


@compiled
def _sample(T: Tables, S: State, found: Floats) -> Whole:
    """Prices random shifts; those that are permitted go into `found`."""
    count = 0
    for _ in range(found.shape[0]):
        change = shift_change(T, S, below(S.random, S.guest.shape[0]), below(S.random, S.load.shape[0]))
        if change != INFINITY:
            found[count] = change
            count += 1
    return count
