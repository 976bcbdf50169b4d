"""Availability of random tiny clusters: what must hold of any."""

from __future__ import annotations

import pytest

from tests.support.seeds import assert_checked, chunks, named
from tests.support.strategies import tiny_cluster
from trimtab_solver.prepared import prepare
from trimtab_solver.what_if.assessing import AssessmentOptions
from trimtab_solver.what_if.availability.applications import Criterion
from trimtab_solver.what_if.availability.report import ServiceAvailability
from trimtab_solver.what_if.availability.reporting import AvailabilityOptions, availability_report

_OPTIONS = AvailabilityOptions(assessment=AssessmentOptions(budget_s=0.2), depth=1)


@pytest.mark.parametrize("seeds", chunks(0.02, first=9_000_000), ids=named)
def test_half_is_never_harder_than_each(seeds: range) -> None:
    """The class is no lower and the downtime no longer; shares are shares, and lie in their interval."""
    checked = 0
    for seed in seeds:
        snapshot, policy = tiny_cluster(seed, max_hosts=3, max_vms=5)
        report = availability_report(prepare(snapshot, policy), _OPTIONS)
        found: dict[str, dict[Criterion, ServiceAvailability]] = {}
        for service in report.services:
            found.setdefault(service.application.name, {})[service.criterion] = service
            expected = service.expected
            assert expected is not None
            assert min(expected.failure, expected.shortage, expected.maintenance, expected.least) >= 0, seed
            assert expected.least - 1e-12 <= expected.total <= expected.most + 1e-12 <= 1 + 1e-9, seed
        for name, by in found.items():
            each, half = by[Criterion.EACH_GUEST], by[Criterion.HALF]
            assert half.reached >= each.reached, (seed, name)
            assert half.longest_s <= each.longest_s, (seed, name)
            assert half.expected is not None
            assert each.expected is not None
            assert half.expected.total <= each.expected.total + 1e-12, (seed, name)
            checked += 1
    assert_checked(checked, seeds, 1)
