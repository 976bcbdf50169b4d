"""Availability of clusters that are small enough to be reckoned by hand."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import replace

import numpy as np
import pytest

from tests.support.strategies import policy_of
from trimtab_solver.policy.documents import Policy, Selector, Spec
from trimtab_solver.prepared import prepare
from trimtab_solver.rules.quorum import Quorum
from trimtab_solver.rules.tier import Eviction, Tier
from trimtab_solver.snapshot import (
    FailureDomain,
    Host,
    HostState,
    PoolKind,
    Snapshot,
    StoragePool,
    Vm,
    VmState,
)
from trimtab_solver.what_if.availability.applications import Criterion
from trimtab_solver.what_if.availability.classes import AvailabilityClass, Shortfall, reached_classes
from trimtab_solver.what_if.availability.downtime import ReckonedBy
from trimtab_solver.what_if.availability.failure_rates import FailureRates, Reliability, Upkeep
from trimtab_solver.what_if.availability.impact import Impact
from trimtab_solver.what_if.availability.report import AvailabilityReport, ServiceAvailability, TargetVerdict
from trimtab_solver.what_if.availability.reporting import AvailabilityOptions, availability_report
from trimtab_solver.what_if.verdicts import Basis

MIB = "memory_mib"
MIRROR = StoragePool("mirror", PoolKind.MIRRORED)
NEVER = Reliability(math.inf, 1.0)
HOST, HOST_REPAIR = 1_000_000.0, 20_000.0
SITE, SITE_REPAIR = 5_000_000.0, 90_000.0
FENCE_S, RESTART_S, BOOT_S = 15, 40, 200
RATES = FailureRates({"host": Reliability(HOST, HOST_REPAIR), "site": NEVER}, upkeep=None)
U = HOST_REPAIR / (HOST + HOST_REPAIR)
"""Of a host."""


def host(name: str, room: int = 1, site: str = "", **changes: object) -> Host:
    """A host with room for so many guests."""
    domains = (site,) if site else ()
    plain = Host(name, domains, {MIB: 100 * room}, storage_pool_ids=("mirror",), boot_s=BOOT_S)
    return replace(plain, **changes)  # type: ignore[arg-type]  # any of its fields


def guest(name: str, place: str, **changes: object) -> Vm:
    """A guest of the application "app" on the mirror."""
    plain = Vm(
        name,
        tier="gold",
        group="app",
        requested={MIB: 100},
        host_id=place,
        storage_pool_id="mirror",
        restart_s=RESTART_S,
    )
    return replace(plain, **changes)  # type: ignore[arg-type]  # any of its fields


def cluster(hosts: Iterable[Host], vms: Iterable[Vm], pools: Iterable[StoragePool] = (MIRROR,)) -> Snapshot:
    """These hosts and guests, with the sites that hosts lie in."""
    hosts = tuple(hosts)
    sites = sorted({domain for one in hosts for domain in one.domain_ids})
    return Snapshot(hosts, tuple(vms), tuple(FailureDomain(site, "site") for site in sites), tuple(pools))


def policy(tier: Tier | None = None, **rules: Spec) -> Policy:
    """One tier, and rules."""
    return policy_of({"gold": tier or Tier(rank=10), **rules})


HALF = Quorum(select=Selector(cel="true"), min_running="50%")


def availability(
    snapshot: Snapshot, under: Policy | None = None, rates: FailureRates = RATES, **options: object
) -> AvailabilityReport:
    """The report, by formula over as many failures at once as there are parts, unless options say otherwise."""
    plain = AvailabilityOptions(rates=rates, depth=3, by=ReckonedBy.FORMULA)
    return availability_report(prepare(snapshot, under or policy()), replace(plain, **options))  # type: ignore[arg-type]  # any of its fields


def of(report: AvailabilityReport, criterion: Criterion) -> ServiceAvailability:
    """The one application by a criterion."""
    (found,) = [service for service in report.services if service.criterion is criterion]
    return found


def down(report: AvailabilityReport, criterion: Criterion = Criterion.EACH_GUEST) -> float:
    """The share of time in which it is down."""
    expected = of(report, criterion).expected
    assert expected is not None
    return expected.total


# --- classes --------------------------------------------------------------------------------------------------------


def test_a_single_guest_on_one_host_of_two_reaches_aec_2() -> None:
    """It is started again on the other host: it is interrupted whatever the plan."""
    report = availability(cluster([host("h1"), host("h2")], [guest("a", "h1")]), expects=False)
    found = of(report, Criterion.EACH_GUEST)
    assert found.reached is AvailabilityClass.AEC_2
    assert found.limit is not None
    assert (found.limit.why, found.limit.scenario) == (Shortfall.INTERRUPTED, "host:h1 fails")
    assert found.limit.is_proven
    assert (found.longest_s, found.longest_scenario) == (FENCE_S + RESTART_S, "host:h1 fails")


def test_a_single_guest_that_has_no_other_host_reaches_aec_1() -> None:
    """Its data survives, and that is all; which a plan found does not prove."""
    found = of(availability(cluster([host("h1")], [guest("a", "h1")]), expects=False), Criterion.EACH_GUEST)
    assert found.reached is AvailabilityClass.AEC_1
    assert found.limit is not None
    assert found.limit.why is Shortfall.NOT_BACK
    assert math.isinf(found.longest_s)


@pytest.mark.parametrize(
    ("kind", "scenario"), [(PoolKind.SHARED, "pool:mirror fails"), (PoolKind.LOCAL, "host:h1 fails")]
)
def test_data_in_one_place_is_aec_0(kind: PoolKind, scenario: str) -> None:
    """A shared pool is one part; a local one goes with its host, though another host reaches a pool of that name."""
    pools = [StoragePool("mirror", kind)]
    found = of(
        availability(cluster([host("h1"), host("h2")], [guest("a", "h1")], pools), expects=False), Criterion.HALF
    )
    assert found.reached is AvailabilityClass.AEC_0
    assert found.limit is not None
    assert found.limit.why is Shortfall.DATA_LOST
    assert found.limit.scenario in (scenario, "pool:mirror fails")
    assert found.limit.is_proven


def test_two_hosts_under_a_quorum_of_half_reach_aec_4() -> None:
    """One of two guests serves on; each guest is another promise, and without sites there is no AEC-5."""
    snapshot = cluster([host("h1", 2), host("h2", 2)], [guest("a", "h1"), guest("b", "h2")])
    report = availability(snapshot, policy(half=HALF), expects=False)
    quorum = of(report, Criterion.QUORUM)
    assert quorum.is_promised
    assert quorum.reached is AvailabilityClass.AEC_4
    assert quorum.limit is not None
    assert quorum.limit.why is Shortfall.NO_SITES
    assert of(report, Criterion.EACH_GUEST).reached is AvailabilityClass.AEC_2


def test_two_guests_on_one_host_are_not_two() -> None:
    """The quorum is lost with the host."""
    snapshot = cluster([host("h1", 2), host("h2", 2)], [guest("a", "h1"), guest("b", "h1")])
    found = of(availability(snapshot, policy(half=HALF), expects=False), Criterion.QUORUM)
    assert found.reached is AvailabilityClass.AEC_2


def three_sites(room: int = 2) -> Snapshot:
    """A guest on each of three sites."""
    names = "xyz"
    return cluster([host(f"h{site}", room, site) for site in names], [guest(f"v{site}", f"h{site}") for site in names])


def test_three_sites_with_room_reach_aec_5() -> None:
    """Two of three serve on whatever site is lost."""
    found = of(availability(three_sites(), policy(half=HALF), expects=False), Criterion.QUORUM)
    assert found.reached is AvailabilityClass.AEC_5
    assert found.limit is None


def test_two_of_three_on_one_of_two_sites_reach_aec_4() -> None:
    """The loss of that site interrupts them, whatever the plan."""
    hosts = [host("h1", 2, "x"), host("h2", 2, "x"), host("h3", 2, "y")]
    snapshot = cluster(hosts, [guest("a", "h1"), guest("b", "h2"), guest("c", "h3")])
    found = of(availability(snapshot, policy(half=HALF), expects=False), Criterion.QUORUM)
    assert found.reached is AvailabilityClass.AEC_4
    assert found.limit is not None
    assert (found.limit.why, found.limit.scenario, found.limit.is_proven) == (Shortfall.SITE, "site:x fails", True)


def impact(scenario: str, out_s: float) -> Impact:
    """One service is out for so long by a plan, and then serves."""
    seconds, nothing, no = np.array([out_s]), np.zeros(1), np.zeros(1, dtype=np.bool_)
    return Impact(scenario, Basis.BOUND, seconds, nothing, no, no, no, no, nothing)


@pytest.mark.parametrize(
    ("pause_s", "reached", "wanted"),
    [
        (29, AvailabilityClass.AEC_2, AvailabilityClass.AEC_3),
        (30, AvailabilityClass.AEC_3, AvailabilityClass.AEC_4),
    ],
)
def test_a_pause_out_of_hours_is_the_difference_between_aec_3_and_aec_4(
    pause_s: int, reached: AvailabilityClass, wanted: AvailabilityClass
) -> None:
    """Emptying a host interrupts for 30 s, no failure does."""
    failures, drains = [impact("host:h1 fails", 0)], [impact("host:h1 is emptied", 30)]
    ((found, limit),) = reached_classes(failures, drains, failures, [math.inf], pause_s)
    assert found is reached
    assert limit is not None
    assert (limit.wanted, limit.why, limit.scenario) == (wanted, Shortfall.MAINTENANCE, "host:h1 is emptied")
    assert not limit.is_proven


def test_a_quorum_that_can_never_be_reached_is_never_served() -> None:
    """It asks for more guests than there are."""
    snapshot = cluster([host("h1", 2), host("h2", 2)], [guest("a", "h1"), guest("b", "h2")])
    report = availability(snapshot, policy(many=Quorum(select=Selector(cel="true"), min_running=3)))
    assert of(report, Criterion.QUORUM).reached is AvailabilityClass.AEC_1
    assert down(report, Criterion.QUORUM) == pytest.approx(1)


def test_a_restart_that_takes_longer_than_its_tier_allows_is_aec_1() -> None:
    """The tier states in which time it must run again."""
    snapshot = cluster([host("h1"), host("h2")], [guest("a", "h1")])
    for stated, reached in (("54s", AvailabilityClass.AEC_1), ("55s", AvailabilityClass.AEC_2)):
        report = availability(snapshot, policy(Tier(rank=10, max_restart_time=stated)), expects=False)
        assert of(report, Criterion.EACH_GUEST).reached is reached
        (target,) = report.targets
        assert (target.verdict is TargetVerdict.MET) == (reached is AvailabilityClass.AEC_2)


# --- expected downtime ----------------------------------------------------------------------------------------------


def test_single_host() -> None:
    """Down while the host is, and while the guest starts: (r + s) of every m + r seconds."""
    report = availability(cluster([host("h1")], [guest("a", "h1")]))
    assert down(report) == pytest.approx((HOST_REPAIR + RESTART_S) / (HOST + HOST_REPAIR), rel=1e-12)


def test_mirrored_pair() -> None:
    """Half of two: down while both hosts are, and while the first one back starts its guest."""
    report = availability(cluster([host("h1"), host("h2")], [guest("a", "h1"), guest("b", "h2")]))
    assert down(report, Criterion.HALF) == pytest.approx(U**2 * (1 + 2 / HOST_REPAIR * RESTART_S), rel=1e-12)


def test_two_of_three() -> None:
    """Down while two or three hosts are, and while one more guest starts when the last but one comes back."""
    names = ("h1", "h2", "h3")
    report = availability(cluster(map(host, names), [guest(f"on-{name}", name) for name in names]))
    two, three = 3 * U**2 * (1 - U), U**3
    back = two * 2 / HOST_REPAIR * RESTART_S
    assert down(report, Criterion.HALF) == pytest.approx(two + three + back, rel=1e-12)


def test_three_sites() -> None:
    """Each guest: out for fencing and restart when a site is lost; hosts never fail, and two sites have no room."""
    rates = FailureRates({"host": NEVER, "site": Reliability(SITE, SITE_REPAIR)}, upkeep=None)
    report = availability(three_sites(room=3), rates=rates)
    u = SITE_REPAIR / (SITE + SITE_REPAIR)
    first = 3 * (1 - u) ** 3 / SITE * (FENCE_S + RESTART_S)
    # one more is lost while one is: the guest that was restarted may be there as well, and all start at once
    second = 3 * u * (1 - u) ** 2 * 2 / SITE * (FENCE_S + RESTART_S)
    # with none left all are down, until one site is back and has restarted them
    nothing = u**3 * (1 + 3 / SITE_REPAIR * RESTART_S)
    assert down(report) == pytest.approx(first + second + nothing, rel=1e-12)
    expected = of(report, Criterion.EACH_GUEST).expected
    assert expected is not None
    assert expected.shortage == 0


def test_cold_spare() -> None:
    """A host that is booted in place of one that has failed: fencing meanwhile, then the restart."""
    spare = host("spare", state=HostState.STANDBY)
    report = availability(cluster([host("h1"), spare], [guest("a", "h1")]))
    out = BOOT_S + RESTART_S
    first = (1 - U) ** 2 / HOST * out
    both = U**2 * (1 + 2 / HOST_REPAIR * RESTART_S)
    assert down(report) == pytest.approx(first + both, rel=1e-12)


def test_who_is_left_down_for_want_of_room_is_short() -> None:
    """Two guests, two hosts of one place each: each guest is down whenever a host is, and room would help with one."""
    report = availability(cluster([host("h1"), host("h2")], [guest("a", "h1"), guest("b", "h2")]))
    expected = of(report, Criterion.EACH_GUEST).expected
    assert expected is not None
    back = 2 * U * (1 - U) / HOST_REPAIR * RESTART_S
    assert expected.shortage == pytest.approx(2 * U * (1 - U) + back, rel=1e-12)
    assert expected.failure == pytest.approx(U**2, rel=1e-12)


def test_maintenance_of_a_host_that_nobody_can_leave() -> None:
    """The guest is down as long as its host is worked on, and while it starts."""
    rates = FailureRates({"host": NEVER}, upkeep=Upkeep(every_s=1_000_000, lasts_s=5_000))
    report = availability(cluster([host("h1")], [guest("a", "h1")]), rates=rates)
    expected = of(report, Criterion.EACH_GUEST).expected
    assert expected is not None
    assert expected.maintenance == pytest.approx((5_000 + RESTART_S) / 1_000_000)
    assert expected.total == expected.maintenance
    moved = availability(cluster([host("h1"), host("h2")], [guest("a", "h1")]), rates=rates)
    assert down(moved) == 0


def test_more_failures_at_once_than_are_looked_at_are_in_the_interval() -> None:
    """With two of three at most, the time with all three down is left open, and no more."""
    names = ("h1", "h2", "h3")
    snapshot = cluster(map(host, names), [guest(f"on-{name}", name) for name in names])
    expected = of(availability(snapshot, depth=2), Criterion.HALF).expected
    assert expected is not None
    assert expected.most - expected.least == pytest.approx(U**3, rel=1e-6)
    exact = down(availability(snapshot, depth=3), Criterion.HALF)
    assert expected.least <= exact <= expected.most


FREQUENT: Mapping[str, Reliability] = {"host": Reliability(400_000, 40_000), "site": Reliability(2_000_000, 90_000)}


def test_simulation_and_formula_agree() -> None:
    """On hosts and sites that fail often, for every criterion: the formula lies within the interval."""
    names = ("h1", "h2", "h3")
    hosts = [host(name, 2, "x" if name in names[:2] else "y") for name in names]
    vms = [guest(f"on-{name}", name, restart_s=600) for name in names]
    vms += [guest("low", "h3", tier="bronze", group="", restart_s=300)]
    under = policy_of({"gold": Tier(rank=10), "bronze": Tier(rank=1, evict=Eviction(when="true")), "half": HALF})
    rates = FailureRates(FREQUENT, upkeep=None)
    snapshot = cluster(hosts, vms)
    exact = availability(snapshot, under, rates)
    drawn = availability(snapshot, under, rates, by=ReckonedBy.SIMULATION, cycles=4000, seed=5)
    assert drawn.by is ReckonedBy.SIMULATION
    for by_formula, by_simulation in zip(exact.services, drawn.services, strict=True):
        one, other = by_formula.expected, by_simulation.expected
        assert one is not None
        assert other is not None
        assert other.least <= one.most, by_formula
        assert one.least <= other.most, by_formula
        assert other.most - other.least < one.total
        assert other.shortage == pytest.approx(one.shortage, rel=0.25, abs=1e-3)


def test_a_simulation_that_saw_nothing_does_not_say_never() -> None:
    """Its interval reaches as far as three of all busy periods would."""
    snapshot = cluster([host("h1", 2), host("h2", 2)], [guest("a", "h1"), guest("b", "h2")])
    rare = FailureRates({"host": Reliability(1e12, 1000.0)}, upkeep=None)
    report = availability(snapshot, rates=rare, by=ReckonedBy.SIMULATION, cycles=100)
    expected = of(report, Criterion.HALF).expected
    assert expected is not None
    assert expected.total == expected.least == 0
    assert expected.most == pytest.approx(2 / 1e12 * 3 / 100 * 1000.0, rel=1e-6)


# --- targets --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("target", "verdict"),
    [("98%", TargetVerdict.MET), ("98.1%", TargetVerdict.MISSED), ("98.0353%", TargetVerdict.MISSED)],
)
def test_targets_are_judged_by_the_interval(target: str, verdict: TargetVerdict) -> None:
    """A single host serves 98.04 % of the time."""
    report = availability(cluster([host("h1")], [guest("a", "h1")]), policy(Tier(rank=10, availability_target=target)))
    (judged,) = report.targets
    assert judged.verdict is verdict
    assert judged.missed == (("app",) if verdict is TargetVerdict.MISSED else ())
    assert report.is_met == (verdict is TargetVerdict.MET)


def test_a_target_within_the_interval_is_undecided() -> None:
    """Two failures at once were not looked at, and might matter."""
    snapshot = cluster([host("h1", 2), host("h2", 2)], [guest("a", "h1"), guest("b", "h2")])
    under = policy(Tier(rank=10, availability_target="99.97%"), half=HALF)
    report = availability(snapshot, under, depth=1)
    (judged,) = report.targets
    assert judged.verdict is TargetVerdict.UNDECIDED
    assert judged.undecided == ("app",)


def test_an_application_that_does_not_serve_now_is_interrupted_by_everything() -> None:
    """It waits for room that there is not."""
    waiting = guest("a", "", state=VmState.PENDING)
    report = availability(cluster([host("h1")], [guest("b", "h1", group="other"), waiting]))
    (found,) = [s for s in report.promised if s.application.name == "app"]
    assert found.reached is AvailabilityClass.AEC_1
    assert found.expected is not None
    assert found.expected.total == pytest.approx(1.0, rel=1e-3)
