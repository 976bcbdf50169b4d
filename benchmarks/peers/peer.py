"""What every peer is: something that gets a snapshot and says where guests should run."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from benchmarks.subject import SkippedError
from trimtab_solver.policy.documents import Policy
from trimtab_solver.snapshot import HostState, Snapshot, Vm

CPU_UNIT: Final = 500
"""Peers count whole CPUs; one of theirs stands for so many ``cpu_milli``, which divides every size of vmha."""
OVERTIME: Final = 4.0
"""A peer without a time limit of its own is ended after so many times the budget, but not before `LEAST_S`."""
LEAST_S: Final = 60.0


class DidNotFinishError(Exception):
    """The peer was ended, or ended itself without an answer; the message says which."""


@dataclass(frozen=True, slots=True)
class PeerAnswer:
    """Where guests run in the end (guest id to host id), and the seconds that the peer's process took."""

    place: Mapping[str, str]
    wall_s: float
    remark: str = ""


class Peer(Protocol):
    """One planner. `most_vms`: above so many guests it does not finish in a sensible time (measured)."""

    name: str
    most_vms: int

    def version(self) -> str:
        """Its version.

        Raises
        ------
        SkippedError
            When it is not installed; the message says how to install it.
        """
        ...

    def solve(self, snapshot: Snapshot, policy: Policy, seconds: float, folder: Path) -> PeerAnswer:
        """Its answer; files go to `folder`.

        Raises
        ------
        DidNotFinishError
            When there is none.
        """
        ...


def program(name: str, *elsewhere: str, package: str) -> str:
    """The path of a program.

    Raises
    ------
    SkippedError
        When it is not installed.
    """
    for candidate in (name, *elsewhere):
        if found := shutil.which(candidate):
            return found
    raise SkippedError(f"{name} is not installed: apt-get install --no-install-recommends {package}")


def first_line(command: Sequence[str]) -> str:
    """The first line that a command prints, for versions."""
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    return (ran.stdout or ran.stderr).strip().splitlines()[0]


def run(command: Sequence[str], seconds: float, folder: Path) -> tuple[str, float]:
    """What the command prints and the seconds it took; exit codes are for the caller to know.

    Raises
    ------
    DidNotFinishError
        When it takes much longer than `seconds`.
    """
    limit = max(LEAST_S, OVERTIME * seconds)
    began = time.monotonic()
    try:
        ran = subprocess.run(command, capture_output=True, text=True, check=False, timeout=limit, cwd=folder)
    except subprocess.TimeoutExpired as error:
        raise DidNotFinishError(f"not done after {limit:.0f} s") from error
    wall_s = time.monotonic() - began
    (folder / "stdout").write_text(ran.stdout)
    (folder / "stderr").write_text(ran.stderr)
    if ran.returncode < 0:
        raise DidNotFinishError(f"ended by signal {-ran.returncode}")
    return ran.stdout, wall_s


def stays(snapshot: Snapshot) -> dict[str, str]:
    """Host of every guest that runs now."""
    return {vm.id: vm.place for vm in snapshot.vms if vm.is_running}


def groups_apart(snapshot: Snapshot, level: str) -> list[list[Vm]]:
    """The anti-affinity groups that vmha keeps apart at this level."""
    groups: dict[str, list[Vm]] = {}
    for vm in snapshot.vms:
        if vm.labels.get("apart") == level:
            groups.setdefault(vm.group, []).append(vm)
    return list(groups.values())


def down_hosts(snapshot: Snapshot) -> set[str]:
    """Hosts that failed."""
    return {host.id for host in snapshot.hosts if host.state is HostState.DOWN}


def cpus(amounts: Mapping[str, int]) -> int:
    """CPUs as peers count them, see `CPU_UNIT`."""
    return amounts["cpu_milli"] // CPU_UNIT
