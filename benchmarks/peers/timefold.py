"""Timefold Solver in Java, with the model in ``timefold_recovery/Recovery.java``: it can express all that vmha asks.

The jars are those of the Python package `timefold`; needs a Java 17 development kit. Default construction heuristic and
local search from the present placement; single-threaded, as its community edition is. It runs twice: free to move
whatever it likes, and with a hard limit on the moves, which is what an operator would ask for.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from benchmarks.peers.installed import environment, version_of
from benchmarks.peers.peer import DidNotFinishError, PeerAnswer, cpus, down_hosts, first_line, program, run, stays
from trimtab_solver.policy.documents import Policy
from trimtab_solver.snapshot import Snapshot

_SOURCE: Final = Path(__file__).with_name("timefold_recovery") / "Recovery.java"
_TIERS: Final = ("gold", "silver", "bronze")
_START_S: Final = 1.2
"""What starting Java takes of the budget."""
_JDK: Final = "openjdk-17-jdk-headless"


class Timefold:
    """The local search of Timefold."""

    most_vms = 50_000

    def __init__(self, most_moved_percent: int = 100) -> None:
        """`most_moved_percent`: of the guests that run, at most so many may move."""
        self._percent = most_moved_percent
        self.name = "timefold" if most_moved_percent == 100 else f"timefold, {most_moved_percent} % moved"

    def version(self) -> str:
        """That of the package and of Java."""
        java = first_line([program("java", package=_JDK), "-version"])
        program("javac", package=_JDK)
        return f"{version_of(environment('timefold'), 'timefold')}, {java}"

    def solve(self, snapshot: Snapshot, policy: Policy, seconds: float, folder: Path) -> PeerAnswer:
        """The best placement at the end of its time."""
        jars = next((environment("timefold") / "lib").glob("python3*/site-packages/timefold/solver/jars"))
        path = f"{jars}/*"
        if not (folder / "Recovery.class").exists():
            run([program("javac", package=_JDK), "-cp", path, "-d", ".", str(_SOURCE)], seconds, folder)
        (folder / "cluster.txt").write_text("\n".join(lines(snapshot)) + "\n")
        (folder / "placement.txt").unlink(missing_ok=True)
        limit = str(round(1000 * max(0.5, seconds - _START_S)))
        most_moved = str(self._percent * len(stays(snapshot)) // 100)
        command = [program("java", package=_JDK), "-Xmx8g", "-cp", f".:{path}", "Recovery", limit, most_moved]
        printed, wall_s = run([*command, "cluster.txt", "placement.txt"], seconds, folder)
        if not (folder / "placement.txt").exists():
            raise DidNotFinishError(f"ended with an error, see {folder}/stderr")
        place = dict(line.split() for line in (folder / "placement.txt").read_text().splitlines())
        return PeerAnswer(place, wall_s, printed.splitlines()[-1])


def lines(snapshot: Snapshot) -> Iterator[str]:
    """The cluster as the model reads it; hosts that are down are left out."""
    down = down_hosts(snapshot)
    parents = {domain.id: domain.parent_id for domain in snapshot.domains}
    for host in snapshot.hosts:
        if host.id not in down:
            rack = site = host.domain_ids[0]
            while parents[site]:
                site = parents[site]
            size = f"{cpus(host.capacity)} {host.capacity['memory_mib']}"
            yield f"host {host.id} {size} {rack} {site} {','.join(host.capabilities) or '-'}"
    for vm in snapshot.vms:
        size = f"{cpus(vm.requested)} {vm.requested['memory_mib']}"
        rules = f"{vm.group or '-'} {vm.labels.get('apart', '-')} {vm.labels.get('needs', '-')}"
        yield f"guest {vm.id} {_TIERS.index(vm.tier)} {size} {vm.place or '-'} {rules}"
