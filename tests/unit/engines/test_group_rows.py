"""Groups as rows for kernels."""

from __future__ import annotations

from tests.support.cluster import policy, snapshot, vm
from tests.support.targets import problem_of
from trimtab_solver.engines.search.group_rows import group_rows
from trimtab_solver.engines.search.weights import soft_weights
from trimtab_solver.policy.documents import Selector
from trimtab_solver.rules.separate import Separate


def test_members_of_a_group_stand_in_a_ring() -> None:
    """From each member one gets to all others of its first group and back; who is in none has no fellow."""
    guests = [vm(name, "h1") for name in ("a", "alone", "b", "c", "d")]
    pairs = {
        "ab": Separate(between=(Selector(ids=("a",)), Selector(ids=("b",))), topology="site"),
        "cd": Separate(between=(Selector(ids=("c",)), Selector(ids=("d",))), topology="site"),
    }
    problem = problem_of(snapshot(guests), policy(**pairs))
    fellows = group_rows(problem, soft_weights(problem)).fellows()
    named = {problem.vm_ids[v]: problem.vm_ids[u] if u >= 0 else None for v, u in enumerate(fellows)}
    assert named == {"a": "b", "b": "a", "c": "d", "d": "c", "alone": None}
