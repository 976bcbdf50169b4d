"""Tables of the report, in Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from benchmarks.report.claims import claims, is_restored
from benchmarks.report.comparison import is_in_time
from benchmarks.report.results import Results, bound_of, grouped, median, value_of
from benchmarks.subject import Row

_TIERS = ("gold", "silver", "bronze")


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A Markdown table; columns of numbers are the reader's to recognise."""
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    lines += ["| " + " | ".join(map(str, row)) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def claims_table(results: Results) -> str:
    """Every claim with its verdict."""
    rows = [(claim.text, claim.measured, claim.verdict) for claim in claims(results)]
    return table(("claim", "measured (medians over seeds)", "verdict"), rows)


def vmha_table(results: Results) -> str:
    """A line per size, failure, load, policy and budget; medians over seeds."""
    facts = ("size", "failure", "load", "sizing", "budget_s")
    lines = []
    for key, rows in grouped(results.rows["vmha"], lambda row: tuple(row["case"][fact] for fact in facts)).items():
        lost = (f"{_mid(rows, f'running:{tier}')} / {_mid_bound(rows, f'running:{tier}')}" for tier in _TIERS)
        lines.append(
            (
                *key,
                len(rows),
                *lost,
                f"{median(row['moved_percent'] for row in rows):.2f}",
                _mid(rows, "stops"),
                f"{_mid(rows, 'shrinkage')} / {_mid_bound(rows, 'shrinkage')}",
                f"{median(row['first']['wall_s'] for row in rows):.2f}",
                f"{median(row['wall_s'] for row in rows):.1f}",
                max(row["peak_mib"] for row in rows),
                _outcomes(rows),
            )
        )
    head = (
        *("size", "failure", "load", "policy", "budget s", "seeds"),
        *("Gold lost / bound", "Silver", "Bronze", "moved %", "stops", "shrinkage / bound"),
        *("first plan s", "answer s", "peak MiB", "outcomes"),
    )
    return table(head, lines)


def peers_table(results: Results) -> str:
    """A line per peer, size and load, with trimtab's own runs of the same instances beside them."""
    facts = ("peer", "size", "load", "budget_s")
    lines = []
    for key, rows in grouped(results.rows["peers"], lambda row: tuple(row["case"][fact] for fact in facts)).items():
        done = [row for row in rows if "unfinished" not in row]
        if not done:
            lines.append((*key, f"0 of {len(rows)}", *("",) * 5, rows[0]["unfinished"]))
            continue
        late = "" if all(map(is_in_time, done)) else ", late"
        broken: dict[str, int] = {}
        for row in done:
            for code, count in row["violations"].items():
                broken[code] = broken.get(code, 0) + count
        lines.append(
            (
                *key,
                f"{len(done)} of {len(rows)}{late}",
                " / ".join(_mid(done, f"running:{tier}") for tier in _TIERS),
                f"{median(row['moved_percent'] for row in done):.2f}",
                f"{median(row['stopped'] for row in done):g}",
                f"{median(row['wall_s'] for row in done):.1f}",
                ", ".join(f"{code} {count}" for code, count in sorted(broken.items())) or "none",
                done[0]["version"],
            )
        )
    head = (
        "peer",
        "size",
        "load",
        "budget s",
        "finished",
        "lost G / S / B",
        "moved %",
        "stopped",
        "s",
        "breaks",
        "version",
    )
    return table(head, lines)


def btrplace_table(results: Results) -> str:
    """A line per instance."""
    rows = [
        (
            row["case"]["size"],
            row["hosts"],
            row["vms"],
            f"{row['restarted']} of {row['to_restart']}",
            row["moved"],
            row["inherited"],
            "yes" if row["verified"] else "NO",
            f"{row['first_s']:.2f}",
            f"{row['wall_s']:.1f}",
            row["peak_mib"],
            row["outcome"],
            "yes" if is_restored(row) else "NO",
        )
        for row in results.rows["btrplace"]
    ]
    head = (
        *("instance", "hosts", "VMs", "restarted", "moved", "broken rules", "verified"),
        *("first plan s", "answer s", "peak MiB", "outcome", "all well"),
    )
    return table(head, rows)


def reassignment_table(results: Results) -> str:
    """A line per instance and time limit; medians over seeds."""
    lines = []
    key = _size_and_budget
    for (name, limit_s), rows in grouped(results.rows["roadef"], key).items():
        lines.append(
            (
                name,
                f"{limit_s:g}",
                len(rows),
                f"{median(row['cost'] for row in rows):,.0f}",
                f"{min(row['cost'] for row in rows):,}",
                f"{median(row['score'] for row in rows):+.3f}",
                f"{median(row['score_best_known'] for row in rows):+.3f}",
                "yes" if all(row["feasible"] for row in rows) else "NO",
                f"{max(row['wall_s'] for row in rows):.0f}",
                max(row["peak_mib"] for row in rows),
            )
        )
    head = (
        *("instance", "limit s", "seeds", "median cost", "best cost", "score %", "to best known %"),
        *("feasible", "slowest s", "peak MiB"),
    )
    return table(head, lines)


def stages_table(results: Results) -> str:
    """Where the time to the first verified plan goes, per size; medians over all cases, in milliseconds."""
    by_size = grouped(results.rows["vmha"], lambda row: str(row["case"]["size"]))
    stages = list(dict.fromkeys(stage for row in results.rows["vmha"] for stage in row["first"]["stages_s"]))
    lines = [
        (size, *(f"{1000 * median(row['first']['stages_s'].get(stage, 0.0) for row in rows):.0f}" for stage in stages))
        for size, rows in by_size.items()
    ]
    return table(("size", *stages), lines)


def frontier_table(results: Results) -> str:
    """A line per size and share of guests that may move; medians over seeds of Bronze lost, and its bound."""
    pairs = [(row, point) for row in results.rows["frontier"] for point in row["points"]]
    lines = []
    for size in dict.fromkeys(row["case"]["size"] for row, _ in pairs):
        of_size = [point for row, point in pairs if row["case"]["size"] == size]
        for share in sorted({point["share_percent"] for point in of_size}):
            points = [point for point in of_size if point["share_percent"] == share]
            lines.append(
                (
                    size,
                    f"{share:g}",
                    f"{median(point['allowed'] for point in points):g}",
                    f"{median(point['moves'] for point in points):g}",
                    " / ".join(_mid(points, f"running:{tier}") for tier in _TIERS),
                    _mid_bound(points, "running:bronze"),
                )
            )
    return table(("size", "may move %", "that is", "moved", "lost G / S / B", "Bronze bound"), lines)


def startup_table(results: Results) -> str:
    """A line per size."""
    rows = [
        (
            row["case"]["size"],
            f"{row['start_s']:.1f}",
            f"{row['first']['wall_s']:.2f}",
            f"{row['second']['wall_s']:.2f}",
            value_of(row["first"], "running:bronze"),
            value_of(row["second"], "running:bronze"),
        )
        for row in results.rows["startup"]
    ]
    head = ("size", "service start s", "first request s", "second request s", "Bronze lost, first", "second")
    return table(head, rows)


def small_plans_table(results: Results) -> str:
    """A line per load."""
    rows = [
        (
            row["case"]["size"],
            row["case"]["load"],
            f"{row['plans_per_s']:.1f}",
            f"{1000 * row['median_s']:.0f}",
            f"{1000 * row['p99_s']:.0f}",
        )
        for row in results.rows["small_plans"]
    ]
    return table(("size", "load", "plans a second", "median ms", "slowest in a hundred, ms"), rows)


def policies_table(results: Results) -> str:
    """A line per size."""
    rows = [
        (row["case"]["size"], row["case"]["rules"], f"{row['read_cpu_s']:.2f}", f"{row['compile_cpu_s']:.2f}")
        for row in results.rows["policies"]
    ]
    return table(("size", "rules", "read, CPU s", "compile, CPU s"), rows)


def prepared_table(results: Results) -> str:
    """A line per size and policy."""
    rows = [
        (
            row["case"]["size"],
            row["case"]["sizing"],
            f"{1000 * row['after_cpu_s']:.1f}",
            f"{1000 * row['anew_cpu_s']:.1f}",
            f"{row['times_faster']:.1f}",
            f"{row['after_kept_mib']:.1f} ({row['after_most_mib']:.1f})",
            f"{row['anew_kept_mib']:.1f} ({row['anew_most_mib']:.1f})",
        )
        for row in results.rows["prepared"]
    ]
    head = ("size", "policy", "after, CPU ms", "anew, CPU ms", "times faster", "after, MiB (most)", "anew, MiB (most)")
    return table(head, rows)


def renamings_table(results: Results) -> str:
    """A line per size, budget and seed."""
    rows = [
        (
            row["case"]["size"],
            f"{row['case']['budget_s']:g}",
            row["case"]["seed"],
            *(_spread([plan[name] for plan in row["plans"]]) for name in ("actions", "moves", "needless")),
            len({tuple(plan["levels"]) for plan in row["plans"]}),
            sum(plan["outcome"] != "FEASIBLE" for plan in row["plans"]),
        )
        for row in results.rows["renamings"]
    ]
    head = ("size", "budget s", "seed", "actions", "moves", "needless", "different values", "proven")
    return table(head, rows)


def what_if_table(results: Results) -> str:
    """A line per batch."""
    rows = [
        (
            *(row["case"][name] for name in ("size", "load", "lost", "first", "seed")),
            row["scenarios"],
            f"{row['wall_s']:.1f}",
            f"{row['scenarios_per_s']:.1f}",
            f"{row['once_cpu_s']:.1f}",
            f"{row['cpu_ms_each']:.1f}",
            *(", ".join(f"{name} {count}" for name, count in row[counts].items()) for counts in ("bases", "lose")),
            *(" / ".join(map(str, row["peak_mib"][when].values())) for when in ("early", "end")),
            f"{row['load_average']:.1f}",
        )
        for row in results.rows["what_if"]
    ]
    head = (
        *("size", "load", "lost", "first", "seed", "scenarios", "wall s", "a second", "CPU s once", "CPU ms each"),
        *("verdicts", "lose", "MiB forking / worker / own, after 500", "at the end", "machine load"),
    )
    return table(head, rows)


def plan_loop_table(results: Results) -> str:
    """A line per batch with plans beside it."""
    rows = [
        (
            *(row["case"][name] for name in ("size", "lost", "plan_budget_s", "seed")),
            row["planned"],
            f"{1000 * row['wall_s'] / row['scenarios']:.0f}",
            *(f"{1000 * row[f'{name}_s']:.0f} ({row['times_faster'][name]:g})" for name in ("plan", "enough")),
            f"{row['same_losses']}, {row['plan_loses_less']}",
        )
        for row in results.rows["what_if"]
        if "planned" in row
    ]
    head = (
        *("size", "lost", "plan budget s", "seed", "plans", "verdict, ms"),
        *("plan, ms (times)", "until it had found its losses", "same losses, plan loses less"),
    )
    return table(head, rows)


def _spread(values: list[int]) -> str:
    return f"{min(values)} / {median(values):g} / {max(values)}"


def failures_table(results: Results) -> str:
    """Cases that ended with an error."""
    rows = [
        (row["subject"], " ".join(f"{key}={value}" for key, value in row["case"].items()), row["error"])
        for row in results.failed
    ]
    return table(("subject", "case", "error"), rows)


def _size_and_budget(row: Row) -> tuple[str, float]:
    return row["case"]["size"], row["case"]["budget_s"]


def _mid(rows: list[Row], level: str) -> str:
    return f"{median(value_of(row, level) for row in rows):g}"


def _mid_bound(rows: list[Row], level: str) -> str:
    return f"{median(bound_of(row, level) for row in rows):g}"


def _outcomes(rows: list[Row]) -> str:
    counts: dict[str, int] = {}
    for row in rows:
        counts[row["outcome"]] = counts.get(row["outcome"], 0) + 1
    return ", ".join(f"{count} {name}" for name, count in sorted(counts.items()))
