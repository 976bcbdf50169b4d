"""The subjects run, in their smoke modes, and leave rows that say what was measured."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from benchmarks.rows import RowFile
from benchmarks.run import main
from trimtab_solver.prepared import BY_CHANGES


def rows_of(folder: Path, subject: str) -> list[dict[str, Any]]:
    assert main(["--smoke", "--subject", subject, "--out", str(folder)]) == 0
    return RowFile(folder, subject).latest()


def test_vmha_rows_hold_a_verified_plan_under_both_policies(tmp_path: Path) -> None:
    """Value and bound per level, time, memory and moves; the first plan comes before the last."""
    rows = rows_of(tmp_path, "vmha")
    assert [row["case"]["sizing"] for row in rows] == ["rigid", "resizable"]
    for row in rows:
        assert row["verified"]
        assert row["levels"]["running:gold"] == [0, 0]
        assert row["levels"]["running:silver"] == [0, 0]
        assert row["peak_mib"] > 0
        assert row["first"]["verified"]
        assert row["environment"]["ortools"]
    rigid = rows[0]
    lost, bound = rigid["levels"]["running:bronze"]
    assert 0 <= bound <= lost
    assert 2 <= lost <= rigid["first"]["levels"]["running:bronze"][0]


def test_fifty_rules_are_compiled(tmp_path: Path) -> None:
    """Rules of every kind that relates guests and hosts lead to groups and host rules for all guests."""
    (row,) = rows_of(tmp_path, "policies")
    assert row["case"] == {"size": "50x1000", "rules": 50}
    assert row["guests"] == 1000
    assert 15 < row["host_rules"] <= 20
    assert row["groups"] > 100
    assert row["compile_cpu_s"] > 0


def test_a_prepared_cluster_follows_an_event(tmp_path: Path) -> None:
    """Only what had changed is compiled, and keeps less memory than all of it; both times are there."""
    rows = rows_of(tmp_path, "prepared")
    events = ("one host lost", "one host added", "50 guests added", "one guest moved", "one guest resized")
    assert [(row["case"]["sizing"], row["case"]["event"]) for row in rows] == [
        (sizing, event) for sizing in ("rigid", "resizable") for event in events
    ]
    for row in rows:
        assert row["made"] == BY_CHANGES
        assert row["guests"] == 250, "before the event"
        assert 0 < row["after_kept_mib"] < row["anew_kept_mib"]
        assert row["after_cpu_s"] > 0
        assert row["anew_cpu_s"] > 0


def test_losses_are_assessed_and_planned_for(tmp_path: Path) -> None:
    """Every loss has a verdict that rests on something, no plan loses less, and both processes' memory is seen."""
    (row,) = rows_of(tmp_path, "what_if")
    assert row["scenarios"] == sum(row["bases"].values()) == row["case"]["first"]
    assert "NONE" not in row["bases"]
    assert row["same_losses"] == row["planned"] == 2
    assert row["plan_loses_less"] == 0
    assert 0 < row["enough_s"] <= row["plan_s"]
    assert row["peak_mib"]["end"]["forking"] > 0
    assert row["cpu_ms_each"] > 0


def test_a_cluster_under_other_names_is_the_same(tmp_path: Path) -> None:
    """Every plan serves the same guests, and none holds actions that could be left out."""
    (row,) = rows_of(tmp_path, "renamings")
    assert row["case"] == {"size": "12x100", "budget_s": 0.5, "seed": 1}
    first, second = row["plans"]
    assert first["levels"][:4] == second["levels"][:4]
    assert first["actions"] > 10
    assert [plan["needless"] for plan in row["plans"]] == [0, 0]


def test_a_second_run_leaves_out_what_is_done(tmp_path: Path) -> None:
    """Cases that have a row of this commit are not run again, unless that is asked for."""
    first = rows_of(tmp_path, "vmha")
    assert rows_of(tmp_path, "vmha") == first
    path = tmp_path / "rows" / "vmha.jsonl"
    assert len(path.read_text().splitlines()) == len(first)
    main(["--smoke", "--subject", "vmha", "--out", str(tmp_path), "--case", "sizing=rigid", "--again"])
    assert len(path.read_text().splitlines()) == len(first) + 1


def test_own_baselines_are_judged_by_the_verifier(tmp_path: Path) -> None:
    """Greedy and direct CP-SAT break no rule; on a slow machine CP-SAT may find nothing in time, and says so."""
    rows = {row["case"]["peer"]: row for row in rows_of(tmp_path, "peers")}
    assert all(row["version"] for row in rows.values())
    assert rows["greedy"]["violations"] == {}
    assert rows["greedy"]["levels"]["running:bronze"] >= 2
    if "unfinished" in rows["cp-sat"]:
        assert "no solution within 2 s" in rows["cp-sat"]["unfinished"]
    else:
        assert rows["cp-sat"]["violations"] == {}
        assert rows["cp-sat"]["levels"]["running:bronze"] >= 2


def test_a_service_that_has_just_started_is_asked_twice(tmp_path: Path) -> None:
    """Both requests are answered with a verified plan."""
    (row,) = rows_of(tmp_path, "startup")
    assert row["first"]["verified"]
    assert row["second"]["verified"]


def test_the_frontier_has_a_point_per_share_or_is_said_to_be_missing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Five points, each within the moves it allows."""
    rows = rows_of(tmp_path, "frontier")
    if not rows:
        assert "the answer holds no frontier" in capsys.readouterr().err
    for row in rows:
        assert [point["share_percent"] for point in row["points"]] == [0.0, 0.5, 1.0, 2.0, 5.0]
        assert all(point["moves"] <= point["allowed"] for point in row["points"])


@pytest.mark.parametrize("subject", ["btrplace", "roadef"])
def test_third_party_instances_run_where_they_are_at_hand(tmp_path: Path, subject: str) -> None:
    """The smallest instance gives a verified plan, or a feasible assignment."""
    if not os.environ.get("TRIMTAB_BENCH_DATA"):
        pytest.skip("TRIMTAB_BENCH_DATA does not name the folder of third-party instances")
    (row,) = rows_of(tmp_path, subject)
    assert row["verified"] if subject == "btrplace" else row["feasible"]


@pytest.mark.parametrize("subject", ["btrplace", "roadef"])
def test_without_third_party_instances_a_subject_is_skipped_with_a_message(
    subject: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The message names the variable to set; nothing fails and there is no row."""
    monkeypatch.delenv("TRIMTAB_BENCH_DATA", raising=False)
    assert rows_of(tmp_path, subject) == []
    assert "SKIPPED, TRIMTAB_BENCH_DATA is not set" in capsys.readouterr().err


def test_a_row_that_was_cut_off_is_ignored(tmp_path: Path) -> None:
    """A crash while a row is written costs that row only."""
    rows = RowFile(tmp_path, "vmha")
    rows.append({"case": {"size": "a"}, "environment": {"commit": "x"}})
    with (tmp_path / "rows" / "vmha.jsonl").open("a") as file:
        file.write(json.dumps({"case": {"size": "b"}})[:-3])
    assert [row["case"]["size"] for row in rows.latest()] == ["a"]
    rows.append({"case": {"size": "c"}, "environment": {"commit": "x"}})
    assert [row["case"]["size"] for row in rows.latest()] == ["a", "c"]
    assert rows.has({"size": "a"}, "x")
    assert not rows.has({"size": "a"}, "y")
