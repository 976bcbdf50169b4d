"""Compiling policy x snapshot into a `Problem`: what stays the same while a cluster changes, then what does not."""

from __future__ import annotations

from ..policy.documents import Policy
from ..policy.selection import Selection
from ..problem import Problem
from ..snapshot import Snapshot
from .compiled import Compilation, compile_cluster

__all__ = ["Compilation", "compile_cluster", "compile_problem"]


def compile_problem(snapshot: Snapshot, policy: Policy, selection: Selection) -> Problem:
    """The problem of a valid snapshot; `selection` may be of a policy with more rules and a snapshot with more guests.

    Raises
    ------
    PolicyRefusedError
        When an expression fails on a guest, a guest has no tier or two, or a rule contradicts itself or the snapshot.
    """
    return compile_cluster(snapshot, policy, selection).problem
