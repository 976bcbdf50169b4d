"""Guests in quarantine as arrays: the room that they may hold, and what rules count wherever they may run.

A *reading* says of each of them on which of its hosts it runs, or that it runs nowhere. A must rule about groups holds
in every reading: each group that such a guest is a member of is compiled once more for each. Where it runs in a reading
it is a *presence*: a further guest of the problem that stays there, needs no room and is counted by these groups alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from itertools import product
from typing import Any

import numpy as np

from ..policy.documents import Document, Policy, RuleSpec
from ..policy.selection import Selection
from ..primitives.allowed import Allowed
from ..primitives.attraction import Attraction
from ..primitives.capacity import Capacity
from ..primitives.disruption import Disruption
from ..primitives.encoding import Index, Ints
from ..primitives.group import GroupPrimitive
from ..primitives.groups import Groups
from ..problem import Problem
from ..quarantine import MAX_READINGS, located
from ..rules.compile import COMPILERS
from ..rules.context import Context
from ..rules.tier import Tier, guest_tiers
from .room import Offer

At = dict[str, int]
"""Guest in quarantine -> its presence in one reading; who runs nowhere is left out."""


# --- room -------------------------------------------------------------------------------------------------------------


def without_claims(capacity: Capacity, offer: Offer, selection: Selection, resources: Sequence[str]) -> Capacity:
    """The room that is left beside guests in quarantine, but never less than what is held now where there is room."""
    records = located(selection.quarantined)
    if not records:
        return capacity
    number = {host.id: h for h, host in enumerate(selection.reading("host.id").hosts)}
    tiers = guest_tiers(selection)
    claimed = np.zeros_like(capacity.limit)
    for record in records:
        tier = tiers[record.vm_id].spec if record.vm_id in tiers else None
        for h in (number[host_id] for host_id in record.hosts):
            for r, resource in enumerate(resources):
                room = int(offer.limit[h, r])
                factor = _factor(offer.factor[h, r], tier, resource)
                more = room if resource in record.unknown else factor * record.size.get(resource, 0)
                claimed[h, r] = min(room, int(claimed[h, r]) + more)
    left = np.maximum(capacity.limit - claimed, capacity.start)
    return replace(capacity, limit=np.where(capacity.start > capacity.limit, capacity.limit, left))


def _factor(factors: Ints, tier: object, resource: str) -> int:
    """What a unit counts; the most where the tier is not known."""
    if isinstance(tier, Tier):
        return int(factors[1 if resource in tier.no_overcommit else 0])
    return int(factors.max())


# --- readings ---------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Found:
    """The groups of all readings, and the guests of groups that have too many readings."""

    groups: dict[tuple[object, ...], GroupPrimitive]
    frozen: dict[str, set[int]]


def with_readings(problem: Problem, policy: Policy, context: Context) -> Problem:
    """The problem with a group for every reading of every must rule; of too many readings the group stays as it is."""
    records = located(context.selection.quarantined)
    if not records or not problem.vm_count:
        return problem
    hosts = {record.vm_id: [context.host_index[host_id] for host_id in record.hosts] for record in records}
    presences = {(vm_id, h): n for n, (vm_id, h) in enumerate((v, h) for v, at in hosts.items() for h in at)}
    first = problem.vm_count
    numbers = {key: first + n for key, n in presences.items()}
    wanted = context.selection.with_wanted(hosts)
    found = _Found({}, {})
    for kind, compiler in COMPILERS.items():
        for document, spec in policy.of(kind):
            if isinstance(spec, RuleSpec) and spec.is_must:
                compile_at = _compiler(document, spec, compiler, context, wanted)
                _read(document, compile_at, hosts, numbers, first, found)
    if not found.groups and not found.frozen:
        return problem
    frozen = {v: rule for rule, members in found.frozen.items() for v in members}
    warnings = tuple(
        f"rule {rule}: guests in quarantine may run in more than {MAX_READINGS} ways, so its guests stay where they are"
        for rule in found.frozen
    )
    places = np.array([h for _, h in presences], dtype=np.int32)
    return _extended(_frozen(problem, frozen, warnings), places, tuple(found.groups.values()))


def _compiler(
    document: Document, spec: RuleSpec, compiler: Callable[..., Iterator[Any]], context: Context, wanted: Selection
) -> Callable[[Mapping[str, int]], list[GroupPrimitive]]:
    """What gives the groups of a document in a reading."""
    index, hosts, topology = context.vm_index, context.host_index, context.topology

    def compile_at(at: Mapping[str, int]) -> list[GroupPrimitive]:
        found = compiler(document, spec, Context(wanted, {**index, **at}, hosts, topology))
        return [one for one in found if isinstance(one, GroupPrimitive)]

    return compile_at


def _read(
    document: Document,
    compile_at: Callable[[Mapping[str, int]], list[GroupPrimitive]],
    hosts: Mapping[str, Sequence[int]],
    numbers: Mapping[tuple[str, int], int],
    first: int,
    found: _Found,
) -> None:
    """Adds the groups of a document in all readings in which somebody in quarantine runs."""
    names = {numbers[vm_id, at[0]]: vm_id for vm_id, at in hosts.items()}
    touched = [
        group
        for group in compile_at({vm_id: number for number, vm_id in names.items()})
        if _presences(group, first) and (group.guests < first).any()
    ]
    ways = [[_ways(group, names[n], hosts, numbers) for n in sorted(_presences(group, first))] for group in touched]
    if any(np.prod([len(each) for each in options], dtype=object) > MAX_READINGS for options in ways):
        members = {v for group in touched for v in group.guests.tolist() if v < first}
        found.frozen[document.name] = members
        return
    done: set[tuple[object, ...]] = set()
    for group, options in zip(touched, ways, strict=True):
        for reading in product(*options):
            at = {vm_id: number for vm_id, number in reading if number is not None}
            which = (type(group), group.key, frozenset(at.values()))
            if not at or which in done:
                continue
            done.add(which)
            for one in compile_at(at):
                is_same = (type(one), one.key) == which[:2] and _presences(one, first) == which[2]
                if is_same and (one.guests < first).any():
                    found.groups.setdefault(_signature(one), one)


def _ways(
    group: GroupPrimitive, vm_id: str, hosts: Mapping[str, Sequence[int]], numbers: Mapping[tuple[str, int], int]
) -> list[tuple[str, int | None]]:
    """Nowhere, and one presence in each domain where the guest may run."""
    domains = {int(group.domain[h]): numbers[vm_id, h] for h in reversed(hosts[vm_id])}
    return [(vm_id, None), *((vm_id, number) for number in domains.values())]


def _presences(group: GroupPrimitive, first: int) -> frozenset[int]:
    return frozenset(v for v in group.guests.tolist() if v >= first)


def _signature(group: GroupPrimitive) -> tuple[object, ...]:
    """Equal for groups that are the same."""
    values = (getattr(group, field.name) for field in fields(group) if field.name not in {"domains", "domain"})
    return (type(group), *(one.tobytes() if isinstance(one, np.ndarray) else one for one in values))


# --- arrays -----------------------------------------------------------------------------------------------------------


def _frozen(problem: Problem, frozen: Mapping[int, str], warnings: tuple[str, ...]) -> Problem:
    """The problem in which these guests stay as they are, each for a rule."""
    chosen = np.zeros(problem.vm_count, dtype=np.bool_)
    chosen[list(frozen)] = True
    running = (chosen & problem.running)[:, None]
    return replace(
        problem,
        fixed=problem.fixed | (chosen & problem.running),
        startable=problem.startable & ~chosen,
        evictable=problem.evictable & ~chosen,
        upper=np.where(running, problem.allocated, problem.upper),
        floor=np.where(running, problem.allocated, problem.floor),
        disruption=replace(
            problem.disruption, live=problem.disruption.live & ~chosen, cold=problem.disruption.cold & ~chosen
        ),
        warnings=(*problem.warnings, *warnings),
        frozen_by=frozen,
    )


def _extended(problem: Problem, at: Index, groups: tuple[GroupPrimitive, ...]) -> Problem:
    """The problem with a presence on each of the hosts `at` [n] after its guests, and these groups after its own.

    A presence has the tier of the first guest: it always runs, so that its tier counts nowhere.
    """
    count = len(at)
    yes, no = np.ones(count, dtype=np.bool_), np.zeros(count, dtype=np.bool_)
    nothing = np.zeros((count, len(problem.resources)), dtype=np.int64)
    return replace(
        problem,
        vm_ids=(*problem.vm_ids, *(f"(presence {n})" for n in range(count))),
        tier=np.concatenate((problem.tier, np.repeat(problem.tier[:1], count))),
        current=np.concatenate((problem.current, at)),
        fixed=np.concatenate((problem.fixed, yes)),
        startable=np.concatenate((problem.startable, no)),
        evictable=np.concatenate((problem.evictable, no)),
        capacity=replace(
            problem.capacity,
            backed=np.concatenate((problem.capacity.backed, nothing.astype(np.bool_))),
            origin=np.concatenate((problem.capacity.origin, at)),
            allocated=np.concatenate((problem.capacity.allocated, nothing)),
        ),
        allowed=_allowing(problem.allowed, count),
        attraction=_attracting(problem.attraction, count),
        disruption=_moving(problem.disruption, count),
        grouping=Groups.of((*problem.groups, *groups)),
        requested=np.concatenate((problem.requested, nothing)),
        upper=np.concatenate((problem.upper, nothing)),
        floor=np.concatenate((problem.floor, nothing)),
        allocated=np.concatenate((problem.allocated, nothing)),
    )


def _allowing(allowed: Allowed, count: int) -> Allowed:
    """With so many guests more, of a class of their own that breaks no rule and arrives nowhere."""
    own = np.full(count, len(allowed.mask), dtype=allowed.class_of.dtype)
    row = np.zeros((1, allowed.mask.shape[1]))
    return replace(
        allowed,
        class_of=np.concatenate((allowed.class_of, own)),
        mask=np.concatenate((allowed.mask, row.astype(np.bool_))),
        breach=np.concatenate((allowed.breach, row.astype(allowed.breach.dtype))),
        penalty=np.concatenate((allowed.penalty, row.astype(allowed.penalty.dtype))),
        class_rules=(*allowed.class_rules, ()),
    )


def _attracting(attraction: Attraction, count: int) -> Attraction:
    return replace(
        attraction,
        base=np.concatenate((attraction.base, np.zeros(count, dtype=attraction.base.dtype))),
        start=np.concatenate((attraction.start, np.repeat(attraction.start[-1:], count))),
        wish_start=np.concatenate((attraction.wish_start, np.repeat(attraction.wish_start[-1:], count))),
    )


def _moving(disruption: Disruption, count: int) -> Disruption:
    no = np.zeros(count, dtype=np.bool_)
    return replace(
        disruption,
        move_cost=np.concatenate((disruption.move_cost, np.ones(count, dtype=np.int64))),
        live=np.concatenate((disruption.live, no)),
        cold=np.concatenate((disruption.cold, no)),
        group=np.concatenate((disruption.group, np.full(count, -1, dtype=disruption.group.dtype))),
        exempt=np.concatenate((disruption.exempt, no)),
    )
