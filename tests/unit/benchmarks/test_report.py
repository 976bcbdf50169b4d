"""The report says what the rows say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from benchmarks.report.__main__ import main as report
from benchmarks.report.claims import Claim, claims
from benchmarks.report.comparison import compare
from benchmarks.report.results import Results
from benchmarks.rows import RowFile
from benchmarks.run import main as run

ENVIRONMENT = {"commit": "abc", "machine": "m", "cores": "2", "python": "3.11"}


def vmha_row(seed: int, lost: int, bound: int, moved_percent: float, size: str = "50x1250") -> dict[str, Any]:
    """A row of the tight rigid case, as `vmha` writes it."""
    levels = {
        "running:gold": [0, 0],
        "running:silver": [0, 0],
        "running:bronze": [lost, bound],
        "inherited": [0, 0],
        "stops": [0, 0],
        "shrinkage": [0, 0],
    }
    stages = {"parse": 0.001, "first_plan": 0.25}
    plan = {"wall_s": 0.3, "peak_mib": 200, "levels": levels, "outcome": "FEASIBLE", "moved_percent": moved_percent}
    plan |= {"stages_s": stages}
    budgets = {"50x1250": 5.0, "200x5000": 10.0, "5000x122000": 30.0}
    case = {"size": size, "failure": "small", "load": 1.02, "sizing": "rigid", "seed": seed, "budget_s": budgets[size]}
    measured = {"at": "2026-11-24T00:00:00+00:00", "load_average": 1.9, "environment": ENVIRONMENT}
    row = {"subject": "vmha", "case": case, **measured}
    return {**row, **plan, "first": plan, "progress": [[0.1, "greedy", levels]]}


def peer_row(seed: int, lost: int, moved_percent: float, violations: dict[str, int]) -> dict[str, Any]:
    """A row of a peer on the same instance."""
    row = vmha_row(seed, lost, 0, moved_percent)
    levels = {name: value for name, (value, _) in row["levels"].items()}
    case = {"peer": "other", **row["case"]}
    own = {"levels": levels, "violations": violations, "wall_s": 4.0, "stopped": 0, "version": "1", "remark": ""}
    return {**row, "case": case, "subject": "peers", **own}


def results_of(folder: Path, rows: list[dict[str, Any]]) -> Results:
    for row in rows:
        RowFile(folder, row["subject"]).append(row)
    return Results.read(folder)


def claim_about(results: Results, text: str) -> Claim:
    (found,) = (claim for claim in claims(results) if text in claim.text)
    return found


def test_a_loss_within_one_guest_of_the_bound_holds(tmp_path: Path) -> None:
    """The median over seeds counts, and both the loss and the moves must be in limits."""
    results = results_of(tmp_path, [vmha_row(1, 8, 7, 1.0), vmha_row(2, 9, 9, 1.9), vmha_row(3, 12, 8, 1.5)])
    claim = claim_about(results, "50x1250, small failure")
    assert claim.holds
    assert claim.measured.startswith("lost 8/9/12, bound 7/9/8 (median gap 1, 14.3 %), moved 1.50 %")


@pytest.mark.parametrize(("lost", "moved"), [(9, 1.0), (8, 2.5)])
def test_too_much_loss_or_too_many_moves_fall_short(tmp_path: Path, lost: int, moved: float) -> None:
    """Two guests above the bound, or 2.5 % moved."""
    results = results_of(tmp_path, [vmha_row(1, lost, 7, moved)])
    assert claim_about(results, "50x1250, small failure").verdict == "FALLS SHORT"


def test_what_was_not_measured_is_said_to_be_so(tmp_path: Path) -> None:
    """No claim holds for want of rows, and rows at other budgets do not count."""
    row = vmha_row(1, 7, 7, 0.0)
    row["case"]["budget_s"] = 1.0
    assert {claim.verdict for claim in claims(results_of(tmp_path, [row]))} == {"not measured"}


def test_large_clusters_are_measured_in_percent_of_the_bound(tmp_path: Path) -> None:
    """5 % at 200 hosts, 10 % at 5,000."""
    results = results_of(tmp_path, [vmha_row(1, 106, 100, 1.0, "200x5000"), vmha_row(1, 106, 100, 1.0, "5000x122000")])
    assert not claim_about(results, "200x5000, small failure").holds
    assert claim_about(results, "5000x122000, small failure").holds
    assert claim_about(results, "peak memory").holds


@pytest.mark.parametrize(
    ("peer", "holds"),
    [
        (peer_row(1, 9, 1.0, {}), True),
        (peer_row(1, 8, 5.0, {}), True),
        (peer_row(1, 8, 1.0, {}), False),
        (peer_row(1, 7, 9.0, {}), False),
        (peer_row(1, 2, 0.0, {"RULE": 3}), True),
    ],
    ids=["loses more", "moves more", "the same", "loses less", "breaks rules"],
)
def test_a_peer_is_beaten_by_more_bronze_or_fewer_moves(tmp_path: Path, peer: dict[str, Any], holds: bool) -> None:
    """Ours loses 8 and moves 1 %; an answer that breaks rules is no answer."""
    results = results_of(tmp_path, [vmha_row(1, 8, 7, 1.0), peer])
    (one,) = compare(results)
    assert one.holds is holds


def test_a_peer_that_came_late_is_not_compared(tmp_path: Path) -> None:
    """Equal time: twice the budget is too late, and no answer is none."""
    late = {**peer_row(1, 0, 0.0, {}), "wall_s": 10.0}
    none = {**peer_row(2, 0, 0.0, {}), "unfinished": "not done after 60 s"}
    assert list(compare(results_of(tmp_path, [vmha_row(1, 8, 7, 1.0), vmha_row(2, 8, 7, 1.0), late, none]))) == []


def test_the_report_folder_has_tables_and_plots_and_the_log_grows(tmp_path: Path) -> None:
    """Markdown that shows every plot it names; RESULTS.md keeps what it had."""
    run(["--smoke", "--subject", "vmha", "--out", str(tmp_path)])
    results_of(tmp_path, [vmha_row(1, 8, 7, 1.0), peer_row(1, 9, 1.0, {})])
    log = tmp_path / "RESULTS.md"
    log.write_text("# Results\n")
    assert report(["--out", str(tmp_path), "--append", "--results", str(log)]) == 0
    text = (tmp_path / "report" / "README.md").read_text()
    assert "| 50x1250 | small | 1.02 | rigid | 5.0 | 1 | 0 / 0 | 0 / 0 | 8 / 7 |" in text
    assert "| other | 50x1250 | 1.02 | 5.0 | 1 of 1 | 0 / 0 / 9 |" in text
    assert "| size | parse |" in text
    assert "\n| 50x1250 | 1 | " in text
    plots = {path.name for path in (tmp_path / "report").glob("*.png")}
    assert plots == {"quality-over-time.png", "quality-over-size.png", "first-plan.png", "memory.png"}
    assert all(f"]({name})" in text for name in plots)
    assert log.read_text().startswith("# Results\n\n## ")
    assert "### What it is to show" in log.read_text()


def test_without_rows_there_is_no_report(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The message says what to run first."""
    assert report(["--out", str(tmp_path)]) == 2
    assert "run `python -m benchmarks.run` first" in capsys.readouterr().err
