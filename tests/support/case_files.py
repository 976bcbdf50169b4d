"""Clusters of two hosts, their policy, and the command line run on them."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path

from typer.testing import CliRunner

from trimtab_server.cli.application import application
from trimtab_server.files import write_snapshot
from trimtab_solver.snapshot import FencingState, Host, HostState, Migratability, Snapshot, Vm, VmState

TIERS = """
apiVersion: trimtab/v1
kind: Tier
metadata: {name: top}
spec: {rank: 9, availability: must-run}
---
apiVersion: trimtab/v1
kind: Tier
metadata: {name: low}
spec: {rank: 1, evict: {when: event.hardware_failures >= 1, action: suspend}}
"""
PREFERS_SSD = """---
apiVersion: trimtab/v1
kind: HostRequirement
metadata: {name: prefers-ssd}
spec: {select: {cel: "true"}, require: "'ssd' in host.capabilities", level: should, weight: 3}
"""
EVEN = """---
apiVersion: trimtab/v1
kind: Balance
metadata: {name: even}
spec: {above: [{resource: memory_mib, threshold: "70%"}]}
"""
CROSSED_PINS = """---
apiVersion: trimtab/v1
kind: Pin
metadata: {name: a-on-h2}
spec: {select: {ids: [a]}, hosts: {ids: [h2]}, level: must}
---
apiVersion: trimtab/v1
kind: Pin
metadata: {name: b-on-h1}
spec: {select: {ids: [b]}, hosts: {ids: [h1]}, level: must}
"""

H1 = Host("h1", capacity={"memory_mib": 4096})
H2 = replace(H1, id="h2")
FAILED = replace(H1, state=HostState.DOWN, fencing=FencingState.UNFENCED)
A = Vm("a", tier="low", requested={"memory_mib": 3072}, host_id="h1")
B = replace(A, id="b", host_id="h2")
DISPLACED = replace(A, state=VmState.DISPLACED)

WELL = Snapshot((H1, H2), (A,))
RESTART = Snapshot((FAILED, H2), (DISPLACED,))
STAYS_DOWN = Snapshot((FAILED, H2), (DISPLACED, B))
HOPELESS = Snapshot((FAILED, H2), (replace(DISPLACED, tier="top"), replace(B, tier="top")))
EVICTION = Snapshot((FAILED, H2), (replace(DISPLACED, tier="top"), B))
CROSSED = Snapshot((H1, H2), (A, B))
STUCK = Snapshot((replace(H1, state=HostState.DRAINING), H2), (replace(A, migratability=Migratability.NONE),))


@dataclass(frozen=True)
class Result:
    """What a command wrote and its exit code."""

    code: int
    out: str
    err: str

    @property
    def words(self) -> str:
        """Its output without line breaks and repeated blanks, so that wrapping does not matter."""
        return re.sub(r"\s+", " ", self.out)


def run(*arguments: str | Path) -> Result:
    """Run the command line in this process."""
    result = CliRunner().invoke(application, [str(argument) for argument in arguments], prog_name="trimtab")
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return Result(result.exit_code, result.stdout, result.stderr)


def written(folder: Path, snapshot: Snapshot, policy: str = TIERS) -> tuple[Path, Path]:
    """Snapshot and policy as files."""
    state, rules = folder / "s.json", folder / "p.yaml"
    write_snapshot(state, snapshot)
    rules.write_text(policy)
    return state, rules
