"""Policy files: what does not matter does not matter, and nothing that a file holds breaks the loader or CEL."""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from trimtab_solver.authoring.lint import lint_files
from trimtab_solver.authoring.loader import load_policy, parse_policy
from trimtab_solver.errors import PolicyRefusedError
from trimtab_solver.failures import Event
from trimtab_solver.policy.documents import MAX_EXPRESSION_LENGTH
from trimtab_solver.policy.expressions import (
    MAX_ITERATIONS,
    EvaluationFailure,
    ExpressionError,
    compile_expression,
)
from trimtab_solver.policy.subjects import Subjects, event_data
from trimtab_solver.policy.variables import VARIABLES, ExpressionScope, Returns
from trimtab_solver.snapshot import Snapshot, Vm
from trimtab_solver.topology import Topology

SAMPLES = Path(__file__).parents[2] / "samples" / "policies"
FOLDERS = sorted(path for path in SAMPLES.iterdir() if path.is_dir())
FUZZ = settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
CPU_S = 5.0
"""No file of a few kilobytes may cost more processor time than this; the usual is a few milliseconds."""


def documents_in(folder: Path) -> list[Any]:
    """Every document of a sample."""
    return [
        document
        for path in sorted(folder.rglob("*.yaml"))
        for document in yaml.safe_load_all(path.read_text(encoding="utf-8"))
    ]


def shuffled(value: Any, draw: st.DataObject) -> Any:
    """The value with the keys of every mapping in another order."""
    if isinstance(value, dict):
        return {key: shuffled(value[key], draw) for key in draw.draw(st.permutations(list(value)))}
    return [shuffled(item, draw) for item in value] if isinstance(value, list) else value


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_order_of_documents_and_keys_changes_no_digest(folder: Path, data: st.DataObject) -> None:
    """However the documents are spread over files, and whatever comes first."""
    documents = [shuffled(one, data) for one in data.draw(st.permutations(documents_in(folder)))]
    cut = data.draw(st.integers(1, len(documents) - 1))
    files = {
        "a.yaml": yaml.safe_dump_all(documents[:cut], sort_keys=False).encode(),
        "b.yaml": yaml.safe_dump_all(documents[cut:], sort_keys=False).encode(),
    }
    assert parse_policy(files).digest == load_policy(folder).digest


# --- fuzzing ----------------------------------------------------------------------------------------------------------


def survives(files: dict[str, bytes]) -> None:
    """Loading and linting end, in time, with a policy or with faults that name the file."""
    began = time.process_time()
    policy, findings = lint_files(files)
    assert time.process_time() - began < CPU_S
    assert policy is not None or findings
    for finding in findings:
        assert finding.message
        assert finding.source.file in files or finding.source.file == "policy"


@FUZZ
@given(st.binary(max_size=2000))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    """Not UTF-8, control characters, anything."""
    survives({"p.yaml": data})


@FUZZ
@given(st.text("{}[]:,-#&*!|>'\"%@`?~ \n\tabc01.<=", max_size=400))
def test_anything_like_yaml_is_read_or_refused(text: str) -> None:
    """Whatever the indicators say."""
    survives({"p.yaml": text.encode()})


_WORDS = st.sampled_from(
    [
        "apiVersion",
        "kind",
        "metadata",
        "spec",
        "name",
        "select",
        "cel",
        "ids",
        "matchLabels",
        "Tier",
        "Pin",
        "Spread",
        "trimtab/v1",
        "rank",
        "evict",
        "when",
        "level",
        "must",
        "should",
        "weight",
        "topology",
        "between",
        "cases",
    ]
)
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | _WORDS | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_WORDS | st.text(max_size=4), inner, max_size=5),
    max_leaves=20,
)


@FUZZ
@given(st.lists(_VALUES, min_size=1, max_size=4))
def test_any_structure_is_read_or_refused(documents: list[Any]) -> None:
    """The right words in the wrong places."""
    survives({"p.yaml": yaml.safe_dump_all(documents).encode()})


@FUZZ
@given(data=st.data())
def test_a_sample_with_one_value_replaced_is_read_or_refused(data: st.DataObject) -> None:
    """Every field of every kind meets every type."""
    folder = data.draw(st.sampled_from(FOLDERS))
    documents = documents_in(folder)
    at: Any = documents
    key: Any = data.draw(st.integers(0, len(documents) - 1))
    while isinstance(at[key], (dict, list)) and at[key] and data.draw(st.booleans() | st.just(True)):
        at = at[key]
        key = data.draw(st.sampled_from(sorted(at) if isinstance(at, dict) else list(range(len(at)))))
    at[key] = data.draw(_VALUES)
    survives({"p.yaml": yaml.safe_dump_all(documents).encode()})


_TOKENS = st.sampled_from(
    [
        *sorted(VARIABLES[ExpressionScope.VM]),
        *[
            "(",
            ")",
            "[",
            "]",
            "{",
            "}",
            "&&",
            "||",
            "!",
            "==",
            "!=",
            "<",
            ">=",
            "+",
            "-",
            "*",
            "/",
            "%",
            "?",
            ":",
            "in",
            ",",
            ".",
            "'a'",
            "1",
            "-9223372036854775808",
            "1.5",
            "1u",
            "null",
            "true",
            "b'x'",
            "x",
            "vm",
        ],
        *[
            "vm.labels.a",
            "vm.labels['b']",
            "has(vm.labels.a)",
            "vm.labels.?a.orValue('x')",
            "vm.requested.cpu_milli",
            "size(",
            "int(",
            "dyn(",
        ],
        *[
            "r'\\d'",
            ".size()",
            ".map(x,x)",
            ".filter(x,true)",
            ".exists(x,x=='a')",
            ".matches('(a+)+$')",
            "timestamp(0)",
            "optional.of(1)",
        ],
        '"b"',
        "'''x'''",
        "duration('1h')",
        "\n",
        "// c\n",
    ]
)
_CEL = st.lists(_TOKENS, min_size=1, max_size=25).map(" ".join) | st.text(max_size=60)
_GUESTS = (
    Vm("a", labels={"a": "aaaaaaaaaaaaaaaaaaaaaaaaaaaa!", "b": ""}, requested={"cpu_milli": 2**62}),
    Vm("b", device_needs=("gpu",), group="é" * 100),
)


@FUZZ
@given(_CEL)
def test_any_expression_compiles_and_evaluates_or_says_why_not(source: str) -> None:
    """No exception but its own, in bounded time; values are of the promised type or failures."""
    began = time.process_time()
    for returns in Returns:
        try:
            compiled = compile_expression(source, ExpressionScope.VM, returns)
        except ExpressionError:
            continue
        subjects = Subjects(ExpressionScope.VM, _GUESTS, Topology(Snapshot()), event_data(Event(1, 1, (), 1)))
        for value in subjects.evaluate(compiled, np.arange(2)).each():
            if isinstance(value, EvaluationFailure):
                assert value.message
            else:
                assert isinstance(value, bool if returns is Returns.BOOL else str)
    assert time.process_time() - began < CPU_S


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("'" + "a" * MAX_EXPRESSION_LENGTH + "' == vm.id", "characters, the limit is 4096"),
        ("(" * 300 + "true" + ")" * 300, "more than 32 operators deep"),
        (" + ".join(["vm.id"] * 500) + " == 'x'", "more than 32 operators deep"),
    ],
)
def test_expressions_beyond_the_limits_are_refused(source: str, message: str) -> None:
    """Length and nesting are limited where they are read, not where they hurt."""
    with pytest.raises(ExpressionError, match=message):
        compile_expression(source, ExpressionScope.VM, Returns.BOOL)


def test_iteration_is_limited_when_it_is_evaluated() -> None:
    """Nested loops over a long list end as a failure of that guest, in bounded time."""
    loops = "vm.device_needs.exists(a, vm.device_needs.exists(b, vm.device_needs.exists(c, a + b + c == 'x')))"
    compiled = compile_expression(loops, ExpressionScope.VM, Returns.BOOL)
    guest = Vm("a", device_needs=tuple(f"need-{n}" for n in range(1000)))
    subjects = Subjects(ExpressionScope.VM, (guest,), Topology(Snapshot()), event_data(Event(0, 0, (), 0)))
    began = time.process_time()
    (value,) = subjects.evaluate(compiled, np.arange(1)).each()
    assert time.process_time() - began < CPU_S
    assert value == EvaluationFailure(f"loops over more than {MAX_ITERATIONS} elements")


@pytest.mark.parametrize(
    ("source_of", "most"),
    [
        (lambda n: "(" * n + "true" + ")" * n, 30),
        (lambda n: " + ".join(["vm.id"] * n) + " == 'x'", 30),
    ],
    ids=["brackets", "sums"],
)
def test_documented_limits_are_the_real_ones(source_of: Callable[[int], str], most: int) -> None:
    """What docs/policy/selectors.md promises compiles, and not much more does."""
    assert compile_expression(source_of(most), ExpressionScope.VM, Returns.BOOL)
    assert compile_expression(" || ".join(["vm.id == ''"] * 256), ExpressionScope.VM, Returns.BOOL)
    with pytest.raises(ExpressionError, match="operators deep"):
        compile_expression(source_of(most + 8), ExpressionScope.VM, Returns.BOOL)


def test_the_iteration_limit_is_exact() -> None:
    """A list of the documented length is looped over, one of one element more is not."""
    compiled = compile_expression("vm.device_needs.exists(a, a == 'x')", ExpressionScope.VM, Returns.BOOL)
    assert compiled.evaluate({"vm.device_needs": ["q"] * MAX_ITERATIONS}) is False
    assert isinstance(compiled.evaluate({"vm.device_needs": ["q"] * (MAX_ITERATIONS + 1)}), EvaluationFailure)


_BOMBS = {
    "aliases": "a0: &a0 [x, x]\n" + "".join(f"a{i}: &a{i} [*a{i - 1}, *a{i - 1}]\n" for i in range(1, 5000)),
    "brackets": "[" * 200_000,
    "mappings": "{a: " * 200_000,
    "keys": "".join(f"k{i}: {i}\n" for i in range(60_000)),
    "documents": "---\na: 1\n" * 80_000,
    "scalar": "a: " + "x" * 1_000_000,
}
_LOAD = """
import sys
from trimtab_solver.authoring.lint import lint_files
policy, findings = lint_files({"p.yaml": open(sys.argv[1], "rb").read()})
assert policy is None and findings, findings
"""


@pytest.mark.parametrize("name", sorted(_BOMBS))
def test_bombs_stay_within_memory(name: str, tmp_path: Path) -> None:
    """A process with half a gibibyte of data refuses each of them and ends well."""
    (tmp_path / "p.yaml").write_text(_BOMBS[name])

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_DATA, (512 << 20, 512 << 20))
        resource.setrlimit(resource.RLIMIT_CPU, (60, 60))

    command = [sys.executable, "-c", _LOAD, str(tmp_path / "p.yaml")]
    result = subprocess.run(command, check=False, capture_output=True, text=True, timeout=280, preexec_fn=limit)
    assert result.returncode == 0, result.stderr[-2000:]


def test_faults_are_limited() -> None:
    """A file of nothing but mistakes is refused with as many faults as a person can read."""
    with pytest.raises(PolicyRefusedError) as refusal:
        parse_policy({"p.yaml": b"---\na: 1\n" * 2000})
    assert len(refusal.value.faults) <= 501
