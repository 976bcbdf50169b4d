"""trimtab against each peer, instance by instance, at equal time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks.report.results import Results, grouped, has, median, value_of
from benchmarks.subject import Row

_GRACE = 1.25
"""A peer has finished in time when it took at most so much of the budget."""


@dataclass(frozen=True, slots=True)
class PeerComparison:
    """Medians over the seeds that the peer finished. `violations`: broken promises of the peer's answers, in sum."""

    peer: str
    size: str
    load: float
    seeds: int
    bronze: float
    our_bronze: float
    moved: float
    our_moved: float
    violations: int
    is_no_worse: bool
    """On every seed, the levels up to the must rules are at least as good, compared in order."""
    is_optimal: bool
    """trimtab's answers are proven best at every level: nothing could be strictly better."""

    @property
    def holds(self) -> bool:
        """No worse anywhere, and strictly better in Bronze kept or guests moved, as far as that is possible.

        An answer that breaks rules is none.
        """
        is_better = self.our_bronze < self.bronze or self.our_moved < self.moved or self.violations > 0
        return self.is_no_worse and (is_better or self.is_optimal)


def _contest(row: Row) -> tuple[str, str, float]:
    return row["case"]["peer"], row["case"]["size"], row["case"]["load"]


def compare(results: Results) -> Iterator[PeerComparison]:
    """Per peer, size and load, over the instances that both have solved."""
    rows = [row for row in results.rows["peers"] if is_in_time(row)]
    for (peer, size, load), theirs in grouped(rows, _contest).items():
        pairs = [(row, ours) for row in theirs for ours in _same_instance(results, row)]
        if pairs:
            yield PeerComparison(
                peer=peer,
                size=size,
                load=load,
                seeds=len(pairs),
                bronze=median(value_of(row, "running:bronze") for row, _ in pairs),
                our_bronze=median(value_of(ours, "running:bronze") for _, ours in pairs),
                moved=median(row["moved_percent"] for row, _ in pairs),
                our_moved=median(ours["moved_percent"] for _, ours in pairs),
                violations=sum(sum(row["violations"].values()) for row, _ in pairs),
                is_no_worse=all(row["violations"] or _levels(ours) <= _levels(row) for row, ours in pairs),
                is_optimal=all(ours["outcome"] == "OPTIMAL" for _, ours in pairs),
            )


def is_in_time(row: Row) -> bool:
    """Whether the peer has an answer within the budget, give or take a little."""
    return "unfinished" not in row and row["wall_s"] <= _GRACE * row["case"]["budget_s"]


def _same_instance(results: Results, row: Row) -> list[Row]:
    facts = {key: value for key, value in row["case"].items() if key != "peer"}
    return [ours for ours in results.rows["vmha"] if has(ours, **facts)]


def _levels(row: Row) -> tuple[int, ...]:
    names = ("running:gold", "running:silver", "running:bronze", "inherited")
    return tuple(value_of(row, name) for name in names)
