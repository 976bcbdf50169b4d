"""Judges what was found of the availability of a cluster by the targets of its tiers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from functools import partial

from ...policy.documents import Policy
from ...rules.tier import Tier
from .report import AvailabilityReport, JudgedTarget, ServiceAvailability, TargetKind, TargetVerdict

_Judge = Callable[[ServiceAvailability], TargetVerdict]


def judge_targets(report: AvailabilityReport, policy: Policy) -> tuple[JudgedTarget, ...]:
    """Each target that a tier with applications states, highest rank first; by what was promised to them.

    A target of availability is left out where the report has no expected downtime.
    """
    return tuple(_judged(report, policy))


def _judged(report: AvailabilityReport, policy: Policy) -> Iterator[JudgedTarget]:
    for document, tier in sorted(policy.of(Tier), key=lambda item: (-item[1].rank, item[0].name)):
        services = report.of_tier(document.name)
        if not services:
            continue
        allowed, most_s = tier.allowed_unavailability, tier.max_restart_s
        if allowed is not None and tier.availability_target is not None and report.by is not None:
            yield _of_all(
                document.name,
                TargetKind.AVAILABILITY,
                tier.availability_target,
                services,
                partial(_by_downtime, allowed),
                lambda service: service.expected.most if service.expected is not None else 0.0,
            )
        if most_s is not None and tier.max_restart_time is not None:
            yield _of_all(
                document.name,
                TargetKind.RESTART,
                tier.max_restart_time,
                services,
                partial(_by_restart, most_s),
                lambda service: service.longest_s,
            )


def _of_all(
    tier: str,
    kind: TargetKind,
    stated: str,
    services: Sequence[ServiceAvailability],
    judge: _Judge,
    distance: Callable[[ServiceAvailability], float],
) -> JudgedTarget:
    verdicts = [(service.application.name, judge(service)) for service in services]
    missed, undecided = (
        tuple(name for name, verdict in verdicts if verdict is wanted)
        for wanted in (TargetVerdict.MISSED, TargetVerdict.UNDECIDED)
    )
    verdict = TargetVerdict.MISSED if missed else TargetVerdict.UNDECIDED if undecided else TargetVerdict.MET
    worst = max(services, key=distance)
    return JudgedTarget(tier, kind, stated, verdict, len(services), missed, undecided, worst)


def _by_downtime(allowed: Fraction, service: ServiceAvailability) -> TargetVerdict:
    if service.expected is None:
        return TargetVerdict.UNDECIDED
    if service.expected.most <= allowed:
        return TargetVerdict.MET
    return TargetVerdict.MISSED if service.expected.least > allowed else TargetVerdict.UNDECIDED


def _by_restart(most_s: int, service: ServiceAvailability) -> TargetVerdict:
    return TargetVerdict.MISSED if service.longest_s > most_s else TargetVerdict.MET
