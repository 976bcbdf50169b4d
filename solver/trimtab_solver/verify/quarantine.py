"""Judges what guests in quarantine may hold and break: wherever they may run (docs/concepts.md, "Records ...")."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from itertools import product
from math import prod

from ..policy.selection import Selection
from ..quarantine import MAX_READINGS, Quarantined, located
from ..snapshot import Host
from .judges import scopes_of
from .rights import TierRights
from .room import UNIT, room
from .scope import Cell, CountedScope, OrderedScope, Scope
from .violation import Code, Violation

Also = Mapping[str, str]
"""Guests in quarantine that run in a reading, and where."""


def claims_of(
    selection: Selection, hosts: Mapping[str, Host], tiers: Mapping[str, TierRights]
) -> dict[tuple[str, str], int]:
    """The most that guests in quarantine may hold on each host where they may run, by host and resource."""
    claims: defaultdict[tuple[str, str], int] = defaultdict(int)
    for record in selection.quarantined:
        for host_id in record.hosts:
            host = hosts[host_id]
            for resource, amount in record.size.items():
                claims[host_id, resource] += _unit(host, resource, tiers.get(record.vm_id)) * amount
            for resource in record.unknown:
                claims[host_id, resource] += room(host, resource)
    return dict(claims)


def _unit(host: Host, resource: str, tier: TierRights | None) -> int:
    """What one unit takes of the host; the most it may take where the tier is not known."""
    percent = host.overcommit_percent.get(resource, 100)
    if tier is None:
        return max(UNIT, percent)
    return percent if resource in tier.no_overcommit else UNIT


def readings_of(selection: Selection) -> list[tuple[Scope, Also]]:
    """Each must scope with such members in each reading in which one of them runs; too many are one with nobody."""
    records = {record.vm_id: record for record in located(selection.quarantined)}
    if not records:
        return []
    of_rule: defaultdict[str, list[tuple[Scope, list[list[tuple[str, str]]]]]] = defaultdict(list)
    for scope in scopes_of(selection.with_wanted(records)):
        if not (scope.is_must and isinstance(scope, CountedScope | OrderedScope)):
            continue
        members = [vm_id for vm_id in scope.members if vm_id in records]
        if members and not selection.wanted.isdisjoint(scope.members):
            of_rule[scope.rule].append((scope, [_ways(scope, records[vm_id]) for vm_id in members]))
    found: list[tuple[Scope, Also]] = []
    for ones in of_rule.values():
        if any(prod(map(len, options)) > MAX_READINGS for _, options in ones):
            found.extend((scope, {}) for scope, _ in ones)
            continue
        for scope, options in ones:
            readings = ({vm_id: at for vm_id, at in reading if at} for reading in product(*options))
            found.extend((scope, also) for also in readings if also)
    return found


def _ways(scope: Scope, record: Quarantined) -> list[tuple[str, str]]:
    """Nowhere, and one host for each cell of the scope that the guest may fall into."""
    at: dict[Cell, str] = {}
    for host_id in record.hosts:
        cell = scope.cell(record.vm_id, host_id)
        if cell is not None:
            at.setdefault(cell, host_id)
    return [(record.vm_id, ""), *((record.vm_id, host_id) for host_id in at.values())]


def unclear(step: int, scope: Scope) -> Violation:
    """Something changes in a scope of which too little is known."""
    message = f"rule {scope.rule} cannot be judged: guests of it are in quarantine and may run in many ways"
    return Violation(step, Code.RULE, message, rule=scope.rule)
