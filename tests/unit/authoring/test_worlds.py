"""Comparisons and worlds: what is proven of selectors holds for every guest there can be."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trimtab_solver.authoring.comparisons import comparisons_in, is_understood
from trimtab_solver.authoring.worlds import describe, worlds_of
from trimtab_solver.failures import Event
from trimtab_solver.policy.documents import Selector
from trimtab_solver.policy.expressions import compile_expression
from trimtab_solver.policy.subjects import Subjects, event_data
from trimtab_solver.policy.variables import ExpressionScope, Returns
from trimtab_solver.snapshot import Snapshot, Vm
from trimtab_solver.topology import Topology

EVENT = event_data(Event(0, 0, (), 0))


@pytest.mark.parametrize(
    ("cel", "found"),
    [
        ("vm.tier == 'gold'", {("vm.tier", None, "gold")}),
        ("'gold' != vm.tier", {("vm.tier", None, "gold")}),
        ('vm.labels["a"] == "x"', {("vm.labels", "a", "x")}),
        ("vm.labels.?a.orValue('') == 'x'", {("vm.labels", "a", "x"), ("vm.labels", "a", "")}),
        ("has(vm.labels.a) && vm.labels.a in ['x', 'y']", {("vm.labels", "a", "x"), ("vm.labels", "a", "y")}),
        ("'gpu' in vm.device_needs", {("vm.device_needs", None, "gpu")}),
        ("vm.requested.cpu_milli >= 12000", {("vm.requested", "cpu_milli", 12000)}),
        ("-3 < vm.requested.cpu_milli", {("vm.requested", "cpu_milli", -3)}),
        ("true", set()),
    ],
)
def test_comparisons_are_read_off(cel: str, found: set[tuple[str, str | None, str | int]]) -> None:
    """With variable, key and literal; nothing else tells guests apart then."""
    compile_expression(cel, ExpressionScope.VM, Returns.BOOL)
    read = {(one.reference.variable, one.reference.key, one.value) for one in comparisons_in(cel, ExpressionScope.VM)}
    assert read == found
    assert is_understood(cel)


@pytest.mark.parametrize(
    "cel",
    [
        "vm.id.startsWith('a')",
        "vm.tier < 'b'",
        "vm.tier == vm.group",
        "2 * vm.requested.a > 3",
        "vm.requested.a > 3 + 1",
        "vm.requested.a - 1 > 3",
        "size(vm.labels) > 0",
        "vm.labels.exists(k, k == 'a')",
        "'a' in vm.labels",
        "vm.tier + 'x' == 'y'",
    ],
)
def test_what_tells_more_guests_apart_is_not_understood(cel: str) -> None:
    """Then nothing is proven."""
    compile_expression(cel, ExpressionScope.VM, Returns.BOOL)
    assert not is_understood(cel) or worlds_of(ExpressionScope.VM, [Selector(cel=cel)]) is None


def test_contradictions_match_no_world() -> None:
    """Within CEL, and between labels and CEL."""
    for selector in (
        Selector(cel="vm.tier == 'a' && vm.tier == 'b'"),
        Selector(match_labels={"zone": "A"}, cel="has(vm.labels.zone) && vm.labels.zone == 'B'"),
        Selector(ids=("x",), cel="vm.id == 'y'"),
    ):
        worlds = worlds_of(ExpressionScope.VM, [selector])
        assert worlds is not None
        assert not worlds.where(selector)


def test_a_world_is_described_by_what_tells_it_apart() -> None:
    """For messages."""
    worlds = worlds_of(ExpressionScope.VM, [Selector(cel="vm.tier == 'a' && has(vm.labels.z)")])
    assert worlds is not None
    assert [describe(world) for world in worlds.all] == [
        "vm.labels.z = something else, vm.tier = 'a'",
        "vm.labels.z = something else, vm.tier = something else",
        "vm.tier = 'a'",
        "vm.tier = something else",
    ]


_ATOMS = st.sampled_from(
    [
        "vm.tier == 'a'",
        "vm.tier != 'b'",
        "vm.tier in ['a', 'c']",
        "has(vm.labels.z)",
        "vm.labels.z == 'A'",
        "vm.labels.?z.orValue('A') == 'A'",
        "'gpu' in vm.device_needs",
        "'nic' in vm.device_needs",
        "vm.requested.cpu > 2",
        "vm.requested.cpu == 4",
        "3 >= vm.requested.cpu",
        "true",
        "false",
    ]
)
_CEL = st.recursive(
    _ATOMS,
    lambda inner: (
        st.builds("({} {} {})".format, inner, st.sampled_from(["&&", "||"]), inner)
        | st.builds("!({})".format, inner)
        | st.builds("({} ? {} : {})".format, inner, inner, inner)
    ),
    max_leaves=6,
)
_SELECTORS = st.builds(
    Selector,
    ids=st.none() | st.lists(st.sampled_from("pqr"), max_size=2, unique=True).map(tuple),
    match_labels=st.none() | st.dictionaries(st.sampled_from(["z", "y"]), st.sampled_from("AB"), max_size=2),
    cel=_CEL,
)
_GUESTS = st.builds(
    Vm,
    id=st.sampled_from("pqrs"),
    tier=st.sampled_from("abcd"),
    labels=st.dictionaries(st.sampled_from(["z", "y", "x"]), st.sampled_from("ABC"), max_size=3),
    device_needs=st.lists(st.sampled_from(["gpu", "nic", "usb"]), unique=True).map(tuple),
    requested=st.dictionaries(st.sampled_from(["cpu", "memory_mib"]), st.integers(0, 6)),
)


def matches(selector: Selector, vm: Vm) -> bool:
    """Whether the selector picks the guest, by the code that plans use."""
    assert selector.cel is not None
    if selector.ids is not None and vm.id not in selector.ids:
        return False
    if any(vm.labels.get(key) != value for key, value in (selector.match_labels or {}).items()):
        return False
    subjects = Subjects(ExpressionScope.VM, (vm,), Topology(Snapshot()), EVENT)
    return subjects.evaluate(
        compile_expression(selector.cel, ExpressionScope.VM, Returns.BOOL), subjects.all
    ).each() == [True]


@settings(deadline=None)
@given(_SELECTORS, _SELECTORS, st.lists(_GUESTS, min_size=1, max_size=12))
def test_what_worlds_prove_holds_for_guests(one: Selector, other: Selector, guests: list[Vm]) -> None:
    """A selector without worlds picks nobody, one with all worlds everybody, and subsets stay subsets."""
    worlds = worlds_of(ExpressionScope.VM, [one, other])
    if worlds is None:
        return
    found, others = worlds.where(one), worlds.where(other)
    for vm in guests:
        is_in, is_in_other = matches(one, vm), matches(other, vm)
        assert found or not is_in
        assert len(found) < len(worlds.all) or is_in
        assert not found <= others or is_in_other or not is_in
        assert found & others or not (is_in and is_in_other)
