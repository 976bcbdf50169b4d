"""Conditions that only compare texts mean what the CEL library says they mean."""

from __future__ import annotations

import random

import pytest

from trimtab_solver.failures import Event
from trimtab_solver.policy.expressions import ExpressionError, compile_expression
from trimtab_solver.policy.subjects import Subjects, event_data
from trimtab_solver.policy.text_conditions import text_condition
from trimtab_solver.policy.variables import ExpressionScope, Returns
from trimtab_solver.snapshot import Snapshot, Vm
from trimtab_solver.topology import Topology

_TEXTS = ("", "a", "b", "ab", "ba", "é", "a b", "&&", "||", "in", "\N{GRINNING FACE}")
_VARIABLES = (
    "vm.id",
    "vm.tenant",
    "vm.group",
    "vm.labels.a",
    "vm.labels['b']",
    'vm.labels["a"]',
    "vm.labels.startsWith",
)


def _quoted(draw: random.Random) -> str:
    return draw.choice(("'{}'", '"{}"', " '{}' ")).format(draw.choice(_TEXTS))


def _part(draw: random.Random) -> str:
    variable = draw.choice(_VARIABLES)
    match draw.randrange(4):
        case 0:
            return f"{variable} {draw.choice(('==', '!='))} {_quoted(draw)}"
        case 1:
            return f"{variable} in [{', '.join(_quoted(draw) for _ in range(draw.randint(1, 3)))}]"
        case 2:
            asks = draw.choice(("startsWith", "endsWith", "contains"))
            return f"{draw.choice(('', '!'))}{variable}.{asks}({_quoted(draw)})"
        case _:
            return f"{variable}=={_quoted(draw)}"


def _guest(draw: random.Random, number: int) -> Vm:
    keys = ("a", "b", "startsWith")
    labels = {key: draw.choice(_TEXTS) for key in keys if draw.random() < 0.8}
    name = f"{draw.choice(_TEXTS)}{number}"
    return Vm(name, tenant=draw.choice(_TEXTS), group=draw.choice(_TEXTS), labels=labels)


def test_random_conditions_give_what_the_library_gives() -> None:
    """Values and failures, on guests some of which lack what is asked for; nearly all are read without the library."""
    draw = random.Random(1)
    guests = tuple(_guest(draw, number) for number in range(12))
    subjects = Subjects(ExpressionScope.VM, guests, Topology(Snapshot()), event_data(Event(1, 1, (), 1)))
    understood = 0
    for _ in range(1500):
        parts = [_part(draw) for _ in range(draw.randint(1, 3))]
        source = parts[0] + "".join(f"{draw.choice((' && ', '||', ' || '))}{part}" for part in parts[1:])
        compiled = compile_expression(source, ExpressionScope.VM, Returns.BOOL)
        understood += compiled.text_condition is not None
        found = subjects.evaluate(compiled, subjects.all).each()
        for guest, value in zip(guests, found, strict=True):
            data = {"vm.id": guest.id, "vm.tenant": guest.tenant, "vm.group": guest.group, "vm.labels": guest.labels}
            assert value == compiled.evaluate(data), (source, guest)
    assert understood == 1500


@pytest.mark.parametrize(
    "source",
    [
        "vm.id == vm.tenant",
        "vm.id == r'a'",
        "vm.id == 'a\\'b'",
        "(vm.id == 'a')",
        "vm.id == 'a' ? true : false",
        "vm.id == 'a' && vm.requested.memory_mib > 3",
        "vm.id == 'a' || event.hardware_failures > 0",
        "vm.labels.?a.orValue('') == 'a'",
        "vm.id.matches('a')",
        "!(vm.id == 'a')",
        "'a' in vm.labels",
        "vm.id in []",
        "vm.id == 'a' == true",
        "has(vm.labels.a) && vm.labels.a == 'a'",
        "vm.id == 'a' // && vm.id == 'b'",
        "true",
    ],
)
def test_whatever_says_anything_else_is_left_to_the_library(source: str) -> None:
    """Also what would mean the same."""
    compile_expression(source, ExpressionScope.VM, Returns.BOOL)
    assert text_condition(source, ExpressionScope.VM) is None


@pytest.mark.parametrize("source", ["vm.id == ''' && '''", "vm.nothing == 'a'", "vm.labels == 'a'", "!vm.id == 'a'"])
def test_nothing_is_read_that_does_not_compile_or_reads_otherwise(source: str) -> None:
    """Texts in three quotes, variables that are none or no text, and a negated text are not taken for comparisons."""
    try:
        assert compile_expression(source, ExpressionScope.VM, Returns.BOOL).text_condition is None
    except ExpressionError:
        assert text_condition(source, ExpressionScope.VM) is None
