"""Expressions: what the CEL library promises us, how errors read, which variables count."""

from __future__ import annotations

import pytest

from trimtab_solver.failures import Event
from trimtab_solver.policy.expressions import (
    EvaluationFailure,
    ExpressionError,
    ExpressionFault,
    Reference,
    compile_expression,
    references_in,
)
from trimtab_solver.policy.subjects import Parts, Subjects, event_data
from trimtab_solver.policy.variables import VARIABLES, ExpressionScope, Returns
from trimtab_solver.snapshot import FailureDomain, Host, Snapshot, StoragePool, Vm
from trimtab_solver.topology import Topology

EVENT = Event(hardware_failures=2, failed_hosts=3, failed_domains=("rack-1",), displaced_vms=40)
VM = Vm(
    "vm-1",
    tenant="acme",
    tier="gold",
    labels={"zone": "A", "app": "héllo", "empty": ""},
    group="shop",
    requested={"cpu_milli": 2000, "memory_mib": 4096},
    guaranteed={"cpu_milli": 500},
    host_id="host-1",
    home_host_id="host-2",
    storage_pool_id="pool-1",
    device_needs=("gpu",),
)
HOST = Host(
    "host-1",
    domain_ids=("rack-1",),
    capacity={"cpu_milli": 64_000},
    labels={"raid": "10"},
    capabilities=("redundant-power",),
    storage_pool_ids=("pool-1",),
    cpu_generation=7,
)
SNAPSHOT = Snapshot(
    (HOST,),
    (VM,),
    (FailureDomain("rack-1", "rack", "site-1"), FailureDomain("site-1", "site")),
    (StoragePool("pool-1", labels={"raid": "10"}),),
)
PARTS: dict[ExpressionScope, Parts] = {
    ExpressionScope.HOST: SNAPSHOT.hosts,
    ExpressionScope.POOL: SNAPSHOT.storage_pools,
}


def value_of(
    source: str, scope: ExpressionScope = ExpressionScope.VM, returns: Returns = Returns.BOOL
) -> bool | str | EvaluationFailure:
    subjects = Subjects(
        scope,
        PARTS.get(scope, SNAPSHOT.vms),
        Topology(SNAPSHOT),
        event_data(EVENT),
    )
    return subjects.evaluate(compile_expression(source, scope, returns), subjects.all[:1]).each()[0]


def faults_of(
    source: str, scope: ExpressionScope = ExpressionScope.VM, returns: Returns = Returns.BOOL
) -> tuple[ExpressionFault, ...]:
    with pytest.raises(ExpressionError) as refusal:
        compile_expression(source, scope, returns)
    return refusal.value.faults


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("vm.tier == 'gold'", True),
        ("vm.tier in ['silver', 'bronze']", False),
        (
            "vm.id.startsWith('vm-') && vm.tenant.endsWith('me') && vm.group.contains('ho')",
            True,
        ),
        ("vm.labels.zone == 'A' && vm.labels['zone'] == \"A\"", True),
        ("has(vm.labels.zone) && !has(vm.labels.rack)", True),
        ("has(vm.labels.empty) && vm.labels.empty == ''", True),
        ("vm.labels.?rack.orValue('none') == 'none'", True),
        ("vm.labels[?'zone'].orValue('none') == 'A'", True),
        ("'zone' in vm.labels && !('rack' in vm.labels)", True),
        ("size(vm.labels.app) == 5", True),
        ("vm.labels.exists(key, key == 'zone' && vm.labels[key] == 'A')", True),
        ("vm.labels.all(key, key.matches('^[a-z]+$'))", True),
        ("vm.device_needs.exists(need, need == 'gpu')", True),
        (
            "vm.requested.memory_mib >= 4096 && vm.guaranteed.cpu_milli * 4 <= vm.requested.cpu_milli",
            True,
        ),
        ("vm.state == 'RUNNING' && vm.migratability == 'LIVE'", True),
        (
            "vm.host == 'host-1' && vm.home_host == 'host-2' && vm.storage_pool == 'pool-1'",
            True,
        ),
        ("vm.labels.rack == 'x' || vm.tier == 'gold'", True),
        (
            "event.hardware_failures >= 2 && event.failed_hosts == 3 && event.displaced_vms == 40",
            True,
        ),
        ("'rack-1' in event.failed_domains", True),
        ("int('7') == 7 && string(7) == '7' && true ? 1 < 2 : false", True),
        (r"vm.tier == r'gold' && '\u0067old' == vm.tier", True),
        ("vm.tier // vm.id is no part of it\n == 'gold'", True),
        ("[1, 2, 3].map(x, x * 2).filter(x, x > 2).size() == 2", True),
    ],
)
def test_guest_expressions_mean_what_cel_says(source: str, expected: bool) -> None:
    """The part of CEL that policies use works on guests: the contract with the library."""
    assert value_of(source) is expected


@pytest.mark.parametrize(
    "source",
    [
        "host.id == 'host-1' && host.state == 'UP' && host.cpu_generation >= 7",
        "'redundant-power' in host.capabilities && 'pool-1' in host.storage_pools",
        "host.labels.raid in ['1', '10', '6'] && host.capacity.cpu_milli == 64000",
        "host.domains.site == 'site-1' && host.domains.rack == 'rack-1' && host.domains.host == 'host-1'",
        "!has(host.domains.room) && event.failed_hosts > 0",
    ],
)
def test_host_expressions_see_every_field_of_a_host(source: str) -> None:
    """Everything that a host offers can be asked for."""
    assert value_of(source, ExpressionScope.HOST) is True


def test_a_string_expression_gives_a_string() -> None:
    """Grouping keys are strings, whatever they are made of."""
    assert value_of("vm.labels.app + '/' + vm.group", returns=Returns.STRING) == "héllo/shop"


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("vm.labels.rack == 'x'", 'there is no key "rack"'),
        ("vm.requested.gpu > 0", 'there is no key "gpu"'),
        ("vm.device_needs[3] == 'x'", "Index error: index=3 size=1"),
        ("1 / (event.hardware_failures - 2) == 1", "divide by zero"),
        ("vm.requested.cpu_milli * 9223372036854775807 > 0", "integer overflow"),
    ],
)
def test_what_fails_is_a_failure_and_never_false(source: str, why: str) -> None:
    """An expression without a value says why, so that no rule is switched off silently."""
    assert value_of(source) == EvaluationFailure(why)


@pytest.mark.parametrize(
    ("source", "line", "column", "message", "fix"),
    [
        (
            "vm.tierr == 'x'",
            1,
            3,
            "undeclared reference to 'vm.tierr'",
            "did you mean vm.tier?",
        ),
        (
            "vm.tier == 'x' ||\n  vm.zone == 'A'",
            2,
            5,
            "undeclared reference to 'vm.zone'",
            "a label is vm.labels.zone; known are vm.device_needs,",
        ),
        (
            "frob(vm.tier)",
            1,
            5,
            "undeclared reference to 'frob'",
            "known are event.displaced_vms,",
        ),
        (
            "vm.tier = 'x'",
            1,
            9,
            "Syntax error: token recognition error at: '= '",
            "compare with ==",
        ),
        (
            "vm.tier == ",
            1,
            12,
            "Syntax error: mismatched input '<EOF>' expecting an operand",
            "",
        ),
        (
            "vm.tier == 1",
            1,
            9,
            "found no matching overload for '_==_' applied to '(string, int)'",
            "",
        ),
        ("vm.tier", 1, 1, "gives string, not bool", "compare it with something"),
        (
            "event.failed_hosts",
            1,
            1,
            "gives int, not bool",
            "compare it with something",
        ),
        (
            "+".join(["1"] * 200) + " == 200",
            1,
            1,
            "nests or chains more than 32 operators deep",
            "use 'in [...]'",
        ),
        (
            "(" * 200 + "true" + ")" * 200,
            1,
            1,
            "nests or chains more than 32 operators deep",
            "use 'in [...]'",
        ),
        (
            "'" + "a" * 4096 + "' == ''",
            1,
            1,
            "the expression has 4104 characters, the limit is 4096",
            "split it",
        ),
    ],
)
def test_compile_errors_name_place_reason_and_fix(source: str, line: int, column: int, message: str, fix: str) -> None:
    """The first problem of a wrong expression says where, what and what to do."""
    first = faults_of(source)[0]
    assert (first.line, first.column, first.message) == (line, column, message)
    assert first.fix.startswith(fix)


def test_all_unknown_names_are_reported_at_once() -> None:
    """Two typos in one expression are two faults."""
    assert [fault.column for fault in faults_of("vm.foo == 'x' && vm.bar == 'y'")] == [3, 20]


def test_scopes_see_their_own_variables_only() -> None:
    """A condition on the event sees no guest, a guest selector sees no host."""
    assert faults_of("vm.tier == 'x'", ExpressionScope.EVENT)
    assert faults_of("host.id == 'x'", ExpressionScope.VM)
    assert faults_of("vm.id == 'x'", ExpressionScope.HOST)


def test_has_on_a_plain_variable_is_refused() -> None:
    """The library gives the variable's value for has(vm.tier); the type check keeps that from meaning true."""
    assert faults_of("has(vm.tier)")[0].message == "gives string, not bool"


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("vm.tier == 'gold'", [("vm.tier", None)]),
        (
            "vm.labels.zone == vm.labels['app'] && has(vm.labels.x)",
            [("vm.labels", k) for k in ("app", "x", "zone")],
        ),
        (
            "vm.labels.?a.orValue('') == vm.labels[?\"b\"].orValue('')",
            [("vm.labels", "a"), ("vm.labels", "b")],
        ),
        ("vm.labels.size() > 1 && vm.labels.zone == 'A'", [("vm.labels", None)]),
        ("vm.labels[vm.tier] == ''", [("vm.labels", None), ("vm.tier", None)]),
        ("vm.labels['a' + 'b'] == ''", [("vm.labels", None)]),
        (r"vm.labels['\u0061'] == ''", [("vm.labels", None)]),
        ("'vm.id' == vm.group // vm.host", [("vm.group", None)]),
        ("r'\\' == vm.tier && '\\'vm.id' == ''", [("vm.tier", None)]),
        ("'''vm.id ' vm.host''' == vm . tier", [("vm.tier", None)]),
        (
            "vm.`tier` == '' && vm.labels.`zone` == ''",
            [("vm.labels", "zone"), ("vm.tier", None)],
        ),
        (
            "['x'].exists(vm, vm == 'y') || event.failed_hosts > 1",
            [("event.failed_hosts", None)],
        ),
    ],
)
def test_references_are_found_outside_strings_and_comments(source: str, expected: list[tuple[str, str | None]]) -> None:
    """The fields an expression reads are known, down to the key of a map where that is certain."""
    assert references_in(source, ExpressionScope.VM) == tuple(Reference(*item) for item in expected)


def test_every_variable_can_be_read() -> None:
    """No variable is declared that evaluation does not fill."""
    for scope in ExpressionScope:
        for name in VARIABLES[scope]:
            assert value_of(f"{name} == {name}", scope) is True


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("vm.labels.app", True),
        (" vm . labels['app'] ", True),
        ("vm.group", True),
        ("has(vm.labels.app) ? vm.labels.app : ''", True),
        ('has(vm.labels.app) ? vm.labels.app : "none"', True),
        ("has(vm.labels.app) ? vm.labels.app : vm.group", False),
        ("has(vm.labels.app) ? 'x' : vm.labels.app", False),
        ("vm.labels.app + ''", False),
        ("has(vm.labels.app) ? vm.labels.app : vm.labels.app + 'x'", False),
        ("vm.labels[vm.group]", False),
    ],
)
def test_expressions_that_give_their_reference_are_known(source: str, expected: bool) -> None:
    """Where the value of the reference is taken for the result, evaluation gives the same, or there is no value."""
    expression = compile_expression(source, ExpressionScope.VM, Returns.STRING)
    assert expression.gives_reference is expected
    if expected:
        (reference,) = expression.references
        for value in ("a", "", "b c"):
            data = {reference.variable: value if reference.key is None else {reference.key: value}}
            assert expression.evaluate(data) == value
