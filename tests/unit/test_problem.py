"""Problems: nobody writes to one, and what does not change is not built again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace

import numpy as np
import pytest

from tests.support.cluster import policy, snapshot, vm
from tests.support.strategies import tiny_cluster
from tests.support.targets import problem_of
from trimtab_solver.primitives.domain_limit import DomainLimit
from trimtab_solver.primitives.domain_map import DomainMap
from trimtab_solver.primitives.encoding import Index
from trimtab_solver.primitives.groups import Groups
from trimtab_solver.problem import NOWHERE, Target


def arrays_in(value: object, path: str) -> Iterator[tuple[str, np.ndarray]]:
    """Every array within a value, with where it is."""
    if isinstance(value, np.ndarray):
        yield path, value
    elif isinstance(value, tuple):
        for i, part in enumerate(value):
            yield from arrays_in(part, f"{path}[{i}]")
    elif is_dataclass(value):
        for field in fields(value):
            yield from arrays_in(getattr(value, field.name), f"{path}.{field.name}")


def test_no_array_of_a_problem_can_be_written_to() -> None:
    """Whatever primitives the policy compiles to: an engine that writes to one fails at once."""
    kinds, found = set(), 0
    for seed in range(300):
        problem = problem_of(*tiny_cluster(seed))
        kinds |= {type(group) for group in problem.groups}
        arrays = list(arrays_in(problem, "problem"))
        found += len(arrays)
        assert [path for path, array in arrays if array.flags.writeable] == []
    assert len(kinds) == 7
    assert found > 300 * 30


def test_hosts_where_a_guest_may_arrive_are_not_the_problems_to_spoil() -> None:
    """Who wants to change the answer copies it."""
    problem = problem_of(snapshot([vm("waits")]), policy())
    with pytest.raises(ValueError, match="read-only"):
        problem.arrivals(0)[:] = False


def test_a_changed_problem_keeps_the_indices_of_its_groups() -> None:
    """They depend on the groups alone."""
    problem = problem_of(*tiny_cluster(3))
    assert replace(problem, floor=problem.upper.copy()).groups_of is problem.groups_of


def test_losses_are_found_by_name_wherever_their_levels_stand() -> None:
    """Per rank, highest first; a problem whose levels count no loss says so."""
    problem = problem_of(*tiny_cluster(3))
    turned = replace(problem, levels=problem.levels[::-1])
    nobody = Target(np.full(problem.vm_count, NOWHERE, dtype=np.int32), problem.floor)
    value, rank = problem.tier_values("value"), problem.tier_values("rank")
    lost = {r: int(value[rank == r].sum()) for r in problem.ranks}
    assert len(lost) > 1
    assert [list(one.losses(one.evaluate(nobody)).items()) for one in (problem, turned)] == [list(lost.items())] * 2
    with pytest.raises(KeyError):
        replace(problem, levels=problem.levels[-1:]).losses((0,))


def _limit(key: str, domains: DomainMap, members: Index) -> DomainLimit:
    return DomainLimit(rule="r", key=key, must=True, weight=0, domains=domains, members=members, limit=1)


def test_groups_count_by_their_map_even_when_its_arrays_are_copies() -> None:
    """Maps are told apart by their key: arrays that come back from another process are others, and the same."""
    members, place = np.arange(3, dtype=np.int32), np.array([0, 1, 2], dtype=np.int32)
    one = DomainMap(1, np.array([0, 0, 1], dtype=np.int32), 2)
    copy = DomainMap(1, one.of_host.copy(), 2)
    other = DomainMap(2, np.array([0, 0, 0], dtype=np.int32), 1)
    groups = Groups.of(_limit(str(i), domains, members) for i, domains in enumerate((one, copy, other)))
    assert groups.amounts(place).tolist() == [1, 1, 2]
    (_, stack), *_ = groups.stacks
    assert len(stack.members.domains) == 2  # type: ignore[attr-defined]  # a stack of limits
