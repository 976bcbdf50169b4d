"""Whether all that engines add up stays within 64-bit integers: each number may be in its range and their products not.

Everything is counted in Python's integers, which have no end, once and from sums over all guests.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..errors import Fault, PolicyRefusedError, Reason
from ..measures import PerMeasure
from ..policy.documents import Document, Policy
from ..primitives.disruption import BOOT_COST, COLD_FACTOR
from ..primitives.imbalance import PER_MILLE
from ..problem import STOP_COST, Problem
from ..rules.balance import Balance

MOST = 1 << 60
"""What a level, and each side of a constraint of the exact model, stays below: CP-SAT adds three of them up."""


def check_magnitudes(problem: Problem, policy: Policy) -> None:
    """Nothing, if no level and no constraint of the problem can get too large.

    Raises
    ------
    PolicyRefusedError
        With the document and field whose number is too large for this snapshot, or the level that adds up to too much.
    """
    faults = [fault for document, spec in policy.of(Balance) for fault in _of_balance(problem, document, spec)]
    if not faults:
        most = greatest_measures(problem, policy)
        faults = [
            _too_large("policy", f"level {level.name} could reach {value}", "use smaller weights, or larger units")
            for level in problem.levels
            if (value := level.value(most)) >= MOST
        ]
    if faults:
        raise PolicyRefusedError(faults)


def greatest_measures(problem: Problem, policy: Policy) -> PerMeasure[int]:
    """What each measure cannot exceed in any target."""
    return _most(problem, sum(value for _, spec in policy.of(Balance) for _, _, value in _parts(problem, spec)))


def _of_balance(problem: Problem, document: Document, spec: Balance) -> Iterator[Fault]:
    for path, largest, value in _parts(problem, spec):
        if max(largest, value) >= MOST:
            yield _too_large(
                f"{document.position(path)} {path}",
                f"on this snapshot {path} of {document.name} could cost {value}, and needs numbers up to {largest}",
                "use a smaller weight or target, or a larger unit for the resource",
            )


def _parts(problem: Problem, spec: Balance) -> Iterator[tuple[str, int, int]]:
    """Per part its path, the largest number that a constraint about it has, and the most it can cost."""
    number = {resource: r for r, resource in enumerate(problem.resources)}
    for i, above in enumerate(spec.above):
        load, _, units = _loads(problem, number[above.resource])
        yield f"spec.above[{i}]", load + units, above.weight * (units + problem.host_count)
    for i, ratio in enumerate(spec.ratios):
        _, free, _ = _loads(problem, number[ratio.left])
        load, _, units = _loads(problem, number[ratio.right])
        lacking = ratio.target * free + units + problem.host_count
        yield f"spec.ratios[{i}]", max(load, lacking), ratio.weight * lacking
    for i, peak in enumerate(spec.peaks):
        load, free, _ = _loads(problem, number[peak.resource])
        room = problem.capacity.limit[:, number[peak.resource]]
        least = int(room[room > 0].min(initial=1 << 60))
        yield f"spec.peaks[{i}]", PER_MILLE * (load + free), peak.weight * (PER_MILLE * load // least)


def _loads(problem: Problem, r: int) -> tuple[int, int, int]:
    """Of a resource: the load if all guests ran on one host, the room of all hosts, and the load in units."""
    factors = problem.capacity.factor[:, r]
    most = sum(problem.upper[:, r].tolist()) * int(factors.max(initial=1)) + sum(problem.capacity.held[:, r].tolist())
    return most, sum(problem.capacity.limit[:, r].tolist()), most // int(factors[:, 0].min(initial=1)) + 1


def _most(problem: Problem, balance: int) -> PerMeasure[int]:
    guests, disruption = problem.vm_count, problem.disruption
    values, ranks = problem.tier_values("value").tolist(), problem.tier_values("rank").tolist()
    running = {rank: sum(v for v, r in zip(values, ranks, strict=True) if r == rank) for rank in problem.ranks}
    should = guests * int(problem.allowed.penalty.max(initial=0)) + sum(problem.attraction.base.tolist())
    inherited = guests * int(problem.allowed.breach.max(initial=0)) + problem.capacity.limit.size
    inherited += problem.grouping.most_must
    should += problem.grouping.most_should
    moves = COLD_FACTOR * sum(disruption.move_cost.tolist()) + guests * int(disruption.pair_cost.max(initial=0))
    costs = problem.tier_values("shrink_cost").tolist()
    lacking = [sum(row) for row in problem.requested.tolist()]
    return PerMeasure(
        running=running,
        inherited=inherited,
        stops=STOP_COST * guests,
        shrinkage=sum(cost * amount for cost, amount in zip(costs, lacking, strict=True)),
        should=should,
        disruption=moves + disruption.group_weight * guests + BOOT_COST * problem.host_count,
        balance=balance,
    )


def _too_large(path: str, message: str, fix: str) -> Fault:
    return Fault(Reason.OUT_OF_RANGE, path, f"{message}, which is more than can be counted", fix)
