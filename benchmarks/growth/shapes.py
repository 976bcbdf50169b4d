"""Policies of any number of documents, each of a shape that is hard for some check: alike, chained, misspelt."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

_PER_FILE: Final = 1000
"""Documents in one file, which has a limit."""

Shape = Callable[[int], Sequence[str]]
"""From a number to so many documents, or to one with so many entries."""


def files_of(shape: Shape, number: int) -> dict[str, bytes]:
    """The policy of the shape as files."""
    documents = shape(number)
    starts = range(0, len(documents), _PER_FILE)
    return {f"{i:06}.yaml": "---\n".join(documents[i : i + _PER_FILE]).encode() for i in starts}


def _document(kind: str, name: str, spec: str) -> str:
    return f"apiVersion: trimtab/v1\nkind: {kind}\nmetadata: {{name: {name}}}\nspec: {{{spec}}}\n"


_GOLD: Final = _document("Tier", "gold", "rank: 100")


def _spreads(
    number: int, select: Callable[[int], str], *, kind: str = "Spread", topology: str = "topology"
) -> list[str]:
    rest = f"{topology}: rack, level: must, maxPerDomain: 1"
    return [_GOLD, *(_document(kind, f"s{i}", f"select: {{{select(i)}}}, {rest}") for i in range(number))]


def _requirements(number: int, condition: Callable[[int], str]) -> list[str]:
    rest = 'require: "host.cpu_generation >= 1", level: must'
    named = ((f"h{i}", f'select: {{cel: "{condition(i)}"}}, {rest}') for i in range(number))
    return [_GOLD, *(_document("HostRequirement", name, spec) for name, spec in named)]


def _tiers(number: int, spec: Callable[[int], str]) -> list[str]:
    return [_document("Tier", f"t{i}", f"rank: {i % 1000}{spec(i)}") for i in range(number)]


def _listed(number: int, entry: Callable[[int], str]) -> str:
    return ", ".join(entry(i) for i in range(number))


def _required(number: int, entry: str) -> list[str]:
    required = _document("PolicySet", "all", f"require: [{_listed(number, entry.format)}]")
    return [required, *_spreads(number, lambda i: f"ids: [x{i}]")]


def _entries(name: str, spec: Callable[[int], str]) -> Shape:
    return lambda number: [_GOLD, _document(name, "one", spec(number))]


def _cases(number: int) -> str:
    cases = _listed(number, lambda i: f"{{name: c{i}, expect: {{violations: [other{i}]}}}}")
    return f"fixtures: {{hosts: {{h1: {{}}}}}}, cases: [{cases}]"


def _fixtures(number: int) -> list[str]:
    guests = _listed(number, lambda i: f"v{i}: {{labels: {{key{_word(i)}: x}}}}")
    case = "cases: [{name: c, expect: {violations: []}}]"
    test = _document("PolicyTest", "test", f"fixtures: {{hosts: {{h1: {{}}}}, vms: {{{guests}}}}}, {case}")
    return [*_spreads(number, lambda i: f"matchLabels: {{kay{_word(i)}: x}}"), test]


def _word(number: int) -> str:
    """Letters that tell one number from another."""
    return "".join("abcdefghij"[int(digit)] for digit in str(number))


SHAPES: Final[Mapping[str, Shape]] = {
    "rules of one condition each": lambda n: _requirements(
        n, lambda i: f"vm.labels.app == 'x{i}' && vm.tier == 'gold'"
    ),
    "rules for all but one guest": lambda n: _requirements(n, lambda i: f"vm.id != 'x{i}'"),
    "rules for one of five": lambda n: _requirements(
        n, lambda i: f"vm.tier in [{_listed(5, lambda k: repr(f'x{i + k}'))}]"
    ),
    "rules that say the same": lambda n: _requirements(n, lambda _: "vm.tier == 'gold'"),
    "rules of a function": lambda n: _spreads(n, lambda i: f"cel: \"vm.id.startsWith('x{i}')\""),
    "rules of a label each": lambda n: _spreads(n, lambda i: f"matchLabels: {{label{_word(i)}: value{i}}}"),
    "one rule with all ids": _entries(
        "Pin", lambda n: f"select: {{ids: [{_listed(n, 'x{}'.format)}]}}, hosts: {{ids: [h]}}"
    ),
    "one rule with all sets": _entries(
        "Separate", lambda n: f"topology: host, between: [{_listed(n, lambda i: f'{{ids: [x{i}]}}')}]"
    ),
    "tiers by field": lambda n: _tiers(n, lambda _: ""),
    "tiers that may be stopped": lambda n: _tiers(
        n,
        lambda i: f", select: {{cel: \"vm.tier == 'x{i}'\"}}, evict: {{when: event.hardware_failures >= {1 + i % 3}}}",
    ),
    "tiers in a chain": lambda n: _tiers(
        n, lambda i: f", select: {{cel: 'true'}}, overrides: [{f't{i - 1}' if i else ''}]"
    ),
    "tiers in a circle": lambda n: _tiers(n, lambda i: f", select: {{cel: 'true'}}, overrides: [t{(i + 1) % n}]"),
    "tiers that override nobody": lambda n: _tiers(n, lambda i: f", overrides: [u{i}]"),
    "globs that match nothing": lambda n: _required(n, "missing{}*"),
    "names that are required": lambda n: _required(n, "s{}"),
    "tests of rules that are not there": _entries("PolicyTest", _cases),
    "labels that are misspelt": _fixtures,
    "rules of one name": lambda n: _spreads(1, lambda i: f"ids: [x{i}]") * n,
    "rules with wrong fields": lambda n: _spreads(n, lambda i: f"cel: \"vm.labls.x{i} == ''\"", topology="topologi"),
    "rules of no kind": lambda n: _spreads(n, lambda i: f"ids: [x{i}]", kind="Sprad"),
}
"""By name."""

TEST: Final = b"""\
apiVersion: trimtab/v1
kind: PolicySet
metadata: {name: everybody}
spec: {defaultTier: anybody}
---
apiVersion: trimtab/v1
kind: Tier
metadata: {name: anybody}
spec: {rank: 7}
---
apiVersion: trimtab/v1
kind: PolicyTest
metadata: {name: a-test}
spec:
  fixtures: {hosts: {h1: {}, h2: {}}, vms: {x1: {labels: {app: x1}}, x2: {}}}
  cases: [{name: c, expect: {plan: {violations: []}}}]
"""
"""A test of two guests, and a tier for everybody."""
