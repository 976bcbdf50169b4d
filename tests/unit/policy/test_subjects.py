"""Expressions on many guests: what a part of one decides is not evaluated, and nothing comes out differently."""

from __future__ import annotations

import pytest

from trimtab_solver.failures import Event
from trimtab_solver.policy import subjects as module
from trimtab_solver.policy.expressions import EvaluationFailure, compile_expression, conjuncts_of
from trimtab_solver.policy.subjects import Subjects, event_data
from trimtab_solver.policy.variables import ExpressionScope, Returns
from trimtab_solver.snapshot import Snapshot, Vm
from trimtab_solver.topology import Topology

GUESTS = tuple(
    Vm(
        f"vm-{i}",
        tenant="abc"[i % 3],
        labels={"role": "web"} if i % 4 else {},
        requested={"memory_mib": i % 7},
    )
    for i in range(400)
)


@pytest.mark.parametrize(
    ("source", "parts"),
    [
        ("a && b", ["a ", " b"]),
        ("a && (b || c) && d", ["a ", " (b || c) ", " d"]),
        ("a && b || c", []),
        ("a && b ? c : d", []),
        ("a.?b.orValue('') == '' && m[?'x'].hasValue()", ["a.?b.orValue('') == '' ", " m[?'x'].hasValue()"]),
        ("x == '&&' && y == \"||\"", ["x == '&&' ", ' y == "||"']),
        ("a // && b\n && c", ["a // && b\n ", " c"]),
        ("[a && b].all(x, x)", []),
        ("a", []),
        ("a & b", []),
    ],
)
def test_what_joins_at_the_outermost_level_is_taken_apart(source: str, parts: list[str]) -> None:
    """Not what is in brackets, texts or comments, and nothing where another operator is outermost."""
    assert list(conjuncts_of(source)) == parts


@pytest.mark.parametrize(
    "source",
    [
        "vm.tenant == 'a' && vm.id.endsWith('1')",
        "vm.id.endsWith('1') && vm.tenant == 'a' && vm.requested.memory_mib > 3",
        "vm.tenant == 'a' && vm.labels.role == 'web' && vm.id != 'vm-5'",
        "vm.labels.role == 'web' && vm.id.startsWith('vm-1')",
        "vm.tenant == 'a' && vm.labels.nothing == vm.id",
        "vm.tenant == 'z' && vm.labels.nothing == vm.id",
        "vm.tenant == 'a' || vm.id == 'vm-7'",
        "(vm.tenant == 'a' ? vm.id : '') == 'vm-3' && vm.tenant != 'b'",
        "true && vm.id == 'vm-3' && event.hardware_failures > 0",
        "event.hardware_failures > 4 && vm.id == 'vm-3'",
    ],
)
def test_looking_at_parts_first_changes_no_result(monkeypatch: pytest.MonkeyPatch, source: str) -> None:
    """Values and failures are those of evaluating everything, guest by guest."""
    compiled = compile_expression(source, ExpressionScope.VM, Returns.BOOL)
    results = []
    for many in (0, len(GUESTS)):
        monkeypatch.setattr(module, "_MANY", many)
        subjects = Subjects(ExpressionScope.VM, GUESTS, Topology(Snapshot()), event_data(Event(1, 1, (), 1)))
        results.append(subjects.evaluate(compiled, subjects.all).each())
    assert results[0] == results[1]
    assert len(results[0]) == len(GUESTS)


def test_a_part_that_decides_most_saves_most_evaluations(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 400 guests with ids of their own the whole is evaluated for a third; a failure is one all the same."""
    monkeypatch.setattr(module, "_MANY", 0)
    subjects = Subjects(ExpressionScope.VM, GUESTS, Topology(Snapshot()), event_data(Event(1, 1, (), 1)))
    evaluated: list[object] = []
    result = Subjects._result

    def counting(self: Subjects, *arguments: object) -> object:
        evaluated.append(arguments)
        return result(self, *arguments)  # type: ignore[arg-type]  # passed on as they came

    monkeypatch.setattr(Subjects, "_result", counting)
    compiled = compile_expression("vm.tenant == 'a' && vm.labels.x == vm.id", ExpressionScope.VM, Returns.BOOL)
    values = subjects.evaluate(compiled, subjects.all).each()
    assert sum(isinstance(value, EvaluationFailure) for value in values) == 134
    assert len(evaluated) == 134
