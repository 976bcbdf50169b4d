"""The survivability report of clusters small enough to reason about by hand."""

from __future__ import annotations

import json
from dataclasses import replace

from tests.support import cluster
from trimtab_server.reports.json_report import json_of
from trimtab_server.reports.survivability import survivability_report
from trimtab_solver.policy.documents import Selector
from trimtab_solver.prepared import Prepared, prepare
from trimtab_solver.rules.host_requirement import HostRequirement
from trimtab_solver.rules.pin import Pin
from trimtab_solver.rules.quorum import Quorum
from trimtab_solver.scenarios.generation import losses
from trimtab_solver.snapshot import PoolKind, StoragePool
from trimtab_solver.what_if.assessing import AssessmentOptions, Assessor
from trimtab_solver.what_if.runners.runner import Assessed
from trimtab_solver.what_if.single_points import Exposure, single_points
from trimtab_solver.what_if.survivability import Survivability, survivability
from trimtab_solver.what_if.verdicts import Basis, ScenarioVerdict

EVERYBODY = Selector(cel="true")


def report_of(start: Prepared, *number_of: tuple[str, int]) -> Survivability:
    """The report on losses of so many parts of these kinds."""
    scenarios = [scenario for kind, number in number_of for scenario in losses(start.snapshot, (kind,), number)]
    assessor = Assessor(start, AssessmentOptions(budget_s=0.5))
    results = [Assessed(number, assessor.assess(scenario)) for number, scenario in enumerate(scenarios)]
    # in whatever order a runner has them
    return survivability(start, scenarios, reversed(results))


def full_cluster() -> Prepared:
    """Four hosts of four units: h1 is full of gold, the others hold three bronze guests each."""
    gold = [cluster.vm(f"g{n}", "h1", "gold") for n in range(4)]
    bronze = [cluster.vm(f"b{h}{n}", f"h{h}") for h in (2, 3, 4) for n in range(3)]
    return prepare(cluster.snapshot((*gold, *bronze)), cluster.policy())


def test_losses_are_ranked_by_the_objective() -> None:
    """One host lost fits or costs bronze; a site costs gold or bronze as counting by hand says."""
    found = report_of(full_cluster(), ("host", 1), ("site", 1))
    by_name = {loss.scenario: dict(loss.lost) for loss in found.losses}
    # 3 places are free on h2 to h4: of the 4 gold guests of h1 one takes the place of a bronze guest
    assert by_name["host:h1 fails"] == {"bronze": 1}
    # 2 places are free beside it for 3 bronze guests
    assert by_name["host:h2 fails"] == {"bronze": 1}
    # 13 guests on 8 places, gold first
    assert by_name["site:east fails"] == {"bronze": 5}
    assert by_name["site:west fails"] == {"bronze": 5}
    assert [loss.lost["bronze"] for loss in found.losses] == [5, 5, 1, 1, 1, 1]
    assert all(loss.is_proven for loss in found.losses)
    assert [(kind.kind, kind.survived, len(kind.losses)) for kind in found.kinds] == [("host", 0, 4), ("site", 0, 2)]
    assert [(tier.tier, len(tier.single), len(tier.several)) for tier in found.tiers] == [("bronze", 6, 0)]


def test_pairs_that_lose_guests_only_together_are_told() -> None:
    """Of eight guests on four hosts of four places each pair may be lost, of nine none; each host alone may."""
    nine = [cluster.vm(f"b{n}", f"h{n % 4 + 1}") for n in range(9)]
    found = report_of(prepare(cluster.snapshot(nine), cluster.policy()), ("host", 1), ("host", 2))
    pairs = [loss for loss in found.losses if len(loss.parts) == 2]
    assert len(pairs) == 6
    assert all(loss.lost == {"bronze": 1} and loss.only_together for loss in pairs)
    assert found.survived == 4
    fewer = report_of(prepare(cluster.snapshot(nine[:8]), cluster.policy()), ("host", 1), ("host", 2))
    assert fewer.survived == 10
    assert not fewer.tiers


def test_what_is_not_known_is_said() -> None:
    """A scenario without a plan is no failure that is survived."""
    start = full_cluster()
    scenarios = list(losses(start.snapshot, ("host",), 1))
    results = [Assessed(0, ScenarioVerdict.unassessed(scenarios[0].name, "its process died"))]
    found = survivability(start, scenarios, results)
    assert found.unknown == (("host:h1 fails", "its process died"),)
    assert not found.losses
    assert "Nothing is known of host:h1 fails" in json_of(survivability_report(found))


def points(start: Prepared, exposure: Exposure) -> list[tuple[str, tuple[str, ...], str]]:
    """Parts, who depends on them, and the rule that says so."""
    return [(p.part, p.subjects, p.rule) for p in single_points(start) if p.exposure is exposure]


def test_applications_in_one_part_are_named_with_the_smallest_part() -> None:
    """Its rack and site are not named as well; who runs in two sites has none but a pool."""
    guests = [
        *(cluster.vm(f"a{n}", "h1", group="on-a-host") for n in range(2)),
        *(cluster.vm(f"s{n}", f"h{n + 1}", group="on-a-site") for n in range(2)),
        *(cluster.vm(f"p{n}", f"h{2 * n + 1}", group="on-a-pool", storage_pool_id="p1") for n in range(2)),
        *(cluster.vm(f"m{n}", f"h{2 * n + 1}", group="on-a-mirror", storage_pool_id="p2") for n in range(2)),
        cluster.vm("x", "h1", group="single"),
    ]
    pools = ("p1", "p2")
    plain = cluster.snapshot(guests, {n: {"storage_pool_ids": pools} for n in range(1, 5)})
    snapshot = replace(plain, storage_pools=(StoragePool("p1"), StoragePool("p2", PoolKind.MIRRORED)))
    start = prepare(snapshot, cluster.policy())
    assert points(start, Exposure.WHOLE_GROUP) == [
        ("host:h1", ("on-a-host",), ""),
        ("site:east", ("on-a-site",), ""),
        ("pool:p1", ("on-a-pool",), ""),
    ]


def test_a_quorum_names_the_parts_that_it_cannot_lose() -> None:
    """Three guests of which two must run: the host that holds two, and no other."""
    guests = [cluster.vm(f"q{n}", host, group="q") for n, host in enumerate(("h1", "h1", "h3"))]
    quorum = Quorum(select=EVERYBODY, group_by="vm.group", min_running="50%")
    start = prepare(cluster.snapshot(guests), cluster.policy(half=quorum))
    assert points(start, Exposure.QUORUM) == [("host:h1", ("q",), "half")]
    (shown,) = (shown for shown in report_of(start, ("host", 1)).single_points if shown.point.rule == "half")
    assert shown.shown_by is not None
    assert shown.shown_by.scenario == "host:h1 fails"
    assert not shown.shown_by.lost
    # where the quorum is not there before, no part takes it away
    none = Quorum(select=EVERYBODY, group_by="vm.group", min_running=4)
    assert not points(prepare(cluster.snapshot(guests), cluster.policy(four=none)), Exposure.QUORUM)


def test_pools_without_the_mirror_that_a_rule_asks_for_are_named() -> None:
    """Only where the rule would be content with the same pool, mirrored."""
    guests = [cluster.vm("a", "h1", "gold", storage_pool_id="p1"), cluster.vm("b", "h1", storage_pool_id="p1")]
    plain = cluster.snapshot(guests, {1: {"storage_pool_ids": ("p1",)}})
    snapshot = replace(plain, storage_pools=(StoragePool("p1"),))
    gold = Selector(cel="vm.tier == 'gold'")
    mirror = HostRequirement(select=gold, storage=Selector(cel="pool.kind == 'MIRRORED'"))
    other = HostRequirement(select=gold, storage=Selector(match_labels={"raid": "10"}))
    start = prepare(snapshot, cluster.policy(mirror=mirror, other=other))
    assert points(start, Exposure.NO_MIRROR) == [("pool:p1", ("a",), "mirror")]


def test_guests_that_only_one_host_suits_are_named() -> None:
    """By a must rule, equipment, or because all other hosts take nobody; not by a wish."""
    guests = [
        cluster.vm("pinned", "h1"),
        cluster.vm("equipped", "h2", device_needs=("gpu",)),
        cluster.vm("wishful", "h3"),
        cluster.vm("free", "h4"),
    ]
    hosts = {2: {"capabilities": ("gpu",)}}
    to_h1 = Selector(ids=("h1",))
    pin = Pin(select=Selector(ids=("pinned",)), hosts=to_h1)
    wish = Pin(select=Selector(ids=("wishful",)), hosts=to_h1, level="should", weight=1)  # type: ignore[arg-type]
    start = prepare(cluster.snapshot(guests, hosts), cluster.policy(pin=pin, wish=wish))
    assert points(start, Exposure.ONLY_HOST) == [("host:h1", ("pinned",), ""), ("host:h2", ("equipped",), "")]
    closed = prepare(cluster.snapshot(guests[3:], dict.fromkeys((1, 2, 3), cluster.DOWN)), cluster.policy())
    assert points(closed, Exposure.ONLY_HOST) == [("host:h4", ("free",), "")]


def test_a_program_reads_the_report() -> None:
    """Numbers by tier, and what they rest on."""
    found = report_of(full_cluster(), ("host", 1))
    told = json.loads(json_of(survivability_report(found)))
    assert told["facts"] == {"assessed": 4, "survived": 0, "unknown": 0}
    (block,) = told["sections"][0]["blocks"]
    row = block["rows"][0]
    assert row["lost"] == {"bronze": 1}
    assert row["shown"] == Basis.BOUND.value
