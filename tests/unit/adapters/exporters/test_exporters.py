"""Exporters: all of the list, and the command that offers them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.case_files import EVICTION, run, written
from trimtab_server.adapters import exporters
from trimtab_server.adapters.exporters.exporter import Exporter
from trimtab_server.files import read_answer, write_answer
from trimtab_solver.actions import Plan

_PAGE = Path(__file__).parents[4] / "docs" / "exporters.md"


@pytest.fixture
def plan_file(tmp_path: Path) -> Path:
    """A plan that fences, suspends and starts."""
    state, rules = written(tmp_path, EVICTION)
    path = tmp_path / "plan.json"
    assert run("plan", state, "--policy", rules, "-o", path).code == 1
    return path


class Names:
    """An exporter for tests: the guests that are acted on."""

    name = "names"
    writes = "names of guests"

    def write(self, plan: Plan) -> bytes:
        """Sorted."""
        return ",".join(sorted({action.vm_id for action in plan.actions if action.vm_id})).encode()


@pytest.mark.parametrize("exporter", exporters.EXPORTERS, ids=lambda exporter: exporter.name)
def test_every_exporter_has_a_section_and_names_every_action(exporter: Exporter, plan_file: Path) -> None:
    """By its name on the page; guests and hosts that actions name are in what it writes, twice the same bytes."""
    assert f"(`{exporter.name}`)\n" in _PAGE.read_text()
    plan = read_answer(plan_file).plan
    content = exporter.write(plan)
    assert content == exporter.write(plan)
    named = {name for action in plan.actions for name in (action.vm_id, action.host_id) if name}
    assert len(named) >= 3
    assert [name for name in sorted(named) if name not in content.decode()] == []


def test_lines_hold_the_whole_action(plan_file: Path) -> None:
    """As the plan has it, dependencies and undo included; keys that do not apply are left out."""
    result = run("export", plan_file, "--to", "jsonl")
    assert (result.code, result.err) == (0, "")
    actions = read_answer(plan_file).plan.actions
    lines = [json.loads(line) for line in result.out.splitlines()]
    assert [line["id"] for line in lines] == [action.id for action in actions]
    by_id = {action.id: action for action in actions}
    for line in lines:
        action = by_id[line["id"]]
        assert line["kind"] == action.kind.value
        assert line.get("vm_id", "") == action.vm_id
        assert line.get("size", {}) == dict(action.size)
        assert tuple(line["depends_on"]) == action.depends_on
        assert (line["undo"] is None) == (action.undo is None)
        if action.undo is not None:
            assert line["undo"]["kind"] == action.undo.kind.value
        assert "target_host_id" not in line, "no guest of this plan migrates"
    kinds = {line["kind"] for line in lines}
    assert {"FENCE_HOST", "SUSPEND", "START"} <= kinds


def test_an_exporter_of_the_list_is_offered_and_used(plan_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the help, by the error for a target that nobody knows, and on a file."""
    monkeypatch.setattr(exporters, "EXPORTERS", (*exporters.EXPORTERS, Names()))
    assert "names of guests" in run("export", "--help").words
    wrong = run("export", plan_file, "--to", "ansible")
    assert wrong.code == 2
    assert "'ansible' is no target that plans are written for; use jsonl" in wrong.err
    output = plan_file.with_name("names.txt")
    assert run("export", plan_file, "--to", "names", "-o", output).code == 0
    assert output.read_text() == "a,b"


def test_a_plan_that_was_not_verified_is_refused(plan_file: Path) -> None:
    """Nothing is written, and the exit code is not that of a success."""
    answer = read_answer(plan_file)
    write_answer(plan_file, replace(answer, certificate=replace(answer.certificate, verified=False)))
    output = plan_file.with_name("lines.jsonl")
    result = run("export", plan_file, "--to", "jsonl", "-o", output)
    assert result.code == 1
    assert "certificate.verified is false" in result.err
    assert not output.exists()
