"""The subject ``policies``: what it takes to compile a large policy on a large cluster.

Fifty rules of every kind that relates guests and hosts, with selectors by label and by CEL: most look at labels and
fields that many guests share, some at the id, which none do. Times are processor time of this process: reading the
files, and evaluating selectors and compiling all rules to arrays, the garbage collector off as in a solver process.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Iterator
from functools import partial
from typing import Final

from benchmarks.subject import BenchmarkCase, CaseSelection, Row
from trimtab_server.sampling.generator import generate
from trimtab_server.sampling.options import SampleOptions
from trimtab_solver.authoring.loader import parse_policy
from trimtab_solver.compilation import compile_problem
from trimtab_solver.policy.selection import Selection

SIZES: Final = ("50x1000", "500x5000", "5000x50000")
"""Hosts x guests."""
_TENANTS: Final = ("retail", "bank", "logistics", "research", "public")

_TIERS = """\
apiVersion: trimtab/v1
kind: Tier
metadata: {name: gold}
spec: {rank: 100, availability: must-run, noOvercommit: [memory_mib]}
---
apiVersion: trimtab/v1
kind: Tier
metadata: {name: silver}
spec: {rank: 50, evict: {when: event.hardware_failures >= 2}, resize: {floor: {cpu_milli: "75%"}}}
---
apiVersion: trimtab/v1
kind: Tier
metadata: {name: bronze}
spec: {rank: 10, evict: {when: event.hardware_failures >= 1}, resize: {floor: {cpu_milli: "25%", memory_mib: "50%"}}}
"""

_RULES: Final = {
    "Separate": """
between:
  - {matchLabels: {zone: A}, cel: vm.tenant == 'TENANT'}
  - {matchLabels: {zone: B}, cel: vm.tenant == 'TENANT'}
partnersBy: vm.group
topology: host""",
    "Spread": """
select: {cel: "vm.tenant == 'TENANT' && has(vm.labels.role) && vm.labels.role == 'web'"}
groupBy: vm.labels.app + '/' + vm.labels.role
topology: rack
maxPerDomain: 2
level: should
weight: 40""",
    "Together": """
select: {cel: "vm.tenant == 'TENANT' && has(vm.labels.role) && vm.labels.role in ['backend', 'db']"}
groupBy: vm.group
topology: room
level: should
weight: 5""",
    "Pin": """
select: {cel: "vm.tenant == 'TENANT' && has(vm.labels.license) && vm.labels.license == 'database'"}
hosts: {matchLabels: {license: database}}""",
    "HostRequirement": """
select: {cel: "vm.tenant == 'TENANT' && vm.tier == 'gold'"}
require: "'redundant-power' in host.capabilities"
storage: {matchLabels: {snapshots: "yes"}, cel: "has(pool.labels.raid) && pool.labels.raid in ['1', '10']"}
level: should
weight: 20""",
    "HostRequirement large": """
select: {cel: "vm.tenant == 'TENANT' && vm.requested[?'memory_mib'].orValue(0) >= 16384"}
require: host.cpu_generation >= 1
level: should
weight: 1""",
    "HostRequirement by id": """
select: {cel: "vm.tenant == 'TENANT' && vm.id.endsWith('1') && !vm.id.startsWith('lab')"}
require: host.state != 'DEGRADED'
level: should
weight: 2""",
    "Quorum": """
select: {cel: "vm.tenant == 'TENANT' && vm.tier != 'bronze'"}
groupBy: vm.group
minRunning: "50%"
level: should
weight: 10""",
    "Reserve": """
protects: {cel: "vm.tenant == 'TENANT' && vm.tier == 'gold'"}
hosts: 1
within: site
level: should
weight: 3""",
    "Resize": """
select: {matchLabels: {role: db}, cel: vm.tenant == 'TENANT'}
floor: {memory_mib: "90%"}""",
}


def rules() -> Iterator[str]:
    """The documents of the fifty rules: each of ten for each of five tenants."""
    for what, spec in _RULES.items():
        kind, _, _ = what.partition(" ")
        name = "-".join(what.lower().split())
        for tenant in _TENANTS:
            body = spec.replace("TENANT", tenant).replace("\n", "\n  ")
            yield f"apiVersion: trimtab/v1\nkind: {kind}\nmetadata: {{name: {name}-{tenant}}}\nspec:{body}\n"


def cases(selection: CaseSelection) -> Iterator[BenchmarkCase]:
    """Each size once; the smallest in smoke mode."""
    for size in SIZES[:1] if selection.smoke else SIZES:
        if selection.has_size(size):
            yield BenchmarkCase({"size": size, "rules": len(list(rules()))}, partial(measure, size))


def measure(size: str) -> Row:
    """Reads and compiles the policy once, as a request does."""
    hosts, guests = map(int, size.split("x"))
    snapshot = generate(SampleOptions(hosts=hosts, vms=guests, seed=1)).snapshot
    files = {"tiers.yaml": _TIERS.encode(), "rules.yaml": "---\n".join(rules()).encode()}
    gc.collect()
    gc.disable()
    try:
        began = time.process_time()
        policy = parse_policy(files)
        read = time.process_time()
        problem = compile_problem(snapshot, policy, Selection(policy, snapshot))
        ended = time.process_time()
    finally:
        gc.enable()
    return {
        "read_cpu_s": round(read - began, 3),
        "compile_cpu_s": round(ended - read, 3),
        "guests": problem.vm_count,
        "groups": len(problem.groups),
        "host_rules": len(problem.unary_rules),
    }
