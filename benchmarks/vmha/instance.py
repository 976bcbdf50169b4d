"""Instances of the benchmark: the snapshot after the failure and the policies it may be solved under."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Final

from benchmarks.vmha.guests import LEVELS, NONE, TIERS, DrawnGuests, draw_guests
from benchmarks.vmha.hosts import NO_ROOM, BuiltHosts, build_hosts
from benchmarks.vmha.placing import place_guests
from benchmarks.vmha.recipe import HOST_CLASSES, NEEDS, Recipe
from trimtab_solver.authoring.loader import parse_policy
from trimtab_solver.policy.documents import Policy
from trimtab_solver.snapshot import FailureDomain, FencingState, Host, HostState, Snapshot, Vm, VmState

POLICIES: Final = Path(__file__).with_name("policies")
BUDGET_FILE: Final = "budget.yaml"
"""The document of a policy that limits moves."""
DIGESTS: Final = Path(__file__).with_name("digests.tsv")


class DriftError(Exception):
    """A generated instance is not the one that was published under its name."""


@dataclass(frozen=True, slots=True)
class Instance:
    """A cluster after a failure. `healthy` is the same cluster before it; `load` what the sizes came to."""

    name: str
    snapshot: Snapshot
    healthy: Snapshot
    load: float


def generate(recipe: Recipe) -> Instance:
    """The instance; equal recipes give equal instances on every machine.

    Raises
    ------
    DriftError
        When its digest is not the pinned one.
    """
    instance = _build(recipe)
    pinned = pinned_digests().get(recipe.name)
    if pinned is not None and (found := digest_of(instance.snapshot)) != pinned:
        raise DriftError(f"{recipe.name} has digest {found}, {pinned} is pinned: a generator has changed")
    return instance


def policy_files(sizing: str) -> dict[str, bytes]:
    """The documents of the policy ``rigid`` or ``resizable``, by file name."""
    return {path.name: path.read_bytes() for path in sorted((POLICIES / sizing).glob("*.yaml"))}


def policy_of(sizing: str) -> Policy:
    """The parsed policy."""
    return parse_policy(policy_files(sizing))


def policy_without_budget(sizing: str) -> Policy:
    """The same policy, except that any number of guests may move."""
    files = policy_files(sizing)
    return parse_policy({**files, BUDGET_FILE: files[BUDGET_FILE].replace(b'"2%"', b'"100%"')})


@cache
def pinned_digests() -> dict[str, str]:
    """Digest by name of instance."""
    return dict(line.split("\t") for line in DIGESTS.read_text().splitlines())


def digest_of(snapshot: Snapshot) -> str:
    """SHA-256 over a plain text of every fact that the generator sets; 16 hexadecimal digits of it."""
    digest = hashlib.sha256()
    for domain in snapshot.domains:
        digest.update(f"{domain.id} {domain.kind} {domain.parent_id}\n".encode())
    for host in snapshot.hosts:
        facts = (host.id, *host.domain_ids, host.state, *host.capabilities, *sorted(host.capacity.items()))
        digest.update(f"{facts} {sorted(host.labels.items())}\n".encode())
    for vm in snapshot.vms:
        facts = (vm.id, vm.tier, vm.group, vm.state, vm.host_id, *sorted(vm.requested.items()))
        digest.update(f"{facts} {sorted(vm.labels.items())}\n".encode())
    return digest.hexdigest()[:16]


def _build(recipe: Recipe) -> Instance:
    guests = draw_guests(recipe)
    hosts = build_hosts(recipe, guests)
    place = place_guests(recipe, hosts, guests).tolist()
    domains, parent = _domains(hosts)
    healthy_hosts = tuple(_host(hosts, h, parent[h]) for h in range(len(hosts.site)))
    vms = tuple(_vm(guests, v, healthy_hosts[place[v]].id) for v in range(len(place)))
    healthy = Snapshot(hosts=healthy_hosts, vms=vms, domains=domains)
    failed = hosts.failed.tolist()
    snapshot = replace(
        healthy,
        hosts=tuple(
            replace(host, state=HostState.DOWN, fencing=FencingState.UNFENCED) if failed[h] else host
            for h, host in enumerate(healthy_hosts)
        ),
        vms=tuple(replace(vm, state=VmState.DISPLACED) if failed[h] else vm for vm, h in zip(vms, place, strict=True)),
    )
    load = float(guests.memory.sum() / hosts.memory[~hosts.failed].sum())
    return Instance(recipe.name, snapshot, healthy, load)


def _domains(hosts: BuiltHosts) -> tuple[tuple[FailureDomain, ...], list[str]]:
    """All failure domains, and the rack of each host."""
    found: dict[str, FailureDomain] = {}
    racks = []
    for site, room, rack in zip(hosts.site.tolist(), hosts.room.tolist(), hosts.rack.tolist(), strict=True):
        above = f"site-{site + 1}"
        found[above] = FailureDomain(above, "site")
        if room != NO_ROOM:
            found[f"room-{room + 1:02}"] = FailureDomain(f"room-{room + 1:02}", "room", above)
            above = f"room-{room + 1:02}"
        name = f"rack-{rack + 1:03}"
        found[name] = FailureDomain(name, "rack", above)
        racks.append(name)
    return tuple(found.values()), racks


def _host(hosts: BuiltHosts, h: int, rack: str) -> Host:
    return Host(
        id=f"h{h + 1:04}",
        domain_ids=(rack,),
        capacity={"cpu_milli": int(hosts.cpu[h]), "memory_mib": int(hosts.memory[h])},
        labels={"class": HOST_CLASSES[hosts.kind[h]].name},
        capabilities=tuple(name for name, offered in zip(NEEDS, hosts.offers[h], strict=True) if offered),
    )


def _vm(guests: DrawnGuests, v: int, host_id: str) -> Vm:
    group = int(guests.group[v])
    labels = {}
    if group != NONE:
        labels["apart"] = LEVELS[guests.level[group]]
    if guests.need[v] != NONE:
        labels["needs"] = NEEDS[guests.need[v]]
    return Vm(
        id=f"v{v + 1:06}",
        tier=TIERS[guests.tier[v]],
        labels=labels,
        group="" if group == NONE else f"g{group + 1:05}",
        requested={"cpu_milli": int(guests.cpu[v]), "memory_mib": int(guests.memory[v])},
        state=VmState.RUNNING,
        host_id=host_id,
        home_host_id=host_id,
    )
