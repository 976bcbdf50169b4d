"""Pacemaker's scheduler, by ``crm_simulate``: the one peer that stops resources of low priority for others.

Knows capacity (utilization), priorities, requirements on nodes, and anti-affinity on nodes, racks and sites (colocation
scores of minus infinity over a node attribute). Cannot express when a tier may be stopped, or how few should move.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from xml.etree.ElementTree import Element, SubElement, tostring

from benchmarks.peers.peer import (
    DidNotFinishError,
    PeerAnswer,
    cpus,
    down_hosts,
    first_line,
    groups_apart,
    program,
    run,
    stays,
)
from trimtab_solver.policy.documents import Policy
from trimtab_solver.snapshot import Snapshot, Vm

_PROGRAM = ("crm_simulate", "/usr/sbin/crm_simulate")
_PACKAGE = "pacemaker-cli-utils"
_PRIORITY = {"gold": "1000", "silver": "100", "bronze": "10"}
_AGENT = {"class": "ocf", "provider": "pacemaker", "type": "Dummy"}
_FEATURE_SET = "3.16.1"
_ARRIVAL = re.compile(r"^\s*\* (?:Start|Recover|Restart)\s+(\S+)\s+\(\s*(\S+)")
_MOVE = re.compile(r"^\s*\* (?:Move|Migrate)\s+(\S+)\s+\(\s*\S+ -> (\S+?)\s*\)")
_STOP = re.compile(r"^\s*\* Stop\s+(\S+)\s+\(")


class Pacemaker:
    """The scheduler of Pacemaker."""

    name = "pacemaker"
    most_vms = 1250

    def version(self) -> str:
        """As it says itself."""
        return first_line([self._program(), "--version"])

    def solve(self, snapshot: Snapshot, policy: Policy, seconds: float, folder: Path) -> PeerAnswer:
        """The placement after the transition that it summarises."""
        (folder / "cib.xml").write_bytes(tostring(configuration(snapshot)))
        printed, wall_s = run([self._program(), "-x", "cib.xml", "-R"], seconds, folder)
        if "Transition Summary" not in printed:
            raise DidNotFinishError(f"no transition in what it printed, see {folder}")
        place = stays(snapshot)
        for line in printed.partition("Transition Summary")[2].splitlines():
            if arrival := _ARRIVAL.match(line) or _MOVE.match(line):
                place[arrival.group(1)] = arrival.group(2)
            elif stop := _STOP.match(line):
                place.pop(stop.group(1), None)
        return PeerAnswer(place, wall_s)

    @staticmethod
    def _program() -> str:
        return program(*_PROGRAM, package=_PACKAGE)


def configuration(snapshot: Snapshot) -> Element:
    """The cluster as a CIB: nodes, resources, constraints, and what runs where."""
    cib = Element(
        "cib",
        {
            "crm_feature_set": _FEATURE_SET,
            "validate-with": "pacemaker-3.7",
            "epoch": "1",
            "num_updates": "0",
            "admin_epoch": "0",
            "have-quorum": "1",
            "dc-uuid": "",
        },
    )
    down = down_hosts(snapshot)
    cib.set("dc-uuid", next(host.id for host in snapshot.hosts if host.id not in down))
    configured = SubElement(cib, "configuration")
    options = SubElement(SubElement(configured, "crm_config"), "cluster_property_set", id="options")
    _options(options, {"stonith-enabled": "false", "placement-strategy": "balanced", "no-quorum-policy": "ignore"})
    nodes = SubElement(configured, "nodes")
    parents = {domain.id: domain.parent_id for domain in snapshot.domains}
    kinds = {domain.id: domain.kind for domain in snapshot.domains}
    for host in snapshot.hosts:
        node = SubElement(nodes, "node", id=host.id, uname=host.id, type="member")
        attributes = SubElement(node, "instance_attributes", id=f"{host.id}-attributes")
        facts = dict.fromkeys(host.capabilities, "yes")
        domain = host.domain_ids[0]
        while domain:
            facts[kinds[domain]] = domain
            domain = parents[domain]
        _options(attributes, facts)
        _utilization(node, host.id, host.capacity)
    resources = SubElement(configured, "resources")
    for vm in snapshot.vms:
        resource = SubElement(resources, "primitive", {"id": vm.id, **_AGENT})
        meta = {"priority": _PRIORITY[vm.tier], "allow-migrate": "true", "resource-stickiness": "100"}
        _options(SubElement(resource, "meta_attributes", id=f"{vm.id}-meta"), meta)
        _utilization(resource, vm.id, vm.requested)
    constraints = SubElement(configured, "constraints")
    for constraint in (*_requirements(snapshot), *_separations(snapshot)):
        constraints.append(constraint)
    cib.append(_status(snapshot, down))
    return cib


def _requirements(snapshot: Snapshot) -> Iterator[Element]:
    for vm in snapshot.vms:
        if need := vm.labels.get("needs"):
            location = Element("rsc_location", id=f"{vm.id}-needs", rsc=vm.id)
            rule = SubElement(location, "rule", id=f"{vm.id}-rule", score="-INFINITY")
            SubElement(rule, "expression", id=f"{vm.id}-without", attribute=need, operation="not_defined")
            yield location


def _separations(snapshot: Snapshot) -> Iterator[Element]:
    """Each member of a group away from every earlier one, which is how its documentation does it."""
    for level, attribute in (("host", "#uname"), ("rack", "rack"), ("site", "site")):
        for group in groups_apart(snapshot, level):
            for i, vm in enumerate(group):
                for other in group[:i]:
                    facts = {"rsc": vm.id, "with-rsc": other.id, "score": "-INFINITY", "node-attribute": attribute}
                    yield Element("rsc_colocation", {"id": f"{vm.id}-{other.id}", **facts})


def _status(snapshot: Snapshot, down: set[str]) -> Element:
    status = Element("status")
    guests: dict[str, list[Vm]] = {host.id: [] for host in snapshot.hosts}
    for vm in snapshot.vms:
        if vm.is_running:
            guests[vm.host_id].append(vm)
    for host in snapshot.hosts:
        is_up = host.id not in down
        state = SubElement(
            status,
            "node_state",
            {
                "id": host.id,
                "uname": host.id,
                "in_ccm": "true" if is_up else "false",
                "crmd": "online" if is_up else "offline",
                "join": "member" if is_up else "down",
                "expected": "member" if is_up else "down",
            },
        )
        resources = SubElement(SubElement(state, "lrm", id=host.id), "lrm_resources")
        for vm in guests[host.id]:
            resource = SubElement(resources, "lrm_resource", {"id": vm.id, **_AGENT})
            SubElement(
                resource,
                "lrm_rsc_op",
                {
                    "id": f"{vm.id}_last_0",
                    "operation_key": f"{vm.id}_start_0",
                    "operation": "start",
                    "crm-debug-origin": "benchmark",
                    "crm_feature_set": _FEATURE_SET,
                    "transition-key": "1:1:0:00000000-0000-0000-0000-000000000000",
                    "transition-magic": "0:0;1:1:0:00000000-0000-0000-0000-000000000000",
                    "call-id": "1",
                    "rc-code": "0",
                    "op-status": "0",
                    "interval": "0",
                    "on_node": host.id,
                },
            )
    return status


def _options(parent: Element, values: dict[str, str]) -> None:
    for name, value in values.items():
        SubElement(parent, "nvpair", id=f"{parent.get('id')}-{name}", name=name, value=value)


def _utilization(parent: Element, of: str, amounts: object) -> None:
    assert isinstance(amounts, dict)
    utilization = SubElement(parent, "utilization", id=f"{of}-utilization")
    _options(utilization, {"cpu": str(cpus(amounts)), "memory": str(amounts["memory_mib"])})
