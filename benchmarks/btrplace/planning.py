"""Plans one instance through a solver process and counts what an operator would ask."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from benchmarks.guest_counts import count_guests, final_hosts
from benchmarks.service import Service, request_bytes
from benchmarks.subject import Row
from trimtab_server.adapters.importers.btrplace import read_btrplace
from trimtab_solver.authoring.loader import parse_policy
from trimtab_solver.outcome import Answer
from trimtab_solver.verify.replay import verify_plan


@dataclass(frozen=True, slots=True)
class PlannedInstance:
    """The answer and its row."""

    answer: Answer
    row: Row


def plan_file(service: Service, path: Path, seconds: float, seed: int) -> PlannedInstance:
    """Import, plan, and judge the plan once more, in this process.

    Raises
    ------
    RefusedError
        When the file is no BtrPlace instance.
    SolverFailedError
        When there is no answer.
    """
    imported = read_btrplace(path)
    snapshot = imported.snapshot
    request = request_bytes(snapshot, imported.policy_documents, seconds, seed)
    first = service.plan(request, seconds, at_once=True)
    measured = service.plan(request, seconds)
    answer = measured.answer
    verdict = verify_plan(snapshot, parse_policy(imported.policy_documents), answer.plan)
    place = final_hosts(snapshot, answer.plan)
    counted = count_guests(snapshot, place)
    waiting = [vm for vm in snapshot.vms if vm.is_wanted and not vm.is_running]
    levels = {level.name: [level.value, level.bound] for level in answer.levels}
    row: Row = {
        "hosts": len(snapshot.hosts),
        "vms": len(snapshot.vms),
        "to_restart": len(waiting),
        "restarted": sum(vm.id in place for vm in waiting),
        "running": counted.running,
        "moved": counted.moved,
        "stopped": counted.stopped,
        "inherited": levels["inherited"][0],
        "verified": answer.certificate.verified and verdict.is_valid,
        "outcome": str(answer.outcome),
        "engine": answer.engine,
        "levels": levels,
        "actions": len(answer.plan.actions),
        "first_s": round(first.wall_s, 3),
        "wall_s": round(measured.wall_s, 3),
        "peak_mib": measured.peak_mib,
        "import_notes": list(imported.notes),
    }
    return PlannedInstance(answer, row)
