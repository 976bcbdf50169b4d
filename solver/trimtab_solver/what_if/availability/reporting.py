"""The availability of a cluster under its policy: classes, expected downtime, targets."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from ...prepared import Prepared
from ...rules.tier import ranked_tiers
from ...snapshot import HostState
from ..assessing import AssessmentOptions
from ..runners.here import Here
from ..runners.runner import ScenarioRunner
from .applications import Application, applications_of
from .assessed_impacts import AssessedImpacts
from .by_formula import downtime_by_formula, orders_needed
from .by_simulation import downtime_by_simulation
from .classes import longest_interruption, reached_classes
from .downtime import ExpectedDowntime, ReckonedBy, Shares, maintenance_downtime
from .failing_parts import FailingPart, by_name, failing_parts
from .failure_rates import SITE, FailureRates
from .impact import Impacts
from .report import AvailabilityReport, Downtime, ServiceAvailability
from .targets import judge_targets

_MAINTAINED = (HostState.UP, HostState.DEGRADED)


@dataclass(frozen=True, slots=True)
class AvailabilityOptions:
    """How availability is found.

    Expected downtime is left out unless `expects`. It is found by formula where that takes at most `most_scenarios`
    orders of at most `depth` failures, else from `cycles` busy periods drawn by `seed`; `by` says which it is to be.
    """

    rates: FailureRates = field(default_factory=FailureRates)
    site_kind: str = SITE
    assessment: AssessmentOptions = field(default_factory=lambda: AssessmentOptions(budget_s=0.5))
    expects: bool = True
    by: ReckonedBy | None = None
    depth: int = 2
    most_scenarios: int = 2000
    cycles: int = 10_000
    seed: int = 0


def availability_report(
    prepared: Prepared, options: AvailabilityOptions | None = None, runner: ScenarioRunner | None = None
) -> AvailabilityReport:
    """What each application reaches, what may be expected of it, and whether its tiers' targets are met.

    Raises
    ------
    SnapshotRefusedError, PolicyRefusedError
        When the cluster cannot be planned for as it is.
    """
    options = options or AvailabilityOptions()
    applications = applications_of(prepared)
    services = [service for application in applications for service in application.services]
    parts = failing_parts(prepared.snapshot, options.rates, options.site_kind)
    impacts = Impacts(services, {vm.id: vm for vm in prepared.snapshot.vms})
    known = AssessedImpacts(prepared, by_name(parts), impacts, runner or Here(), options.assessment)
    busy = {vm.place for vm in prepared.snapshot.vms if vm.is_wanted}
    drained = [host.id for host in prepared.snapshot.hosts if host.state in _MAINTAINED and host.id in busy]
    known.fill((part.name,) for part in parts)
    known.fill_drains(drained)
    drains = [known.of_drain(host_id) for host_id in drained]
    expected, by = _expected(parts, known, maintenance_downtime(drains, options.rates.upkeep, len(services)), options)
    found = _services(prepared, applications, parts, known, drained, options, expected)
    report = AvailabilityReport(
        found,
        by,
        scenarios=known.assessed,
        without_pool=sum(vm.is_wanted and not vm.storage_pool_id for vm in prepared.snapshot.vms),
        left_out=tuple(record.vm_id for record in prepared.quarantined),
    )
    return replace(report, targets=judge_targets(report, prepared.policy))


def _expected(
    parts: Sequence[FailingPart], known: AssessedImpacts, maintenance: Shares, options: AvailabilityOptions
) -> tuple[ExpectedDowntime | None, ReckonedBy | None]:
    if not options.expects:
        return None, None
    failing = [part for part in parts if not math.isinf(part.reliability.mttf_s)]
    depth = min(options.depth, len(failing))
    by = options.by
    if by is None:
        is_small = orders_needed(failing, depth) <= options.most_scenarios
        by = ReckonedBy.FORMULA if is_small else ReckonedBy.SIMULATION
    if by is ReckonedBy.FORMULA or not failing:
        return downtime_by_formula(failing, known, maintenance, depth), ReckonedBy.FORMULA
    return downtime_by_simulation(failing, known, maintenance, depth, options.cycles, options.seed), by


def _services(
    prepared: Prepared,
    applications: Sequence[Application],
    parts: Sequence[FailingPart],
    known: AssessedImpacts,
    drained: Sequence[str],
    options: AvailabilityOptions,
    expected: ExpectedDowntime | None,
) -> tuple[ServiceAvailability, ...]:
    tiers = {document.name: tier for document, tier in ranked_tiers(prepared.selection)}
    owners = [application for application in applications for _ in application.services]
    limits = {name: math.inf if tier.max_restart_s is None else tier.max_restart_s for name, tier in tiers.items()}
    most_s = [min(limits[name] for name in owner.tiers) for owner in owners]
    failures = [known.of((part.name,)) for part in parts if not part.is_site]
    sites = [known.of((part.name,)) for part in parts if part.is_site]
    drains = [known.of_drain(host_id) for host_id in drained]
    reached = reached_classes(failures, drains, sites, most_s, options.rates.pause_s)
    longest = longest_interruption([*failures, *drains], len(owners))
    found, k = [], 0
    for application in applications:
        for service in application.services:
            (got, limit), (seconds, scenario) = reached[k], longest[k]
            is_promised = service.criterion is application.promised
            downtime = None if expected is None else _downtime(expected, k)
            found.append(
                ServiceAvailability(
                    application, service.criterion, is_promised, got, limit, seconds, scenario, downtime
                )
            )
            k += 1
    return tuple(found)


def _downtime(expected: ExpectedDowntime, k: int) -> Downtime:
    shares = (expected.failure, expected.shortage, expected.maintenance, expected.least, expected.most)
    return Downtime(*(float(share[k]) for share in shares))
