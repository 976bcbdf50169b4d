"""Whether hosts and failure domains make sense."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..errors import Reason
from ..snapshot import FailureDomain, Host, StoragePool
from ..topology import HOST_KIND
from .fault_list import FaultList
from .ranges import MAX_COUNT, MAX_MBPS, MAX_SECONDS, check_amounts, check_range, check_within

_VITAL = ("cpu_milli", "memory_mib")
_LEAST_PERCENT, _MOST_PERCENT = 10, 10_000
_MAX_SLOTS = 1024
_MAX_DEPTH = 64
_SHOWN = 6
"""Domains of a circle that a fault names."""


def check_domains(
    domains: Sequence[FailureDomain],
    by_id: Mapping[str, FailureDomain],
    faults: FaultList,
) -> None:
    """Faults of the tree of failure domains: kinds, parents, cycles."""
    circles = _circles([domain.id for domain in domains], by_id)
    reported: set[str] = set()
    for i, domain in enumerate(domains):
        path, subject = f"snapshot.domains[{i}]", f'failure domain "{domain.id}"'
        if not domain.kind:
            faults.add(
                Reason.INVALID_REQUEST,
                f"{path}.kind",
                f"{subject} has no kind",
                "say what it is, e.g. rack",
            )
        elif domain.kind == HOST_KIND:
            fix = "each host is such a domain by itself; use another kind or leave it out"
            faults.add(
                Reason.INVALID_REQUEST,
                f"{path}.kind",
                f'{subject} has the kind "{HOST_KIND}"',
                fix,
            )
        if domain.id.startswith(f"{HOST_KIND}/"):
            fix = f"ids that begin with {HOST_KIND}/ mean hosts outside any domain; rename it"
            faults.add(
                Reason.INVALID_REQUEST,
                f"{path}.id",
                f"{subject} has a reserved id",
                fix,
            )
        if domain.parent_id and domain.parent_id not in by_id:
            faults.add_unknown(f"{path}.parent_id", subject, "failure domain", domain.parent_id, by_id)
        if domain.id in circles:
            circle = circles[domain.id]
            if circle[0] not in reported:
                reported.add(circle[0])
                message = f"failure domains lie in each other: {_in_words(circle)}"
                faults.add(
                    Reason.DOMAIN_CYCLE,
                    f"{path}.parent_id",
                    message,
                    "a domain lies in larger ones only",
                )
            continue
        chain = _chain(domain.id, by_id)
        if len(chain) > _MAX_DEPTH:
            message = f"{subject} lies in more than {_MAX_DEPTH} domains, one within the other"
            fix = "leave out the levels at which nothing can fail"
            faults.add(Reason.OUT_OF_RANGE, f"{path}.parent_id", message, fix)
            continue
        for above in chain[1:]:
            if by_id[above].kind == domain.kind:
                message = f'{subject} lies in "{above}", which is of the same kind "{domain.kind}"'
                fix = "a host lies in one domain of a kind; change the parent or one of the kinds"
                faults.add(Reason.INCONSISTENT_STATE, f"{path}.parent_id", message, fix)
                break


def check_hosts(
    hosts: Sequence[Host],
    domains: Mapping[str, FailureDomain],
    pools: Mapping[str, StoragePool],
    faults: FaultList,
) -> None:
    """Faults of hosts: what they name, their amounts, the domains they lie in."""
    above: dict[str, dict[str, str]] = {}
    for i, host in enumerate(hosts):
        path, subject = f"snapshot.hosts[{i}]", f'host "{host.id}"'
        for n, name in enumerate(host.domain_ids):
            if name not in domains:
                faults.add_unknown(f"{path}.domain_ids[{n}]", subject, "failure domain", name, domains)
            elif name not in above:
                above[name] = {}
                for at in _chain(name, domains):
                    above[name].setdefault(domains[at].kind, at)
        for n, name in enumerate(host.storage_pool_ids):
            if name not in pools:
                faults.add_unknown(
                    f"{path}.storage_pool_ids[{n}]",
                    subject,
                    "storage pool",
                    name,
                    pools,
                )
        if len(host.domain_ids) > 1:
            _check_trees(
                path,
                subject,
                [name for name in host.domain_ids if name in above],
                above,
                faults,
            )
        _check_amounts_of(host, path, subject, faults)


def _check_trees(
    path: str,
    subject: str,
    leaves: Sequence[str],
    above: Mapping[str, Mapping[str, str]],
    faults: FaultList,
) -> None:
    found: dict[str, str] = {}
    for leaf in leaves:
        for kind, domain in above[leaf].items():
            if found.setdefault(kind, domain) != domain:
                message = f'{subject} lies in two domains of kind "{kind}": {found[kind]} and {domain}'
                fix = "a host lies in one domain of a kind; correct domain_ids or the parents of the domains"
                faults.add(Reason.INCONSISTENT_STATE, f"{path}.domain_ids", message, fix)


def _check_amounts_of(host: Host, path: str, subject: str, faults: FaultList) -> None:
    check_amounts(f"{path}.capacity", subject, host.capacity, faults)
    if not any(amount > 0 for amount in host.capacity.values()):
        message, fix = (
            f"capacity of {subject} holds nothing",
            "send at least cpu_milli and memory_mib",
        )
        faults.add(Reason.OUT_OF_RANGE, f"{path}.capacity", message, fix)
    else:
        for resource in _VITAL:
            if host.capacity.get(resource) == 0:
                message = f"capacity {resource} of {subject} is 0"
                fix = "send what the host has, or leave the host out if nothing can run on it"
                faults.add(Reason.OUT_OF_RANGE, f'{path}.capacity["{resource}"]', message, fix)
    if host.reserved:
        check_amounts(f"{path}.reserved", subject, host.reserved, faults)
        check_within(
            f"{path}.reserved",
            subject,
            host.reserved,
            "capacity",
            host.capacity,
            faults,
        )
    for resource, percent in host.overcommit_percent.items():
        inner = f'{path}.overcommit_percent["{resource}"]'
        check_range(inner, subject, percent, _LEAST_PERCENT, _MOST_PERCENT, faults)
    check_range(f"{path}.migration_slots", subject, host.migration_slots, 0, _MAX_SLOTS, faults)
    check_range(
        f"{path}.migration_bandwidth_mbps",
        subject,
        host.migration_bandwidth_mbps,
        1,
        MAX_MBPS,
        faults,
    )
    check_range(f"{path}.boot_s", subject, host.boot_s, 0, MAX_SECONDS, faults)
    check_range(f"{path}.cpu_generation", subject, host.cpu_generation, 0, MAX_COUNT, faults)


def _circles(names: Sequence[str], by_id: Mapping[str, FailureDomain]) -> dict[str, list[str]]:
    """Each domain that lies in domains that lie in each other, or is one of them, with these."""
    circle_of: dict[str, list[str]] = {}
    seen: set[str] = set()
    for start in names:
        path: dict[str, int] = {}
        at = start
        while at in by_id and at not in seen:
            seen.add(at)
            path[at] = len(path)
            at = by_id[at].parent_id
        circle = list(path)[path[at] :] if at in path else circle_of.get(at)
        if circle is not None:
            circle_of.update(dict.fromkeys(path, circle))
    return circle_of


def _in_words(circle: Sequence[str]) -> str:
    """The domains in a circle, or the first of many."""
    shown = circle[:_SHOWN] if len(circle) > _SHOWN + 1 else circle
    more = [f"({len(circle) - len(shown)} more)"] if len(shown) < len(circle) else []
    return " -> ".join([*shown, *more, circle[0]])


def _chain(domain_id: str, by_id: Mapping[str, FailureDomain]) -> list[str]:
    """The domain and those above it, at most one beyond the limit. Of a circle some domains come again."""
    chain: list[str] = []
    at = domain_id
    while at in by_id and len(chain) <= _MAX_DEPTH:
        chain.append(at)
        at = by_id[at].parent_id
    return chain or [domain_id]
