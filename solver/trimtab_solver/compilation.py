"""Compiling policy x snapshot into a `Problem`, once per request."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from .policy.columns import Column
from .policy.documents import Policy
from .policy.selection import Selection
from .primitives.allowed import Allowed, HostRule
from .primitives.capacity import Capacity
from .primitives.disruption import Disruption
from .primitives.encoding import Bools, Index, Ints
from .primitives.group import GroupPrimitive
from .primitives.groups import Groups
from .primitives.size_floor import SizeFloor
from .problem import NOWHERE, Level, Problem, TierRow, measures_of
from .rules.action_budget import MoveBudget, compile_action_budget
from .rules.balance import Balance, compile_balance
from .rules.compile import compile_rules
from .rules.context import Context
from .rules.objectives import compile_objectives
from .rules.tier import Availability, EvictionAction, Tier, guest_tiers, ranked_tiers
from .snapshot import (
    FencingState,
    Host,
    HostState,
    Migratability,
    Snapshot,
    Vm,
    VmState,
)
from .topology import Topology

_RECEIVING = frozenset({HostState.UP, HostState.DEGRADED, HostState.STANDBY})


def compile_problem(snapshot: Snapshot, policy: Policy, selection: Selection) -> Problem:
    """The problem of a valid snapshot under a loaded policy.

    Raises
    ------
    PolicyRefusedError
        When an expression fails on a guest, a guest has no tier or two, or a rule contradicts itself or the snapshot.
    """
    policy = policy.at(snapshot.taken_at)
    tier_of = guest_tiers(selection)
    vms = [vm for vm in snapshot.vms if vm.is_wanted]
    hosts = snapshot.hosts
    resources = _resources(vms, policy)
    host_index = {host.id: h for h, host in enumerate(hosts)}
    context = Context(
        selection,
        {vm.id: v for v, vm in enumerate(vms)},
        host_index,
        Topology(snapshot),
    )
    primitives = compile_rules(policy, context)
    running = sum(vm.is_running for vm in vms)
    moves = compile_action_budget(policy, context, {vm.id: vm.group for vm in vms}, running, resources)

    documents = ranked_tiers(selection)
    tier_number = {document.name: t for t, (document, _) in enumerate(documents)}
    tier = np.array([tier_number[tier_of[vm.id].name] for vm in vms], dtype=np.int32)
    rows = tuple(
        TierRow(
            name=document.name,
            rank=spec.rank,
            value=spec.value,
            must_run=spec.availability is Availability.MUST_RUN,
            evictable=spec.evict is not None and selection.holds(document, "spec.evict.when", spec.evict.when),
            suspends=spec.evict is not None and spec.evict.action is EvictionAction.SUSPEND,
            shrink_cost=spec.resize.cost if spec.resize else 1,
            backed=tuple(r in spec.no_overcommit for r in resources),
        )
        for document, spec in documents
    )
    current = np.array(
        [host_index[vm.place] if vm.is_running else NOWHERE for vm in vms],
        dtype=np.int32,
    )
    fixed = np.array([vm.state is VmState.MIGRATING for vm in vms], dtype=np.bool_)
    kept = [p for p in primitives if isinstance(p, SizeFloor)]
    requested, upper, floor, allocated = _sizes(vms, resources, [spec for _, spec in documents], tier, selection, kept)
    unary = tuple(p for p in primitives if isinstance(p, HostRule))
    evictable = np.array([row.evictable for row in rows], dtype=np.bool_)[tier] & (current >= 0) & ~fixed
    capacity = _capacity(vms, hosts, host_index, resources, rows, tier, current, allocated, moves.transient)
    allowed = _allowed(vms, hosts, unary)
    exempt = (current >= 0) & (allowed.breach[allowed.class_of, current] > 0)
    unfenceable = {h.id for h in hosts if h.state is HostState.DOWN and h.fencing is FencingState.UNFENCEABLE}
    return Problem(
        vm_ids=tuple(vm.id for vm in vms),
        host_ids=tuple(host.id for host in hosts),
        resources=resources,
        tiers=rows,
        tier=tier,
        current=current,
        fixed=fixed,
        startable=np.array(
            [not (vm.state is VmState.DISPLACED and vm.host_id in unfenceable) for vm in vms],
            dtype=np.bool_,
        ),
        evictable=evictable,
        requested=requested,
        upper=upper,
        floor=floor,
        allocated=allocated,
        receiving=np.array([host.state in _RECEIVING for host in hosts], dtype=np.bool_),
        capacity=capacity,
        allowed=allowed,
        disruption=_disruption(
            vms,
            hosts,
            tuple(spec.allow_cold_migration for _, spec in documents),
            tier,
            fixed,
            moves,
            exempt,
        ),
        balance=compile_balance(policy, resources, capacity),
        levels=tuple(
            Level(name, tuple(parts.items())) for name, parts in compile_objectives(policy, measures_of(rows, tier))
        ),
        grouping=Groups.of(p for p in primitives if isinstance(p, GroupPrimitive)),
        warnings=(*selection.warnings, *context.warnings),
    )


def _resources(vms: list[Vm], policy: Policy) -> tuple[str, ...]:
    """What guests ask for, and what the policy balances, by name."""
    named = {r for vm in vms for r in vm.requested}
    for _, spec in policy.of(Balance):
        named.update(spec.resources())
    return tuple(sorted(named))


def _matrix(amounts: list[Mapping[str, int]], resources: tuple[str, ...]) -> Ints:
    """One integer per guest and resource [V, R], 0 where not named."""
    # guests of one size mostly share one mapping, which is read once then
    column = Column.of_objects(amounts, len(amounts))
    rows = [[one.get(r, 0) for r in resources] for one in column.distinct]
    return np.array(rows, dtype=np.int64).reshape(len(rows), len(resources))[column.number]


def _sizes(
    vms: list[Vm],
    resources: tuple[str, ...],
    specs: list[Tier],
    tier: Index,
    selection: Selection,
    kept: Sequence[SizeFloor],
) -> tuple[Ints, Ints, Ints, Ints]:
    """Requested, largest, smallest and present sizes, each [V, R]."""
    requested = _matrix([vm.requested for vm in vms], resources)
    guaranteed = _matrix([vm.guaranteed for vm in vms], resources)
    allocated = requested.copy()
    for v, vm in enumerate(vms):
        if vm.allocated:
            allocated[v] = [vm.allocated.get(r, vm.requested.get(r, 0)) for r in resources]
    percent = np.full((len(specs), len(resources)), 100, dtype=np.int64)
    for t, (document, spec) in enumerate(ranked_tiers(selection)):
        if spec.resize is not None and selection.holds(document, "spec.resize.when", spec.resize.when):
            percent[t] = [spec.resize.floor_percent(r) for r in resources]
    share = percent[tier]
    # the request itself where the tier does not resize, whatever the guest guarantees
    floor = np.where(share == 100, requested, np.maximum(-(-requested * share // 100), guaranteed))
    for rule in kept:
        floor = rule.raised(floor, requested, resources)
    running = np.array([vm.is_running for vm in vms], dtype=np.bool_)[:, None]
    floor = np.where(running, np.minimum(floor, allocated), floor)
    moving = np.array([vm.state is VmState.MIGRATING for vm in vms], dtype=np.bool_)[:, None]
    return (
        requested,
        np.where(moving, allocated, requested),
        np.where(moving, allocated, floor),
        allocated,
    )


def _capacity(
    vms: list[Vm],
    hosts: tuple[Host, ...],
    host_index: dict[str, int],
    resources: tuple[str, ...],
    rows: tuple[TierRow, ...],
    tier: Index,
    current: Index,
    allocated: Ints,
    transient: Bools,
) -> Capacity:
    limit = np.zeros((len(hosts), len(resources)), dtype=np.int64)
    factor = np.ones((len(hosts), len(resources), 2), dtype=np.int64)
    for h, host in enumerate(hosts):
        for r, resource in enumerate(resources):
            percent = host.overcommit_percent.get(resource, 100)
            unit = math.gcd(percent, 100)
            free = host.capacity.get(resource, 0) - host.reserved.get(resource, 0)
            limit[h, r] = free * (percent // unit)
            factor[h, r] = (100 // unit, percent // unit)
    backed = np.array([row.backed for row in rows], dtype=np.bool_).reshape(len(rows), len(resources))[tier]
    nothing = np.zeros_like(limit)
    empty = Capacity(limit, factor, backed, nothing, nothing, transient, current, allocated)
    held = np.zeros_like(limit)
    for v, vm in enumerate(vms):
        if vm.state is VmState.MIGRATING:
            source = host_index[vm.host_id]
            held[source] += empty.load_at(v, source, allocated[v])
    return replace(empty, held=held, start=empty.usage(current, allocated) + held)


def _allowed(vms: list[Vm], hosts: tuple[Host, ...], unary: tuple[HostRule, ...]) -> Allowed:
    """Guests that the same rules select and that need the same storage and devices form a class."""
    rules_of: list[list[int]] = [[] for _ in vms]
    for i, rule in enumerate(unary):
        for v in rule.guests.tolist():
            rules_of[v].append(i)
    needs_of = {needs: frozenset(needs) for needs in {vm.device_needs for vm in vms}}
    signatures = (
        (tuple(rules), vm.storage_pool_id, needs_of[vm.device_needs]) for rules, vm in zip(rules_of, vms, strict=True)
    )
    classes = Column.of(signatures, len(vms))
    receiving = np.array([host.state in _RECEIVING for host in hosts], dtype=np.bool_)
    reaching = _hosts_with([host.storage_pool_ids for host in hosts])
    capable = _hosts_with([host.capabilities for host in hosts])
    none = np.zeros(len(hosts), dtype=np.bool_)
    shape = (len(classes.distinct), len(hosts))
    mask, breach = np.zeros(shape, dtype=np.bool_), np.zeros(shape, dtype=np.int64)
    penalty = np.zeros(shape, dtype=np.int64)
    for c, (rules, pool, needs) in enumerate(classes.distinct):
        suitable = receiving & reaching.get(pool, none) if pool else receiving.copy()
        for need in needs:
            suitable &= capable.get(need, none)
        mask[c] = suitable
        breach[c] = ~suitable
        for i in rules:
            rule = unary[i]
            if rule.must:
                mask[c] &= rule.mask
                breach[c] += ~rule.mask
            else:
                penalty[c] += np.where(rule.mask, 0, rule.weight)
    class_rules = tuple(rules for rules, _, _ in classes.distinct)
    return Allowed(classes.number.astype(np.int32), mask, breach, penalty, unary, class_rules)


def _hosts_with(names: Sequence[tuple[str, ...]]) -> dict[str, Bools]:
    """By name, the hosts [H] that have it among their `names`."""
    found: defaultdict[str, Bools] = defaultdict(lambda: np.zeros(len(names), dtype=np.bool_))
    for h, owned in enumerate(names):
        for name in owned:
            found[name][h] = True
    return found


def _disruption(
    vms: list[Vm],
    hosts: tuple[Host, ...],
    cold_tiers: tuple[bool, ...],
    tier: Index,
    fixed: Bools,
    moves: MoveBudget,
    exempt: Bools,
) -> Disruption:
    live = np.array([vm.migratability is Migratability.LIVE for vm in vms], dtype=np.bool_)
    movable = np.array([vm.migratability is not Migratability.NONE for vm in vms], dtype=np.bool_)
    return Disruption(
        move_cost=np.array([max(1, vm.requested.get("memory_mib", 0)) for vm in vms], dtype=np.int64),
        live=live & ~fixed,
        cold=movable & np.array(cold_tiers, dtype=np.bool_)[tier] & ~fixed,
        generation=np.array([host.cpu_generation for host in hosts], dtype=np.int32),
        spare=np.array([host.state is HostState.STANDBY for host in hosts], dtype=np.bool_),
        pair_class=moves.pair_class,
        pair_cost=moves.pair_cost,
        group=moves.group,
        group_weight=moves.group_weight,
        group_limit=moves.group_limit,
        budget=moves.budget,
        exempt=exempt,
    )
