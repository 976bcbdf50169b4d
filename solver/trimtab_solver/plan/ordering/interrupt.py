"""Interrupting: a guest that is to run at both ends is stopped (or suspended), and started at its goal later."""

from __future__ import annotations

from .agenda import Agenda


class Interruption:
    """Takes guests down on the way, and knows what that costs."""

    def __init__(self, agenda: Agenda) -> None:
        self._agenda = agenda
        self._costs: dict[int, int] = {}

    def interrupt_one(self) -> bool:
        """Takes down one blocked guest whose tier allows it."""
        evictable = self._agenda.walk.problem.evictable
        return any(evictable[v] and self.take_down(v) for v in self._agenda.blocked_moves())

    def take_down(self, v: int) -> bool:
        """Stops or suspends a guest that is to run again; it comes back at its final size."""
        walk = self._agenda.walk
        if not walk.stop(v):
            return False
        self._costs[v] = walk.problem.tiers[int(walk.problem.tier[v])].eviction_cost
        walk.state.sizes[v] = self._agenda.size[v]
        return True

    def cost(self) -> int:
        """What the interruptions add to the stops, of guests that could have moved instead and run in the end."""
        return sum(cost for v, cost in self._costs.items() if not self._had_to_stop(v))

    def _had_to_stop(self, v: int) -> bool:
        """Whether the guest is down in the end, or where it could not have moved."""
        walk = self._agenda.walk
        return walk.is_away(v) or walk.problem.needs_restart(v, walk.host_of(v))
