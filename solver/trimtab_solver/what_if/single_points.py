"""Single points of failure, read from where guests are and from what the policy says; no plan is made for them."""

from __future__ import annotations

import enum
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from ..execution.parts import Parts
from ..policy.selection import Selection
from ..prepared import Prepared
from ..problem import Problem
from ..rules.host_requirement import HostRequirement
from ..rules.quorum import Quorum
from ..snapshot import PoolKind, Snapshot


class Exposure(enum.StrEnum):
    """What makes a part of a cluster a single point of failure."""

    WHOLE_GROUP = "WHOLE_GROUP"
    """All running guests of an application are in it: until some are started elsewhere none runs."""
    QUORUM = "QUORUM"
    """So many guests of a Quorum are in it that too few run when it is lost, until some are started elsewhere."""
    NO_MIRROR = "NO_MIRROR"
    """A pool without mirror holds guests for which a HostRequirement asks for a mirrored one."""
    ONLY_HOST = "ONLY_HOST"
    """No other host would take these guests: for its state or equipment, or by a must rule about them alone."""


@dataclass(frozen=True, slots=True)
class SinglePoint:
    """A part of a cluster, and who depends on it alone: applications, groups of the `rule`, or guests."""

    part: str
    """Its name, as kind:id."""
    exposure: Exposure
    subjects: tuple[str, ...]
    rule: str = ""
    """Name of the policy document that says so, if one does."""


def single_points(start: Prepared) -> tuple[SinglePoint, ...]:
    """All of them, in the order of `Exposure`.

    Of parts within each other only the smallest is named. A mirrored pool is none for its guests: with one half of it
    the other goes on.

    Raises
    ------
    PolicyRefusedError
        When the policy cannot be evaluated on the cluster.
    """
    places = _Places(start.snapshot)
    return (
        *_collect(Exposure.WHOLE_GROUP, _whole_groups(start, places)),
        *_collect(Exposure.QUORUM, _quorums(start.selection, places)),
        *_collect(Exposure.NO_MIRROR, _without_mirror(start)),
        *_collect(Exposure.ONLY_HOST, _only_hosts(start.problem)),
    )


_Found = Iterator[tuple[str, str, str]]
"""Part, subject, rule."""


def _collect(exposure: Exposure, found: _Found) -> Iterator[SinglePoint]:
    subjects: dict[tuple[str, str], list[str]] = {}
    for part, subject, rule in found:
        subjects.setdefault((part, rule), []).append(subject)
    for (part, rule), names in subjects.items():
        yield SinglePoint(part, exposure, tuple(names), rule)


class _Places:
    """In which parts each running guest is."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._hosts = Parts(snapshot).hosts
        self._of_host: defaultdict[str, list[str]] = defaultdict(list)
        for name, hosts in self._hosts.items():
            for host in hosts:
                self._of_host[host].append(name)
        alone = {pool.id for pool in snapshot.storage_pools if pool.kind is not PoolKind.MIRRORED}
        self._pool_of = {vm.id: vm.storage_pool_id for vm in snapshot.vms if vm.storage_pool_id in alone}
        # a guest on its way is lost with its source, and falls back to it when its target fails
        self.place_of = {vm.id: vm.host_id for vm in snapshot.vms if vm.is_running}

    def of(self, vm_id: str) -> Iterator[str]:
        """The names of the parts."""
        yield from self._of_host[self.place_of[vm_id]]
        if pool := self._pool_of.get(vm_id):
            yield f"pool:{pool}"

    def holding(self, members: Collection[str], least: int) -> list[str]:
        """The smallest parts with which fewer than `least` of the members, who run, are left."""
        counts: defaultdict[str, int] = defaultdict(int)
        for member in members:
            for name in self.of(member):
                counts[name] += 1
        found = [name for name, count in counts.items() if len(members) - count < least]
        return [name for i, name in enumerate(found) if not self._holds_another(name, found, i)]

    def _holds_another(self, name: str, found: list[str], place: int) -> bool:
        own = self._hosts.get(name)
        if own is None:
            return False
        for i, other in enumerate(found):
            hosts = self._hosts.get(other)
            if hosts is not None and (hosts < own or (hosts == own and i < place)):
                return True
        return False


def _whole_groups(start: Prepared, places: _Places) -> _Found:
    members: dict[str, list[str]] = {}
    for vm in start.snapshot.vms:
        if vm.group and vm.id in places.place_of:
            members.setdefault(vm.group, []).append(vm.id)
    for group, running in members.items():
        if len(running) > 1:
            yield from ((part, group, "") for part in places.holding(running, 1))


def _quorums(selection: Selection, places: _Places) -> _Found:
    for document, spec in selection.policy.of(Quorum):
        chosen = selection.vms(document, "spec.select", spec.select)
        for key, ids in selection.groups(document, "spec.groupBy", chosen, spec.group_by).items():
            running = [vm_id for vm_id in ids if vm_id in places.place_of]
            least = spec.least(sum(vm_id in selection.expected for vm_id in ids))
            if len(running) >= least:
                yield from ((part, key or document.name, document.name) for part in places.holding(running, least))


def _without_mirror(start: Prepared) -> _Found:
    pool_of = {vm.id: vm.storage_pool_id for vm in start.snapshot.vms}
    for rule, vm_ids in mirrors_asked_for(start).items():
        yield from ((f"pool:{pool_of[vm_id]}", vm_id, rule) for vm_id in vm_ids)


def mirrors_asked_for(start: Prepared) -> Mapping[str, tuple[str, ...]]:
    """By HostRequirement, the wanted guests whose pool it does not select, and would if the pool were mirrored."""
    found: dict[str, tuple[str, ...]] = {}
    policy, snapshot = start.selection.policy, start.snapshot
    pools = tuple(replace(pool, kind=PoolKind.MIRRORED) for pool in snapshot.storage_pools)
    mirrored = Selection(start.policy, replace(snapshot, storage_pools=pools))
    for document, spec in policy.of(HostRequirement):
        if spec.storage is None:
            continue
        asks, now = (each.pools(document, "spec.storage", spec.storage) for each in (mirrored, start.selection))
        chosen = set(start.selection.vms(document, "spec.select", spec.select))
        lacking = (vm for vm in snapshot.vms if vm.id in chosen and vm.is_wanted and vm.storage_pool_id in asks - now)
        if ids := tuple(vm.id for vm in lacking):
            found[document.name] = ids
    return found


def _only_hosts(problem: Problem) -> _Found:
    allowed = problem.allowed
    number = allowed.mask.sum(axis=1)[allowed.class_of]
    for v in np.flatnonzero((number <= 1) & problem.running).tolist():
        at = int(problem.current[v])
        # the one host left may be another one, though the guest runs on here
        if not number[v] or allowed.mask[allowed.class_of[v], at]:
            yield f"host:{problem.host_ids[at]}", problem.vm_ids[v], ""
