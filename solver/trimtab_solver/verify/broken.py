"""What is broken in a placement, key by key, beside what is broken in the snapshot."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from ..amounts import describe_amount, name_resource, name_unit
from ..outcome import BrokenRule
from ..placement import Placement
from ..policy.documents import Level
from ..rules.balance import Balance
from ..snapshot import Host
from .balance import loads_above
from .case import Case
from .room import ROOM, UNIT, Load, room
from .scope import HostScope, SizeScope


def broken_rules(case: Case, placement: Placement) -> tuple[BrokenRule, ...]:
    """Every key that is broken in `placement`: all of must rules, suitability and room first, then wishes.

    Without Resize, the amounts of must keys add up to the level ``inherited``; those of should rules, weighted and
    without Balance, to ``should``.
    """
    found = [*_scopes(case, placement), *_overfull(case, placement), *_above_thresholds(case, placement)]
    return tuple(sorted(found, key=lambda one: not one.is_must))


def _scopes(case: Case, placement: Placement) -> Iterator[BrokenRule]:
    for index, scope in enumerate(case.scopes):
        also = case.also[index]
        here = {**placement.hosts, **also} if also else placement.hosts
        after = {} if case.is_frozen[index] else scope.breaches(Placement(here, placement.sizes))
        if not after:
            continue
        before = scope.breaches(Placement({**case.place, **also}, case.sizes))
        where = " and ".join(f"{vm_id} runs on {host_id}" for vm_id, host_id in also.items())
        for key in sorted(after):
            vm_id = key if isinstance(scope, HostScope | SizeScope) else ""
            words, host_id = scope.describe(key, here), placement.hosts.get(vm_id, "")
            words += f", if {where}" if where else ""
            yield BrokenRule(scope.rule, scope.level.value, words, before.get(key, 0), after[key], host_id, vm_id)


def _overfull(case: Case, placement: Placement) -> Iterator[BrokenRule]:
    """One for each host and resource without room for what runs there."""
    before, after = case.rooms(), case.rooms_holding(placement.hosts, placement.sizes)
    for host, load in after.by_host():
        for resource in sorted(load):
            most = after.room(host.id, resource)
            if load[resource] > most:
                lacking = describe_amount(resource, -(-(load[resource] - most) // UNIT))
                was = int(before.at_first(host.id, resource) > most)
                yield BrokenRule(ROOM, Level.MUST, f"{host.id} lacks {lacking} for what it runs", was, 1, host.id)


def _above_thresholds(case: Case, placement: Placement) -> Iterator[BrokenRule]:
    """One for each host and threshold of a Balance that its load exceeds."""
    documents = list(case.selection.policy.of(Balance))
    if not any(spec.above for _, spec in documents):
        return
    before = case.rooms_when_over(case.place, case.sizes)
    after = case.rooms_when_over(placement.hosts, placement.sizes)
    for document, spec in documents:
        for part in spec.above:
            at_first = Counter({host.id: units for host, units in loads_above(part, before)})
            for host, units in loads_above(part, after):
                full = _fullness(host, after.loads[host.id], part.resource)
                words = f"{host.id} is {full}, above {part.threshold} (amounts in {name_unit(part.resource)})"
                yield BrokenRule(document.name, Level.SHOULD, words, at_first[host.id], units, host.id)


def _fullness(host: Host, load: Load, resource: str) -> str:
    """``94 % full of memory``; where there is no room at all, that it has none."""
    most, name = room(host, resource), name_resource(resource)
    return f"{-(-100 * load.get(resource, 0) // most)} % full of {name}" if most > 0 else f"without {name}"
