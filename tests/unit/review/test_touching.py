"""`policy explain`: everything that touches a guest, and nothing else."""

from __future__ import annotations

from dataclasses import replace

from tests.support.documents import document, policy_of
from trimtab_solver.authoring.loader import parse_policy
from trimtab_solver.review.touching import touching
from trimtab_solver.snapshot import FailureDomain, Host, Snapshot, StoragePool, Vm, VmState

POLICY = parse_policy(
    {
        "p.yaml": (
            document("Tier", "gold", "{rank: 9, availability: must-run}")
            + document(
                "Tier",
                "low",
                "{rank: 1, select: {matchLabels: {sla: low}}, evict: {when: event.hardware_failures >= 1},"
                " resize: {floor: {memory_mib: '50%'}}}",
            )
            + document("PolicySet", "all", "{defaultTier: gold}")
            + document("Pin", "ssd", "{select: {matchLabels: {sla: low}, cel: vm.id != 'z'}, hosts: {ids: [h1]}}")
            + document("Pin", "idle", "{select: {ids: [a]}, hosts: {ids: [h1]}, enabled: false}")
            + document(
                "Spread",
                "racks",
                "{select: {cel: 'true'}, topology: rack, maxPerDomain: 1, level: should, weight: 40}",
            )
            + document("Resize", "half", "{select: {ids: [b]}, floor: {memory_mib: '60%'}}")
            + document("Pin", "other", "{select: {ids: [c]}, hosts: {ids: [h1]}}")
        )
        .removeprefix("---\n")
        .encode()
    }
)
CLUSTER = Snapshot(
    tuple(Host(name, ("r1",), capacity={"memory_mib": 16}) for name in ("h1", "h2")),
    (
        Vm("a", labels={"sla": "low"}, host_id="h2", requested={"memory_mib": 1}),
        Vm("b", tier="gold", host_id="h1", requested={"memory_mib": 8}),
        Vm("c", state=VmState.PENDING, requested={"memory_mib": 1}),
    ),
    (FailureDomain("r1", "rack"),),
)


def lines(vm_id: str) -> list[tuple[str, str, tuple[str, ...]]]:
    """(document, how binding, facts) of everything that touches the guest."""
    return [(touch.document.name, touch.how, touch.facts) for touch in touching(POLICY, CLUSTER, vm_id)]


def test_the_tier_and_every_rule_are_named_with_reasons() -> None:
    """What selects the guest, what follows, and whether it is broken; disabled rules say that they are."""
    assert lines("a") == [
        (
            "low",
            "",
            (
                "spec.select selects it: its label sla is low",
                "rank 1, best-effort",
                "it may not be evicted now (stop, when event.hardware_failures >= 1)",
                "it may be shrunk now (to memory_mib 50%, when true)",
            ),
        ),
        (
            "ssd",
            "must",
            (
                "spec.select selects it: its label sla is low, vm.id != 'z' holds",
                "it leaves 1 host: h1",
                "broken now: a by 1",
            ),
        ),
        ("idle", "must, disabled", ("spec.select selects it: it is named a",)),
        (
            "racks",
            "should 40",
            ("spec.select selects it: true holds", "group with b, c", "broken now: r1 by 1"),
        ),
    ]


def test_the_default_tier_is_told_as_such() -> None:
    """And that it is never stopped or shrunk."""
    (name, _, facts), *rules = lines("c")
    assert (name, facts) == (
        "gold",
        (
            "no tier selects it, and this one is the default",
            "rank 9, must-run",
            "it is never stopped to make room",
            "it always has what it requests",
        ),
    )
    assert [rule[2][-1] for rule in rules] == ["it does not run now", "it does not run now"]


def test_places_are_those_of_the_selectors() -> None:
    """File, line and column of what selects the guest."""
    assert [str(touch.source) for touch in touching(POLICY, CLUSTER, "b")] == [
        "p.yaml:4:1",
        "p.yaml:29:8",
        "p.yaml:34:8",
    ]


def test_a_rule_about_sizes_tells_the_least_size() -> None:
    """In units of the resource, and whether it holds now."""
    facts = next(facts for name, _, facts in lines("b") if name == "half")
    assert facts == ("spec.select selects it: it is named b", "it has at least 5 memory_mib", "the rule holds now")


def test_the_pool_of_the_guest_is_held_against_what_a_rule_asks_of_storage() -> None:
    """A rule that leaves no host because of the disks says so, with the pool."""
    pools = (StoragePool("good", labels={"raid": "10"}), StoragePool("bad", labels={"raid": "0"}))
    hosts = tuple(replace(host, storage_pool_ids=("good", "bad")) for host in CLUSTER.hosts)
    spec = "{select: {ids: [b]}, storage: {matchLabels: {raid: '10'}}}"
    rules = policy_of(
        document("Tier", "gold", "{rank: 1, select: {cel: 'true'}}"), document("HostRequirement", "r", spec)
    )
    for pool, facts in (
        ("good", ("spec.storage selects its storage pool good", "it leaves 2 hosts: h1, h2", "the rule holds now")),
        ("bad", ("spec.storage does not select its storage pool bad", "it leaves no host", "broken now: b by 1")),
    ):
        vms = tuple(replace(vm, storage_pool_id=pool) for vm in CLUSTER.vms)
        found = touching(rules, replace(CLUSTER, hosts=hosts, vms=vms, storage_pools=pools), "b")
        assert found[1].facts[1:] == facts


def test_a_group_that_is_counted_twice_is_told_once() -> None:
    """`maxPerDomain` and `minDomains` of one rule count the same group."""
    spec = "{select: {cel: 'true'}, topology: host, maxPerDomain: 2, minDomains: 2}"
    rules = policy_of(document("Tier", "gold", "{rank: 1, select: {cel: 'true'}}"), document("Spread", "r", spec))
    facts = touching(rules, CLUSTER, "a")[1].facts
    assert facts[1:] == ("group with b, c", "the rule holds now")
