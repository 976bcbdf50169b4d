"""The two engines that anneal: one over placements as they are, one over room that is sold to guests."""

from __future__ import annotations

from .engine import EngineResult, Task
from .room_prices import RoomPrices, price_room
from .search import SearchOptions, search


class Search:
    """Simulated annealing, then a descent that obeys the order of the levels."""

    name = "search"

    def improve(self, task: Task) -> EngineResult:
        """Never worse than the start."""
        return _anneal(task, None)


class RoomPricing:
    """The same, but at first every guest is worth what the room that it takes would sell for."""

    name = "room-pricing"

    def improve(self, task: Task) -> EngineResult:
        """Never worse than the start."""
        with task.ledger.bounds() as bounds:
            room = price_room(task.problem, bounds, task.start.values)
        return _anneal(task, room)


def _anneal(task: Task, room: RoomPrices | None) -> EngineResult:
    effort = task.effort
    options = SearchOptions(effort.span_s, effort.seed, effort.workers, effort.is_counted, stuck=task.stuck, room=room)
    found = search(
        task.problem,
        options,
        task.start.target,
        lambda better: task.report(better.target),
        effort.stop,
        task.ledger.is_proven,
    )
    return EngineResult(found.target)
