"""Selection: selectors, tiers and groups on a snapshot, and what happens when expressions fail."""

from __future__ import annotations

import random

import pytest

from tests.support.documents import document, named, policy_of
from trimtab_solver.errors import Fault, PolicyRefusedError, Reason
from trimtab_solver.failures import Event, event_of
from trimtab_solver.policy.documents import Selector
from trimtab_solver.policy.expressions import compile_expression
from trimtab_solver.policy.memo import EVERYTHING
from trimtab_solver.policy.selection import Selection
from trimtab_solver.policy.subjects import event_data
from trimtab_solver.policy.variables import ExpressionScope, Returns
from trimtab_solver.rules.tier import guest_tiers, ranked_tiers
from trimtab_solver.snapshot import Host, HostState, Snapshot, Vm, VmState

HOSTS = (
    Host("h1", labels={"raid": "10"}),
    Host("h2", capabilities=("gpu",), state=HostState.DOWN),
)
VMS = (
    Vm("a", tier="gold", labels={"zone": "A", "app": "shop"}, host_id="h1"),
    Vm("b", tier="gold", labels={"zone": "B", "app": "shop"}, host_id="h1"),
    Vm("c", tier="bronze", labels={"app": "crm"}, state=VmState.STOPPED),
)
SNAPSHOT = Snapshot(HOSTS, VMS)
MUST = document("Pin", "pin", "{select: {cel: 'true'}, hosts: {cel: 'true'}}")
SHOULD = document(
    "Pin",
    "pin",
    "{select: {cel: 'true'}, hosts: {cel: 'true'}, level: should, weight: 1}",
)


def selection_of(*documents: str, snapshot: Snapshot = SNAPSHOT) -> Selection:
    return Selection(policy_of(*documents), snapshot)


def vms_of(selector: Selector, *documents: str) -> tuple[str, ...]:
    selection = selection_of(*(documents or (MUST,)))
    return selection.vms(named(selection.policy, "pin"), "spec.select", selector)


def refusal_of(selection: Selection) -> tuple[Fault, ...]:
    with pytest.raises(PolicyRefusedError) as refusal:
        guest_tiers(selection)
    return refusal.value.faults


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        (Selector(ids=("c", "a", "nobody", "a")), ("a", "c")),
        (Selector(ids=()), ()),
        (Selector(match_labels={"app": "shop"}), ("a", "b")),
        (Selector(match_labels={"app": "shop", "zone": "B"}), ("b",)),
        (Selector(match_labels={"zone": ""}), ()),
        (Selector(match_labels={}), ("a", "b", "c")),
        (Selector(cel="vm.tier == 'gold'"), ("a", "b")),
        (Selector(cel="true"), ("a", "b", "c")),
        (
            Selector(ids=("a", "c"), match_labels={"app": "shop"}, cel="vm.host == 'h1'"),
            ("a",),
        ),
        # the label exists on every guest that the other parts leave
        (Selector(match_labels={"app": "shop"}, cel="vm.labels.zone == 'A'"), ("a",)),
    ],
)
def test_a_selector_picks_what_satisfies_every_part(selector: Selector, expected: tuple[str, ...]) -> None:
    """Ids, labels and CEL narrow each other; unknown ids and missing labels do not match; order is the snapshot's."""
    assert vms_of(selector) == expected


def test_hosts_are_selected_in_the_same_way() -> None:
    """Selectors and conditions on hosts give sets of ids."""
    selection = selection_of(MUST)
    pin = named(selection.policy, "pin")
    assert selection.hosts(pin, "spec.hosts", Selector(match_labels={"raid": "10"})) == {"h1"}
    assert selection.hosts(pin, "spec.hosts", Selector(cel="event.failed_hosts == 1")) == {"h1", "h2"}
    assert selection.hosts_where(pin, "spec.require", "'gpu' in host.capabilities") == {"h2"}


def test_groups_follow_the_value_of_the_expression() -> None:
    """Without an expression the guests are one group; members keep their order."""
    selection = selection_of(MUST)
    pin = named(selection.policy, "pin")
    ids = ("a", "b", "c")
    assert selection.groups(pin, "spec.groupBy", ids, None) == {"": ids}
    assert selection.groups(pin, "spec.groupBy", ids, "vm.labels.app") == {
        "shop": ("a", "b"),
        "crm": ("c",),
    }
    assert selection.groups(pin, "spec.groupBy", (), "vm.labels.nothing") == {}


def test_conditions_hold_for_the_event() -> None:
    """The event is taken from the snapshot unless given."""
    policy = policy_of()
    bronze = named(policy, "bronze")
    given = Selection(policy, SNAPSHOT, Event(7, 7, (), 0))
    assert Selection(policy, SNAPSHOT).holds(bronze, "spec.evict.when", "event.hardware_failures == 1")
    assert not Selection(policy, SNAPSHOT).holds(bronze, "spec.evict.when", "event.hardware_failures == 7")
    assert given.holds(bronze, "spec.evict.when", "event.hardware_failures == 7")


def test_an_error_in_a_must_rule_names_guests_and_place() -> None:
    """What cannot be evaluated refuses the request, with file, line, field, the first five ids and the count."""
    vms = tuple(Vm(f"vm{i}", labels={"zone": "A"} if i == 3 else {}) for i in range(9))
    selection = selection_of(
        document("Pin", "pin", "{select: {cel: vm.labels.zone == 'A'}, hosts: {cel: 'true'}}"),
        snapshot=Snapshot(HOSTS, vms),
    )
    pin = named(selection.policy, "pin")
    with pytest.raises(PolicyRefusedError) as refusal:
        selection.vms(pin, "spec.select", pin.spec.select)  # type: ignore[attr-defined]  # a Pin
    (fault,) = refusal.value.faults
    assert fault.reason is Reason.POLICY_EVALUATION
    assert fault.path == "p.yaml:6:22 spec.select.cel"
    assert 'fails on 8 guests: vm0, vm1, vm2, vm4, vm5 and 3 more: there is no key "zone"' in fault.message
    assert "has(" in fault.fix


def test_an_error_in_a_should_rule_leaves_the_guest_out() -> None:
    """A wish that cannot be evaluated is a warning, once."""
    selection = selection_of(SHOULD)
    pin = named(selection.policy, "pin")
    selector = Selector(cel="vm.labels.zone == 'A'")
    assert selection.vms(pin, "spec.select", selector) == ("a",)
    assert selection.vms(pin, "spec.select", selector) == ("a",)
    assert selection.groups(pin, "spec.groupBy", ("a", "c"), "vm.labels.zone") == {"A": ("a",)}
    assert [warning.split(": ")[0] for warning in selection.warnings] == [
        "p.yaml:6:1 spec.groupBy",
        "p.yaml:6:22 spec.select.cel",
    ]
    assert "fails on 1 guest: c" in selection.warnings[1]


def test_warnings_do_not_depend_on_who_asks_first() -> None:
    """Whatever was asked, in whatever order and of whichever guests, is said once for each expression and cause."""
    one, other = selection_of(SHOULD), selection_of(SHOULD)
    pin, selector = named(one.policy, "pin"), Selector(cel="vm.labels.zone == 'A'")
    one.vms(pin, "spec.select", selector)
    one.groups(pin, "spec.groupBy", ("a", "b", "c"), "vm.labels.nothing")
    other.groups(pin, "spec.groupBy", ("c", "a"), "vm.labels.nothing")
    other.groups(pin, "spec.groupBy", ("b",), "vm.labels.nothing")
    other.vms(pin, "spec.select", selector)
    assert one.warnings == other.warnings
    assert "fails on 3 guests: a, b, c" in one.warnings[0]


def test_who_reads_the_snapshot_depends_on_what_he_names_or_on_everything() -> None:
    """So that a rule kind that forgets to say what it reads is evaluated again after any change.

    Which guests or hosts there are is always among what is read of them.
    """
    selection = selection_of(MUST)
    assert selection.recorded(lambda: selection.snapshot)[1] == {EVERYTHING}
    assert selection.recorded(lambda: selection.reading("host.state"))[1] == {"host.state", "host.id"}
    pin = named(selection.policy, "pin")
    assert selection.recorded(lambda: selection.vms(pin, "spec.select", Selector(match_labels={"app": "shop"})))[1] == {
        "vm.labels",
        "vm.id",
    }
    assert selection.recorded(lambda: selection.hosts_where(pin, "x", "event.failed_hosts == 1 && host.state == 'UP'"))[
        1
    ] == {"event.failed_hosts", "host.state", "host.id"}


def test_tiers_come_by_rank_then_name() -> None:
    """The order of tiers does not depend on the order of documents."""
    selection = selection_of(
        *(document("Tier", name, f"{{rank: {rank}}}") for name, rank in (("b", 5), ("a", 5), ("z", 99)))
    )
    assert [item.name for item, _ in ranked_tiers(selection)] == ["z", "bronze", "a", "b"]


def test_every_guest_has_the_tier_that_selects_it() -> None:
    """A tier without select holds the guests that name it, stopped ones included."""
    selection = selection_of(document("Tier", "precious", "{rank: 99, select: {cel: vm.tier == 'gold'}}"))
    assert {vm: tier.name for vm, tier in guest_tiers(selection).items()} == {
        "a": "precious",
        "b": "precious",
        "c": "bronze",
    }


def test_a_tier_takes_the_guests_that_it_overrides() -> None:
    """Directly or through others, whatever the ranks; without a tier that overrides all others it is refused."""
    also = document("Tier", "also", "{rank: 5, select: {ids: [a, b]}, overrides: [gold]}")
    gold = document("Tier", "gold", "{rank: 99}")
    assert {vm: tier.name for vm, tier in guest_tiers(selection_of(gold, also)).items() if vm != "c"} == {
        "a": "also",
        "b": "also",
    }
    top = document("Tier", "top", "{rank: 1, select: {ids: [a]}, overrides: [also]}")
    assert guest_tiers(selection_of(gold, also, top))["a"].name == "top"
    rival = document("Tier", "rival", "{rank: 1, select: {ids: [a]}, overrides: [gold]}")
    (fault,) = refusal_of(selection_of(gold, also, rival))
    assert fault.reason is Reason.AMBIGUOUS_TIER
    assert "1 guest of two tiers" in fault.message
    assert "a" in fault.message
    assert "also" in fault.message
    assert "rival" in fault.message


def test_a_guest_of_two_tiers_is_refused_naming_both() -> None:
    """Which tier wins is never guessed."""
    selection = selection_of(
        document("Tier", "gold", "{rank: 99}"),
        document("Tier", "also", "{rank: 5, select: {ids: [a, b]}}"),
    )
    (fault,) = refusal_of(selection)
    assert fault.reason is Reason.AMBIGUOUS_TIER
    assert "2 guests of two tiers, gold (p.yaml:3:1) and also: a, b" in fault.message
    assert fault.path == "p.yaml:11:17 spec.select"


def test_a_guest_without_tier_is_refused_with_a_suggestion() -> None:
    """A misspelt tier is named, with the guest and the nearest tier."""
    (fault,) = refusal_of(selection_of(document("Tier", "goldd", "{rank: 99}")))
    assert fault.reason is Reason.NO_TIER
    assert fault.path == "snapshot.vms[0].tier"
    assert "2 guests of no tier: a, b" in fault.message
    assert 'did you mean "goldd"?' in fault.fix


def test_the_default_tier_takes_guests_that_no_tier_selects() -> None:
    """With defaultTier no guest is without a tier."""
    selection = selection_of(document("PolicySet", "set", "{defaultTier: bronze}"))
    assert {tier.name for tier in guest_tiers(selection).values()} == {"bronze"}


def test_results_do_not_depend_on_what_was_asked_before() -> None:
    """Memoised evaluation gives for each of many random guests what evaluating that guest alone gives."""
    chance = random.Random(7)
    keys = ("zone", "app", "rack")
    vms = tuple(
        Vm(
            f"vm{i}",
            tier=chance.choice(("gold", "bronze")),
            labels={key: chance.choice("AB") for key in keys if chance.random() < 0.7},
            requested={"cpu_milli": chance.choice((1, 2))} if chance.random() < 0.8 else {},
            device_needs=tuple(need for need in ("gpu", "tpu") if chance.random() < 0.3),
        )
        for i in range(300)
    )
    sources = (
        "vm.tier == 'gold' && has(vm.labels.zone) && vm.labels.zone == 'A'",
        "has(vm.labels.app) ? vm.labels.app == vm.labels.?rack.orValue('A') : vm.tier == 'bronze'",
        "vm.labels.exists(key, vm.labels[key] == 'B') && size(vm.labels) > 1",
        "vm.requested.?cpu_milli.orValue(0) == 2 || 'gpu' in vm.device_needs",
        "vm.id.endsWith('7') && event.failed_hosts == 1",
        "'zone' in vm.labels && vm.labels.zone == 'B'",
    )
    snapshot = Snapshot(HOSTS, vms)
    selection = selection_of(MUST, snapshot=snapshot)
    pin = named(selection.policy, "pin")
    event = event_data(event_of(snapshot))
    for i, source in enumerate(sources):
        # a narrower question first: its answers must not leak into the wider one
        selection.vms(
            pin,
            f"spec.narrow[{i}]",
            Selector(ids=tuple(vm.id for vm in vms[::3]), cel=source),
        )
        alone = compile_expression(source, ExpressionScope.VM, Returns.BOOL)
        expected = tuple(vm.id for vm in vms if alone.evaluate({**event, **_data(vm)}) is True)
        assert selection.vms(pin, f"spec.wide[{i}]", Selector(cel=source)) == expected


def _data(vm: Vm) -> dict[str, object]:
    return {
        "vm.id": vm.id,
        "vm.tier": vm.tier,
        "vm.labels": dict(vm.labels),
        "vm.requested": dict(vm.requested),
        "vm.device_needs": list(vm.device_needs),
    }


def test_another_event_gives_another_answer() -> None:
    """Nothing is remembered from one selection to the next."""
    policy = policy_of(MUST)
    pin = named(policy, "pin")
    selector = Selector(cel="event.hardware_failures >= 2")
    assert Selection(policy, SNAPSHOT, Event(1, 1, (), 0)).vms(pin, "spec.select", selector) == ()
    assert len(Selection(policy, SNAPSHOT, Event(2, 2, (), 0)).vms(pin, "spec.select", selector)) == 3
