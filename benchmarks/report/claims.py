"""What the benchmarks are to show: one claim a line, with what was measured and whether it holds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from benchmarks.report.comparison import compare
from benchmarks.report.results import Results, bound_of, excess_percent, has, median, value_of
from benchmarks.subject import Row
from benchmarks.vmha.frontier import SHARES_PERCENT as FRONTIER_SHARES_PERCENT

BRONZE: Final = "running:bronze"
_TIGHT: Final = {"load": 1.02, "sizing": "rigid"}
_MOST_MOVED_PERCENT: Final = 2.0
_MOST_EXCESS_PERCENT: Final = {"200x5000": 5, "1000x25000": 5, "5000x50000": 10, "5000x122000": 10}
_FIRST_PLAN_S: Final = {"200x5000": 0.5, "1000x25000": 2.0, "5000x50000": 6.0}
_MOST_MIB: Final = 3 * 1024
_BTRPLACE_S: Final = 10.0
_LIMITS_S: Final = (300.0, 60.0)
_MEAN_SCORE: Final = 0.5
_WORST_SCORE: Final = 2.0


@dataclass(frozen=True, slots=True)
class Claim:
    """`holds` is None where nothing was measured."""

    text: str
    measured: str
    holds: bool | None

    @property
    def verdict(self) -> str:
        """In a word."""
        return {None: "not measured", True: "holds", False: "FALLS SHORT"}[self.holds]


def claims(results: Results) -> Iterator[Claim]:
    """All claims, in the order in which a reader wonders."""
    yield _high_tiers(results)
    for failure in ("small", "site"):
        for size in ("10x250", "50x1250", *_MOST_EXCESS_PERCENT):
            yield _tight(results, size, failure)
    yield _frontier(results)
    for size, limit_s in _FIRST_PLAN_S.items():
        yield _first_plan(results, size, limit_s)
    yield _memory(results)
    yield _compilers(results)
    yield _btrplace(results)
    for limit_s in _LIMITS_S:
        yield _reassignment(results, limit_s)
    yield from _peers(results)


def _high_tiers(results: Results) -> Claim:
    rows = results.vmha()
    lost = [
        row
        for row in rows
        for level in ("running:gold", "running:silver")
        if value_of(row, level) > bound_of(row, level)
    ]
    return Claim(
        "Gold and Silver never lost while the bound says they can run, at any size",
        f"{len(lost)} of {len(rows)} runs lose some" if rows else "",
        not lost if rows else None,
    )


def _tight(results: Results, size: str, failure: str) -> Claim:
    rows = results.vmha(size=size, failure=failure, **_TIGHT)
    budget_s = rows[0]["case"]["budget_s"] if rows else 0
    within = {"10x250": "proven optimal", "50x1250": "within 1 guest of the bound"}.get(
        size, f"within {_MOST_EXCESS_PERCENT.get(size)} % of the bound"
    )
    text = f"{size}, {failure} failure, load 1.02, rigid: Bronze loss {within}, at most 2 % moved"
    if not rows:
        return Claim(text, "", None)
    values, bounds = [value_of(row, BRONZE) for row in rows], [bound_of(row, BRONZE) for row in rows]
    moved = median(row["moved_percent"] for row in rows)
    gap = median(value - bound for value, bound in zip(values, bounds, strict=True))
    excess = excess_percent(values, bounds)
    limit = _MOST_EXCESS_PERCENT.get(size)
    fits = excess <= limit if limit is not None else gap <= (1 if size == "50x1250" else 0)
    measured = (
        f"lost {_list(values)}, bound {_list(bounds)} (median gap {gap:g}, {excess:.1f} %), moved {moved:.2f} %, "
        f"{median(row['wall_s'] for row in rows):.1f} s of {budget_s:g} s"
    )
    return Claim(text, measured, fits and moved <= _MOST_MOVED_PERCENT)


def _frontier(results: Results) -> Claim:
    rows = results.rows["frontier"]
    whole = [
        row for row in rows if [point["share_percent"] for point in row["points"]] == list(FRONTIER_SHARES_PERCENT)
    ]
    return Claim(
        "A shortage is answered with what moving 0, 0.5, 1, 2 and 5 % of the guests would buy",
        f"{len(whole)} of {len(rows)} runs" if rows else "",
        len(whole) == len(rows) if rows else None,
    )


def _first_plan(results: Results, size: str, limit_s: float) -> Claim:
    rows = results.vmha(size=size)
    times = [row["first"]["wall_s"] for row in rows]
    return Claim(
        f"{size}: first verified plan within {limit_s:g} s from bytes to answer",
        f"median {median(times):.2f} s, worst {max(times):.2f} s of {len(times)}" if times else "",
        median(times) <= limit_s if times else None,
    )


def _memory(results: Results) -> Claim:
    rows = results.vmha(size="5000x122000")
    peak = max((row["peak_mib"] for row in rows), default=0)
    return Claim(
        "5000x122000: peak memory of a solve below 3 GiB",
        f"{peak / 1024:.2f} GiB at most in {len(rows)} runs" if rows else "",
        peak < _MOST_MIB if rows else None,
    )


def _compilers(results: Results) -> Claim:
    rows = results.rows["startup"]
    pairs = [(row["first"]["wall_s"], row["second"]["wall_s"]) for row in rows]
    return Claim(
        "The first request of a fresh service waits for no compiler",
        "; ".join(f"first {first:.2f} s, second {second:.2f} s" for first, second in pairs),
        all(first <= second + 0.5 for first, second in pairs) if pairs else None,
    )


def _btrplace(results: Results) -> Claim:
    rows = [row for row in results.rows["btrplace"] if row["case"]["size"].startswith(("std-perf/nr", "tdsc/"))]
    good = [row for row in rows if is_restored(row) and row["wall_s"] <= _BTRPLACE_S]
    return Claim(
        "BtrPlace nr3-nr6 and tdsc: everything restarts, all rules hold, verified, within 10 s",
        f"{len(good)} of {len(rows)}, slowest {max(row['wall_s'] for row in rows):.1f} s" if rows else "",
        len(good) == len(rows) if rows else None,
    )


def is_restored(row: Row) -> bool:
    """Whether a row of ``btrplace`` says that all is well."""
    return bool(row["restarted"] == row["to_restart"] and not row["inherited"] and row["verified"])


def _reassignment(results: Results, limit_s: float) -> Claim:
    rows = [row for row in results.rows["roadef"] if has(row, budget_s=limit_s)]
    scores = scores_of_set_b(rows)
    mean = sum(scores.values()) / len(scores) if scores else 0.0
    worst = max(scores.values(), default=0.0)
    is_feasible = all(row["feasible"] for row in rows)
    measured = f"{len(scores)} instances: mean {mean:+.3f} %, worst {worst:+.3f} %"
    if not is_feasible:
        measured += ", INFEASIBLE assignments"
    return Claim(
        f"Reassignment challenge, set B, {limit_s:g} s: feasible, mean score at most 0.5 %, none above 2 %",
        measured if scores else "",
        is_feasible and mean <= _MEAN_SCORE and worst <= _WORST_SCORE if scores else None,
    )


def scores_of_set_b(rows: list[Row]) -> dict[str, float]:
    """Median score over seeds, per instance of set B."""
    names = dict.fromkeys(row["case"]["size"] for row in rows if row["case"]["size"].startswith("b_"))
    return {name: median(row["score"] for row in rows if has(row, size=name)) for name in names}


def _peers(results: Results) -> Iterator[Claim]:
    for one in compare(results):
        figures = (
            f"Bronze lost {one.our_bronze:g} against {one.bronze:g}, "
            f"moved {one.our_moved:.2f} % against {one.moved:.2f} %"
        )
        if one.violations:
            figures += f"; it breaks {one.violations} rules"
        yield Claim(
            f"{one.peer}, {one.size}, load {one.load:.2f}: no level worse, and more Bronze kept or fewer moved",
            figures,
            one.holds,
        )


def _list(values: list[int]) -> str:
    return "/".join(map(str, values))
