"""What each rule kind counts, as the table "Rules: amounts of breach" in docs/concepts.md has it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import combinations
from typing import Any

from tests.support.reading.expressions import holds
from tests.support.reading.words import Words
from tests.support.reading.world import RECEIVING, room, share_up
from trimtab_solver.policy.documents import RuleSpec
from trimtab_solver.rules.host_requirement import HostRequirement
from trimtab_solver.rules.maintenance import Maintenance
from trimtab_solver.rules.pin import Pin
from trimtab_solver.rules.quorum import Quorum
from trimtab_solver.rules.reserve import Reserve
from trimtab_solver.rules.separate import Separate
from trimtab_solver.rules.spread import Spread
from trimtab_solver.rules.together import Together
from trimtab_solver.snapshot import Host, Vm

Place = Mapping[str, str]
"""Running guests and the hosts they run on."""
Amounts = Iterator[tuple[object, int]]
"""Keys of a rule and how far it is broken at each; negative or zero where it holds."""
Count = Callable[[Place], Amounts]


def _counted(members: Iterable[str], place: Place, domains: Mapping[str, str]) -> Counter[str]:
    """How many of the members run in each domain where any does."""
    return Counter(domains[place[vm_id]] for vm_id in members if vm_id in place)


def separate(words: Words, spec: Separate) -> Count:
    """Pair of sets, partner value and domain: the smaller of the two counts."""
    sets = [words.groups(selector, spec.partners_by) for selector in spec.between]
    domains = words.domains(spec.topology)

    def count(place: Place) -> Amounts:
        for (a, left), (b, right) in combinations(enumerate(sets), 2):
            for partner in left.keys() & right.keys():
                ones, others = (_counted(side[partner], place, domains) for side in (left, right))
                for domain in ones.keys() & others.keys():
                    yield (a, b, partner, domain), min(ones[domain], others[domain])

    return count


def spread(words: Words, spec: Spread) -> Count:
    """Members above the limit per domain; domains missing; most minus fewest beyond the skew."""
    groups, domains = words.groups(spec.select, spec.group_by), words.domains(spec.topology)
    receiving = {domains[host.id] for host in words.snapshot.hosts if host.state in RECEIVING}

    def count(place: Place) -> Amounts:
        for name, group in groups.items():
            counts = _counted(group, place, domains)
            if spec.max_per_domain is not None:
                for domain, members in counts.items():
                    yield ("most", name, domain), members - spec.max_per_domain
            if spec.min_domains is not None:
                yield ("domains", name), min(spec.min_domains, counts.total()) - len(counts)
            if spec.max_skew is not None and counts and receiving:
                fewest = min(counts[domain] for domain in receiving)
                yield ("skew", name), max(counts.values()) - fewest - spec.max_skew

    return count


def together(words: Words, spec: Together) -> Count:
    """Domains beyond the first; with `near`, each domain that lacks those to be near to."""
    groups, domains = words.groups(spec.select, spec.group_by), words.domains(spec.topology)
    near = words.groups(spec.near, spec.group_by) if spec.near is not None else None

    def count(place: Place) -> Amounts:
        for name, group in groups.items():
            used = _counted(group, place, domains)
            if near is None:
                yield name, len(used) - 1
            else:
                company = _counted(near.get(name, ()), place, domains)
                yield from (((name, domain), 1) for domain in used.keys() - company.keys())

    return count


def quorum(words: Words, spec: Quorum) -> Count:
    """Guests missing, those of the fullest domain not counted if one may be lost; a share is one of the wanted."""
    groups, domains = words.groups(spec.select, spec.group_by), words.domains(spec.survives or "host")
    least = {
        name: share_up(spec.min_running, len(group)) if isinstance(spec.min_running, str) else spec.min_running
        for name, group in groups.items()
    }

    def count(place: Place) -> Amounts:
        for name, group in groups.items():
            counts = _counted(group, place, domains)
            lost = max(counts.values(), default=0) if spec.survives is not None else 0
            yield name, least[name] - (counts.total() - lost)

    return count


def reserve(words: Words, spec: Reserve) -> Count:
    """Domain and resource: what is requested beyond what is usable, in percent of the offers, rounded up.

    Where nothing is offered: in percent of all that is requested.
    """
    protected = words.guests(spec.protects)
    resources = {r for vm in protected for r in vm.requested if spec.resources is None or r in spec.resources}
    domains = words.domains(spec.within) if spec.within else dict.fromkeys(words.hosts, "")
    offering: defaultdict[str, list[Host]] = defaultdict(list)
    for host in words.snapshot.hosts:
        if host.state in RECEIVING:
            offering[domains[host.id]].append(host)

    def count(place: Place) -> Amounts:
        used: Counter[tuple[str, str]] = Counter()
        for vm in protected:
            if vm.id in place:
                used.update(
                    {(domains[place[vm.id]], resource): vm.requested.get(resource, 0) for resource in resources}
                )
        for (domain, resource), amount in used.items():
            each = sorted(room(host, resource) // 100 for host in offering[domain])
            if spec.share is not None:
                usable = sum(each) - share_up(spec.share, sum(each))
            else:
                usable = sum(each[: -(spec.hosts or 1)])
            whole = sum(each) or sum(vm.requested.get(resource, 0) for vm in protected)
            if amount:
                yield (domain, resource), -(-100 * (amount - usable) // whole)

    return count


READERS: dict[type[RuleSpec], Callable[[Words, Any], Count]] = {
    Separate: separate,
    Spread: spread,
    Together: together,
    Quorum: quorum,
    Reserve: reserve,
}
"""Rules about several guests."""


def _refuses_pin(words: Words, spec: Pin, vm: Vm, host: Host) -> bool:
    return words.selects(spec.select, vm) and not words.selects(spec.hosts, host)


def _refuses_requirement(words: Words, spec: HostRequirement, vm: Vm, host: Host) -> bool:
    if not words.selects(spec.select, vm):
        return False
    offers = spec.require is None or holds(spec.require, host=host, event=words.event)
    if spec.storage is None:
        return not offers
    fit = {pool.id for pool in words.snapshot.storage_pools if words.selects(spec.storage, pool)}
    reached = {vm.storage_pool_id} if vm.storage_pool_id else set(host.storage_pool_ids)
    return not offers or not fit & reached & set(host.storage_pool_ids)


def _refuses_maintenance(words: Words, spec: Maintenance, vm: Vm, host: Host) -> bool:
    return words.selects(spec.hosts, host)


REFUSERS: dict[type[RuleSpec], Callable[[Words, Any, Vm, Host], bool]] = {
    Pin: _refuses_pin,
    HostRequirement: _refuses_requirement,
    Maintenance: _refuses_maintenance,
}
"""Rules about one guest and its host: a breach counts one."""
