"""How bad scenarios and verdicts are, the worst first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from ..execution.parts import Parts
from ..prepared import Prepared
from ..rules.tier import guest_tiers, ranked_tiers
from ..scenarios.scenario import Scenario
from .verdicts import ScenarioVerdict

Severity = tuple[int, ...]
"""Guests that are lost or displaced, by tier, highest rank first: compared in that order."""


class Displacement:
    """How many guests of each tier run on the parts of a cluster."""

    def __init__(self, start: Prepared) -> None:
        tier_of = guest_tiers(start.selection)
        self._tiers = [document.name for document, _ in ranked_tiers(start.selection)]
        self._parts = Parts(start.snapshot)
        self._on: dict[str, Counter[str]] = {host.id: Counter() for host in start.snapshot.hosts}
        for vm in start.snapshot.vms:
            if vm.is_running:
                self._on[vm.place][tier_of[vm.id].name] += 1

    def worst_first(self, scenarios: Sequence[Scenario]) -> list[int]:
        """Numbers of the scenarios, those first that displace most of the highest rank, by what fails in them."""
        return sorted(range(len(scenarios)), key=lambda number: self._of(scenarios[number]), reverse=True)

    def _of(self, scenario: Scenario) -> Severity:
        hosts: set[str] = set()
        for _, step in scenario.each_step():
            known = [part for part in step.fail if part in self._parts.hosts]
            hosts.update(*(self._parts.hosts[part] for part in known))
        displaced: Counter[str] = Counter()
        for host_id in hosts:
            displaced.update(self._on[host_id])
        return tuple(displaced[tier] for tier in self._tiers)


def severity(verdict: ScenarioVerdict) -> Severity:
    """Guests lost in the end, by tier, highest rank first; a scenario without a plan is worse than any with one."""
    last = verdict.last
    return (int(last.plan_digest == ""), *(tier.lost for tier in last.tiers))


def lost_in(verdict: ScenarioVerdict, tiers: Sequence[str]) -> Mapping[str, int]:
    """By tier, of those named, how many guests are lost in the end."""
    return {tier: number for tier, number in verdict.last.lost.items() if tier in tiers}
