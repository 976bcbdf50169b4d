"""``trimtab plan`` and ``trimtab verify``, run for real on clusters of two hosts."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from google.protobuf import json_format

from tests.support import case_files as case
from tests.support.case_files import TIERS, run, written
from trimtab.v1 import plan_pb2
from trimtab_server.reports.answer import frontier_table
from trimtab_server.reports.model import cells
from trimtab_solver.outcome import FrontierPoint, LevelValue
from trimtab_solver.snapshot import Snapshot


@pytest.mark.parametrize(
    ("snapshot", "policy", "code", "outcome"),
    [
        (case.WELL, TIERS, 0, "NO_ACTION_NEEDED"),
        (case.RESTART, TIERS, 0, "OPTIMAL"),
        (case.STAYS_DOWN, TIERS, 1, "OPTIMAL"),
        (case.EVICTION, TIERS, 1, "OPTIMAL"),
        (case.RESTART, TIERS + case.PREFERS_SSD, 0, "OPTIMAL"),
        (case.HOPELESS, TIERS, 3, "INFEASIBLE"),
        (case.CROSSED, TIERS + case.CROSSED_PINS, 3, "UNREACHABLE"),
    ],
    ids=["well", "restart", "stays down", "eviction", "should broken", "infeasible", "unreachable"],
)
def test_exit_code_follows_the_answer(tmp_path: Path, snapshot: Snapshot, policy: str, code: int, outcome: str) -> None:
    """0 all is served, whatever was wished for, 1 a must rule stays broken or a guest down, 3 cannot be done."""
    state, rules = written(tmp_path, snapshot, policy)
    result = run("plan", state, "--policy", rules, "--deadline", "5s")
    assert result.code == code
    assert re.match(rf"{outcome}[:;] ", result.out)
    assert result.err == ""


def test_a_record_that_makes_no_sense_is_told_of(tmp_path: Path) -> None:
    """Its guest is listed in words and as data, the exit code says so, verify knows it, and strict refuses."""
    late = replace(case.B, id="late", host_id="h1")
    state, rules = written(tmp_path, replace(case.RESTART, vms=(*case.RESTART.vms, late)))
    plan = tmp_path / "plan.json"
    result = run("plan", state, "--policy", rules, "-o", plan)
    assert result.code == 1
    assert "Records that make no sense: 1 guest" in result.words
    assert "late INCONSISTENT_STATE" in result.words
    (record,) = json.loads(plan.read_text())["quarantined"]
    assert (record["vmId"], record["faults"][0]["path"]) == ("late", "snapshot.vms[1].host_id")
    verified = run("verify", plan, "--snapshot", state, "--policy", rules)
    assert verified.code == 0
    assert "Records that make no sense: 1 guest" in verified.words
    assert run("plan", state, "--policy", rules, "--strict").code == 2
    markdown = run("plan", state, "--policy", rules, "--format", "markdown").out
    assert 'guest "late" is RUNNING on host "h1", which is DOWN' in markdown


def test_table_answers_the_questions_of_an_operator(tmp_path: Path) -> None:
    """What failed, what happens to whom and why, what stays down and why, how good it is, that it is verified."""
    state, rules = written(tmp_path, case.EVICTION)
    words = run("plan", state, "--policy", rules).words
    assert "1 hardware failure: 1 host down (h1), 1 guest displaced." in words
    assert "fence h1 h1 is down; nothing of it may start elsewhere before it is fenced" in words
    assert "suspend b on h2 makes room on h2 for a" in words
    assert "start a on h2 its host h1 failed; restarts on h2" in words
    assert "Stays down: 1 guest" in words
    assert "running:top 0 guest value proven best top guests down, by value" in words
    assert "Verified by replay." in words
    # tier, ran before, displaced, restarted, suspended, stays down, runs after; what is zero for all has no column
    assert "low 1 0 0 1 1 0" in words
    assert "top 1 1 1 0 0 1" in words
    # fencing, suspension and start take 15, 1 and 1 s; fencing and suspension wait for nobody
    assert "Back: top 1 guest by " in words
    assert "Lost: 1 guest of low (suspended by this plan to make room for others)." in words
    assert "Costs: 1 suspension." in words
    assert "2 3 15 s 1, 2 start a on h2" in words


@pytest.mark.parametrize(
    ("snapshot", "policy", "verdict"),
    [
        (case.WELL, TIERS, "NO_ACTION_NEEDED: all is well; there is nothing to do"),
        (case.RESTART, TIERS, "OPTIMAL: the plan is safe, and proven best at every level"),
        (case.WELL, TIERS + case.PREFERS_SSD, "NO_ACTION_NEEDED; 1 rule remains broken (level should)"),
        (case.WELL, TIERS + case.EVEN, "NO_ACTION_NEEDED; 1 host remains above a threshold"),
        (
            case.CROSSED,
            TIERS + case.CROSSED_PINS + case.PREFERS_SSD,
            "UNREACHABLE; 3 rules remain broken (1 of level should)",
        ),
        (case.STAYS_DOWN, TIERS, "OPTIMAL; 1 guest stays down"),
        (case.STUCK, TIERS, "OPTIMAL; 1 guest stays on a host to be emptied"),
    ],
    ids=["well", "restart", "wish", "hot host", "rules", "down", "blocker"],
)
def test_the_first_line_counts_what_is_lost(tmp_path: Path, snapshot: Snapshot, policy: str, verdict: str) -> None:
    """All is well only when it is; else the guests, rules and hosts that are not as they should be."""
    state, rules = written(tmp_path, snapshot, policy)
    assert run("plan", state, "--policy", rules).out.splitlines()[0] == verdict


def test_load_above_a_threshold_has_a_unit(tmp_path: Path) -> None:
    """The amounts before and after are bare numbers: what they count is said with the host."""
    state, rules = written(tmp_path, case.WELL, TIERS + case.EVEN)
    assert re.search(
        r"h\d is \d+ % full of memory, above 70% \(amounts in MiB\)", run("plan", state, "--policy", rules).words
    )


def test_blockers_and_broken_rules_are_in_every_format(tmp_path: Path) -> None:
    """The guest that keeps a host from being emptied, and the rule that it breaks, with the reason."""
    state, rules = written(tmp_path, case.STUCK, TIERS + case.PREFERS_SSD)
    for form in ("table", "markdown", "html", "yaml", "json"):
        words = re.sub(r"\\|\s+", " ", run("plan", state, "--policy", rules, "--format", form).out)
        for text in ("cannot be migrated while it runs", "stop it by hand", "prefers-ssd", "a on h1"):
            assert text in words, form


def test_json_is_the_canonical_answer_alone(tmp_path: Path) -> None:
    """Stdout parses as trimtab.v1.Answer; the file written beside it holds the same."""
    state, rules = written(tmp_path, case.RESTART)
    result = run("plan", state, "--policy", rules, "--format", "json", "-o", tmp_path / "a.json")
    answer = json_format.Parse(result.out, plan_pb2.Answer())
    assert answer.outcome == plan_pb2.OUTCOME_OPTIMAL
    assert [action.kind for action in answer.plan.actions] == [
        plan_pb2.ACTION_KIND_FENCE_HOST, plan_pb2.ACTION_KIND_START,
    ]  # fmt: skip
    assert answer.certificate.verified
    assert (tmp_path / "a.json").read_text() == result.out


def test_yaml_has_the_structure_of_the_json(tmp_path: Path) -> None:
    """The same plan printed twice, in reproducible mode, is the same structure."""
    state, rules = written(tmp_path, case.RESTART)
    texts = [run("plan", state, "--policy", rules, "--reproducible", "--format", form).out for form in ("yaml", "json")]
    assert yaml.safe_load(texts[0]) == json.loads(texts[1])


def test_markdown_lists_everything(tmp_path: Path) -> None:
    """Headings, a table row per action and per guest that stays down."""
    state, rules = written(tmp_path, case.EVICTION)
    text = run("plan", state, "--policy", rules, "--format", "markdown").out
    assert text.startswith("# OPTIMAL; 1 guest stays down\n")
    assert "\n| 1 | 1 | 0 s |  | fence h1 |" in text
    assert "\n| b | low | " in text
    assert "\n## How good the plan is\n" in text


def test_a_file_for_a_browser_lists_everything(tmp_path: Path) -> None:
    """Actions, who stays down, the levels: of plan, verify and explain."""
    state, rules = written(tmp_path, case.EVICTION)
    page = run("plan", state, "--policy", rules, "--format", "html", "-o", tmp_path / "plan.json").out
    assert page.startswith("<!DOCTYPE html>")
    for cell in ("fence h1", "suspend b on h2", "start a on h2", "running:top"):
        assert f">{cell}</td>" in page
    verified = run(
        "verify", tmp_path / "plan.json", "--snapshot", state, "--policy", rules, "--format", "html", "--limit", "1"
    )
    assert '<h1 class="good">SAFE: 3 actions, no violation; ' in verified.out
    explained = run("explain", state, "b", "--policy", rules, "--format", "html").out
    assert "It does not run after the plan: " in explained


def test_lists_are_limited_on_request(tmp_path: Path) -> None:
    """--limit 1 shows one row and counts the rest; --limit 0 shows all."""
    state, rules = written(tmp_path, case.EVICTION)
    assert "... and 2 more" in run("plan", state, "--policy", rules, "--limit", "1").out
    assert "more" not in run("plan", state, "--policy", rules, "--limit", "0").out


def test_names_cannot_reach_the_terminal(tmp_path: Path) -> None:
    """A guest whose name is markup and escape sequences is shown as text, in every format."""
    name = "[bold]x\x1b[31m"
    state, rules = written(tmp_path, case.RESTART)
    state.write_text(state.read_text().replace('"a"', json.dumps(name)))
    for form in ("table", "markdown", "html", "yaml", "json"):
        result = run("plan", state, "--policy", rules, "--format", form)
        assert result.code == 0
        assert "\x1b" not in result.out
    assert r"[bold]x\x1b[31m" in run("plan", state, "--policy", rules).out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["plan", "s.json"], "--policy is missing: say which policy to plan under"),
        (["plan", "missing.json", "--policy", "p.yaml"], "missing.json: No such file or directory"),
        (["plan", "s.txt", "--policy", "p.yaml"], "s.txt: the file name does not say its format"),
        (["plan", "s.json", "--policy", "missing"], "missing: cannot be read: No such file or directory"),
        (["plan", "s.json", "--policy", "p.yaml", "--deadline", "soon"], "'soon' is no duration above zero"),
        (["plan", "s.json", "--policy", "p.yaml", "--seed", "-1"], "Invalid value for '--seed'"),
        (["plan", "s.json", "--policy", "p.yaml", "-o", "a.txt"], "a.txt: the file name must end in .json"),
        (["plan", "s.json", "--policy", "p.yaml", "-o", "no/a.json"], "no/a.json: the folder no does not exist"),
        (["plan", "p.yaml", "--policy", "p.yaml"], "p.yaml: is a policy file by its name, where a snapshot is wanted"),
        (["verify", "s.json", "--snapshot", "s.json", "--policy", "p.yaml"], "where a plan file is wanted"),
        (["frobnicate"], "No such command"),
        (
            ["plan", "s.json", "--policy", "p.yaml", "--format", "htm"],
            "Invalid value for '--format': 'htm' is not one of 'table', 'json', 'yaml', 'markdown', 'html'; "
            'did you mean "html"?',
        ),
        (
            ["policy", "test", "p.yaml", "--format", "x"],
            "Invalid value for '--format': 'x' is not one of 'table', 'json', 'junit', 'markdown', 'html'.",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_mistakes_are_named_without_a_traceback(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], message: str
) -> None:
    """Exit code 2, one line on stderr that says what, nothing on stdout."""
    written(tmp_path, case.RESTART)
    (tmp_path / "s.txt").write_text("")
    monkeypatch.chdir(tmp_path)
    result = run(*arguments)
    assert (result.code, result.out) == (2, "")
    assert message in result.err
    assert "Traceback" not in result.err


def test_every_fault_of_the_input_is_listed(tmp_path: Path) -> None:
    """One line per fault with its path and fix, not only the first."""
    broken = Snapshot((case.H2,), (case.A, case.B, case.A))
    state, rules = written(tmp_path, broken)
    result = run("plan", state, "--policy", rules)
    assert result.code == 2
    lines = result.err.splitlines()
    assert any(line.startswith("snapshot.vms[0].host_id: ") and '"h1"' in line for line in lines)
    assert any(line.startswith("snapshot.vms[2].id: ") for line in lines)


# --- verify ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def planned(tmp_path: Path) -> tuple[Path, Path, Path]:
    """Plan file, snapshot and policy of the eviction."""
    state, rules = written(tmp_path, case.EVICTION)
    assert run("plan", state, "--policy", rules, "-o", tmp_path / "plan.json").code == 1
    return tmp_path / "plan.json", state, rules


def _verify(plan: Path, state: Path, rules: Path) -> case.Result:
    return run("verify", plan, "--snapshot", state, "--policy", rules)


def test_a_plan_of_trimtab_is_safe(planned: tuple[Path, Path, Path]) -> None:
    """Exit code 0, and the levels recomputed beside those of the file."""
    result = _verify(*planned)
    assert result.code == 0
    assert result.out.startswith("SAFE: 3 actions, no violation")
    assert "stops 1 1" in result.words


def test_a_tampered_plan_is_refused(planned: tuple[Path, Path, Path]) -> None:
    """Without the fencing the displaced guest may run twice; exit code 1, each violation with its action."""
    plan, state, rules = planned
    answer = json.loads(plan.read_text())
    start = next(action for action in answer["plan"]["actions"] if action["kind"] == "ACTION_KIND_START")
    start["hostId"] = "h1"
    plan.write_text(json.dumps(answer))
    result = _verify(plan, state, rules)
    assert result.code == 1
    assert result.out.startswith("NOT SAFE: ")
    assert f"{start['id']} UNSUITABLE h1" in result.words


def _stops(answer: dict[str, Any]) -> Any:
    return next(level for level in answer["levels"] if level["name"] == "stops")


@pytest.mark.parametrize(
    ("tamper", "words"),
    [
        (lambda answer: _stops(answer).update(value="7"), "stops stops is 1, not 7"),
        (lambda answer: _stops(answer).update(bound="2"), "stops stops cannot be at best 2, as it is 1"),
        (lambda answer: answer["levels"].pop(), "balance level balance is left out"),
        (lambda answer: answer["levels"][0].update(name="running:x"), "there is no level running:x under this policy"),
        (lambda answer: answer["staysDown"].clear(), "b guest b stays down"),
        (lambda answer: answer["staysDown"].append({"vmId": "a"}), "a guest a does not stay down"),
        (lambda answer: answer["staysDown"].append({"vmId": "z"}), "z there is no guest z"),
    ],
    ids=["value", "bound", "left out", "unknown level", "who is down", "who runs", "unknown guest"],
)
def test_a_safe_plan_whose_file_says_what_is_not_so_is_refused(
    planned: tuple[Path, Path, Path], tamper: Callable[[dict[str, Any]], None], words: str
) -> None:
    """Exit code 1: what is said of the end is held against the end; the plan is called safe all the same."""
    plan, state, rules = planned
    answer = json.loads(plan.read_text())
    tamper(answer)
    plan.write_text(json.dumps(answer))
    result = _verify(plan, state, rules)
    assert result.code == 1
    assert "the plan is safe in every order that it permits; but its file says what is not so." in result.words
    assert words in result.words


def test_a_file_that_says_nothing_of_the_end_is_no_lie(planned: tuple[Path, Path, Path]) -> None:
    """A plan that somebody else has written: without levels it is judged by its actions alone."""
    plan, state, rules = planned
    answer = json.loads(plan.read_text())
    del answer["levels"], answer["staysDown"]
    plan.write_text(json.dumps(answer))
    result = _verify(plan, state, rules)
    assert (result.code, "stops 1 -" in result.words) == (0, True)


def test_a_plan_for_other_input_is_stale_and_judged_still(planned: tuple[Path, Path, Path]) -> None:
    """Exit code 1, the input that differs is named, and the verdict on the new input follows."""
    plan, state, rules = planned
    state.write_text(state.read_text().replace("4096", "4095"))
    result = _verify(plan, state, rules)
    assert result.code == 1
    assert result.out.startswith("STALE: the plan was made for another snapshot (digest ")
    assert "SAFE: 3 actions" in result.out
    rules.write_text(rules.read_text().replace("rank: 9", "rank: 8"))
    assert "STALE: the plan was made for another policy" in _verify(plan, state, rules).out


def test_plan_files_may_be_compressed(tmp_path: Path) -> None:
    """Every suffix that is written can be verified."""
    state, rules = written(tmp_path, case.RESTART)
    for suffix in (".json.gz", ".pb", ".pb.zst"):
        plan = tmp_path / f"plan{suffix}"
        assert run("plan", state, "--policy", rules, "-o", plan).code == 0
        assert _verify(plan, state, rules).code == 0
    assert json.loads(gzip.decompress((tmp_path / "plan.json.gz").read_bytes()))["outcome"] == "OUTCOME_OPTIMAL"


def test_a_plan_file_is_a_warm_start(tmp_path: Path) -> None:
    """The state that the earlier plan leads to is reached again, at the same levels."""
    state, rules = written(tmp_path, case.EVICTION)
    first = run("plan", state, "--policy", rules, "-o", tmp_path / "first.json")
    again = run("plan", state, "--policy", rules, "--warm-start", tmp_path / "first.json", "--format", "json")
    assert first.code == again.code == 1
    answer = json_format.Parse(again.out, plan_pb2.Answer())
    earlier = json_format.Parse((tmp_path / "first.json").read_text(), plan_pb2.Answer())
    assert answer.outcome == plan_pb2.OUTCOME_OPTIMAL
    assert list(answer.levels) == list(earlier.levels)
    assert not [note for note in answer.notes if "left out" in note]


def test_the_frontier_is_a_table_of_what_differs() -> None:
    """A row per point; levels that are zero everywhere have no column; what is not proven says what is possible."""
    points = (
        FrontierPoint(0, 0, 0, (LevelValue("running:gold", 0, 0), LevelValue("running:bronze", 9, 7))),
        FrontierPoint(2.5, 25, 19, (LevelValue("running:gold", 0, 0), LevelValue("running:bronze", 4, 4))),
    )
    table = frontier_table(points)
    assert [column.title for column in table.columns] == ["guests", "may move", "moved", "bronze"]
    assert table.rows == (cells("0 %", "0", "0", "9/7"), cells("2.5 %", "25", "19", "4"))
