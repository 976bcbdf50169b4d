"""A compiled cluster: the arrays that stay, those that follow from the state, and the problem that they make."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ..policy.documents import Policy
from ..policy.selection import Selection
from ..primitives.allowed import Allowed
from ..primitives.attraction import Attraction
from ..primitives.encoding import Ints
from ..primitives.groups import Groups
from ..problem import Problem
from ..rules.balance import compile_balance
from ..rules.compile import Rules, compile_rules
from ..rules.context import Context
from ..snapshot import Snapshot, Vm
from ..topology import Topology
from .allowed import Needs, allowed_hosts, read_needs, when_received
from .changes import Changes
from .extending import extended
from .guests import Doings, Guests, read_doings, read_guests, resources_of, wanted
from .hosts import Hosts, HostStates, read_host_states, read_hosts
from .magnitudes import check_magnitudes
from .moves import disruption, exempt
from .objective import levels
from .quarantine import with_readings, without_claims
from .rights import cold_rights, evictable, floor_percent, tier_rows
from .room import Offer, read_offer, room
from .sizes import size_limits


@dataclass(frozen=True, slots=True, eq=False)
class Fixed:
    """What depends on the policy, and on facts of guests and hosts that no event changes."""

    guests: Guests
    hosts: Hosts
    offer: Offer
    needs: Needs

    def extended(self, snapshot: Snapshot, selection: Selection, found: Changes) -> Fixed:
        """With the hosts and guests that are new; nothing else is read."""
        if not found.new_hosts and not found.new_guests:
            return self
        guests = read_guests(found.new_guests, self.guests.resources, selection)
        rows = tier_rows(selection, guests.resources)
        return Fixed(
            self.guests.extended(guests),
            self.hosts.extended(read_hosts(found.new_hosts)),
            extended(self.offer, read_offer(found.new_hosts, guests, rows)),
            self.needs.extended(wanted(vm for _, vm in found.new_guests), snapshot.hosts),
        )


@dataclass(frozen=True, slots=True, eq=False)
class Compilation:
    """All that a problem was made from."""

    fixed: Fixed
    policy: Policy
    context: Context
    rules: Rules
    doings: Doings
    states: HostStates
    problem: Problem

    def after(self, snapshot: Snapshot, selection: Selection, found: Changes) -> Compilation:
        """The same cluster later, with the changes `found`, none of which is an obstacle.

        `selection` is that of the later snapshot.

        Raises
        ------
        PolicyRefusedError
            As `compile_cluster`.
        """
        fixed = self._resized(snapshot, found).extended(snapshot, selection, found)
        guests = fixed.guests
        context = self.context.after(selection, guests.index, fixed.hosts.index, found.variables)
        rules = compile_rules(self.policy, context, guests.groups)
        doings = self._doings_after(snapshot, fixed, found)
        states = read_host_states(snapshot.hosts)
        groups = self.problem.grouping if _same(rules.groups, self.rules.groups) else Groups.of(rules.groups)
        is_longer = fixed.needs is not self.fixed.needs
        if _same(rules.hosts, self.rules.hosts) and not is_longer:
            allowed = when_received(self.problem.allowed, fixed.needs, self.states.receiving, states.receiving)
        else:
            allowed = allowed_hosts(fixed.needs, states.receiving, rules.hosts)
        is_same = _same(rules.wishes, self.rules.wishes) and not is_longer
        attraction = self.problem.attraction if is_same else _attraction(fixed, rules)
        problem = _problem(fixed, self.policy, context.selection, rules, doings, states, groups, allowed, attraction)
        return Compilation(fixed, self.policy, context, rules, doings, states, problem)

    def _resized(self, snapshot: Snapshot, found: Changes) -> Fixed:
        """With what the guests that have changed request now."""
        if found.variables.isdisjoint({"vm.requested", "vm.guaranteed"}):
            return self.fixed
        at, vms = self._changed(snapshot, found)
        return replace(self.fixed, guests=self.fixed.guests.resized(at, vms))

    def _doings_after(self, snapshot: Snapshot, fixed: Fixed, found: Changes) -> Doings:
        """With what the guests that have changed, and new ones, are doing; `fixed` has the new ones."""
        doings, guests, hosts = self.doings, fixed.guests, fixed.hosts.index
        at, vms = self._changed(snapshot, found)
        if len(at):
            doings = doings.after(at, read_doings(vms, hosts, guests.requested[at], guests.resources))
        if found.new_guests:
            requested = guests.requested[len(doings.place) :]
            new = wanted(vm for _, vm in found.new_guests)
            doings = extended(doings, read_doings(new, hosts, requested, guests.resources))
        return doings

    def _changed(self, snapshot: Snapshot, found: Changes) -> tuple[Ints, list[Vm]]:
        """The guests that have changed: their indices [n], and what they are now."""
        numbers = self.fixed.guests.numbers
        at = np.flatnonzero(np.isin(numbers, found.guests))
        return at, [snapshot.vms[i] for i in numbers[at].tolist()]


def compile_cluster(snapshot: Snapshot, policy: Policy, selection: Selection) -> Compilation:
    """Compiles a valid snapshot; `selection` may be of a policy with more rules and a snapshot with more guests.

    Raises
    ------
    PolicyRefusedError
        When an expression fails on a guest, a guest has no tier or two, or a rule contradicts itself or the snapshot.
    """
    policy = policy.at(snapshot.taken_at)
    guests = read_guests(tuple(enumerate(snapshot.vms)), resources_of(snapshot, policy), selection)
    hosts, vms = read_hosts(snapshot.hosts), wanted(snapshot.vms)
    context = Context(selection, guests.index, hosts.index, Topology(snapshot))
    rules = compile_rules(policy, context, guests.groups)
    offer = read_offer(snapshot.hosts, guests, tier_rows(selection, guests.resources))
    fixed = Fixed(guests, hosts, offer, read_needs(vms, snapshot.hosts))
    doings = read_doings(vms, hosts.index, guests.requested, guests.resources)
    states = read_host_states(snapshot.hosts)
    allowed = allowed_hosts(fixed.needs, states.receiving, rules.hosts)
    groups, attraction = Groups.of(rules.groups), _attraction(fixed, rules)
    problem = _problem(fixed, policy, selection, rules, doings, states, groups, allowed, attraction)
    return Compilation(fixed, policy, context, rules, doings, states, with_readings(problem, policy, context))


def _problem(
    fixed: Fixed,
    policy: Policy,
    selection: Selection,
    rules: Rules,
    doings: Doings,
    states: HostStates,
    groups: Groups,
    allowed: Allowed,
    attraction: Attraction,
) -> Problem:
    guests, hosts = fixed.guests, fixed.hosts
    rows = tier_rows(selection, guests.resources)
    upper, floor = size_limits(guests, doings, floor_percent(selection, guests.resources), rules.floors)
    capacity = room(fixed.offer, doings, rules.moves.transient(guests.resources))
    capacity = without_claims(capacity, fixed.offer, selection, guests.resources)
    leaving = exempt(doings, allowed)
    stranded = doings.displaced & ((doings.source < 0) | states.unfenceable[doings.source])
    problem = Problem(
        vm_ids=guests.ids,
        host_ids=hosts.ids,
        resources=guests.resources,
        tiers=rows,
        tier=guests.tier,
        current=doings.place,
        fixed=doings.migrating,
        startable=~stranded,
        evictable=evictable(rows, guests.tier, doings.running, doings.migrating),
        requested=guests.requested,
        upper=upper,
        floor=floor,
        allocated=doings.allocated,
        receiving=states.receiving,
        capacity=capacity,
        allowed=allowed,
        attraction=attraction,
        disruption=disruption(guests, doings, hosts, states, cold_rights(selection), rules.moves, leaving),
        imbalance=compile_balance(policy, guests.resources, capacity),
        levels=levels(policy, rows, guests.tier),
        grouping=groups,
        warnings=(*selection.warnings, *rules.warnings),
    )
    check_magnitudes(problem, policy)
    return problem


def _attraction(fixed: Fixed, rules: Rules) -> Attraction:
    return Attraction.of(len(fixed.guests.ids), len(fixed.hosts.ids), rules.wishes)


def _same(some: tuple[object, ...], others: tuple[object, ...]) -> bool:
    """Whether both hold the very same primitives."""
    return len(some) == len(others) and all(one is other for one, other in zip(some, others, strict=True))
