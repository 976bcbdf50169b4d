"""Dropping: what cannot be done in any safe order is given up, and said."""

from __future__ import annotations

from ...problem import NOWHERE
from .agenda import Agenda


def drop_all(agenda: Agenda) -> list[tuple[int, str]]:
    """Gives up all who wait, moves first, then the starts of lowest rank: each guest, and what it could not do."""
    moves = list(agenda.blocked_in_turn())
    rest = agenda.waiting.keys() - set(moves)
    dropped = []
    for v in (*moves, *sorted(rest, key=lambda v: (agenda.rank[v], -v))):
        dropped.append((v, _words(agenda, v)))
        agenda.give_up(v)
    return dropped


def _words(agenda: Agenda, v: int) -> str:
    problem = agenda.walk.problem
    here, goal, name = agenda.walk.host_of(v), int(agenda.goal[v]), problem.vm_ids[v]
    if here == NOWHERE:
        return f"{name} cannot be started on {problem.host_ids[goal]}: no safe order frees its room"
    if goal == NOWHERE:
        return f"{name} cannot be stopped without breaking a rule"
    return (
        f"{name} cannot be moved from {problem.host_ids[here]} to {problem.host_ids[goal]}: no safe order, no "
        "room to be made by shrinking, no host to park it on, and its tier allows no stop"
    )
