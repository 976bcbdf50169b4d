"""Every file of two public corpora imports to something that can be planned, or is refused for a reason that names it.

The corpora are third-party data and not part of this repository. `TRIMTAB_BENCH_DATA` names the folder that holds them:
`ganeti_htools/*.data` (test data of Ganeti's htools) and `btrplace/*/*.gz` (instances of the BtrPlace project).
"""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from trimtab_server.adapters.importers.btrplace import read_btrplace
from trimtab_server.adapters.importers.ganeti import read_ganeti
from trimtab_server.adapters.importers.imported import Imported, ImportRefusedError
from trimtab_solver.authoring.loader import parse_policy
from trimtab_solver.errors import Reason
from trimtab_solver.options import PlanOptions
from trimtab_solver.planner import plan_recovery
from trimtab_solver.snapshot import HostState, Snapshot, VmState
from trimtab_solver.validation import check_snapshot
from trimtab_solver.verify.replay import verify_plan

_FOLDER = os.environ.get("TRIMTAB_BENCH_DATA", "")
_REFUSED = {"empty-cluster.data": Reason.EMPTY_CLUSTER, "invalid-node.data": Reason.UNKNOWN_REFERENCE}
_LARGE = 5_000
"""Guests from which on a plan is not asked for a second time, with a host failed."""
_BUDGET_S = 2.0

pytestmark = pytest.mark.skipif(
    not _FOLDER, reason="TRIMTAB_BENCH_DATA does not name the folder with the ganeti_htools and btrplace corpora"
)


def _files() -> list[Path]:
    folder = Path(_FOLDER)
    return (
        sorted([*folder.glob("ganeti_htools/*.data"), *folder.glob("btrplace/*/*.gz")]) if _FOLDER else [Path("none")]
    )


def _read(path: Path) -> Imported:
    return read_ganeti(path) if path.suffix == ".data" else read_btrplace(path)


def _check_plan(snapshot: Snapshot, imported: Imported) -> None:
    policy = parse_policy(dict(imported.policy_documents))
    check_snapshot(snapshot)
    answer = plan_recovery(snapshot, policy, PlanOptions(budget_s=_BUDGET_S))
    verdict = verify_plan(snapshot, policy, answer.plan)
    assert verdict.violations == ()
    assert dict(verdict.levels) == {level.name: level.value for level in answer.levels}


def _with_a_failed_host(snapshot: Snapshot) -> Snapshot:
    guests = Counter(vm.host_id for vm in snapshot.vms if vm.state is VmState.RUNNING)
    victim = min(guests, key=lambda host: (-guests[host], host))
    hosts = tuple(replace(host, state=HostState.DOWN) if host.id == victim else host for host in snapshot.hosts)
    vms = tuple(
        replace(vm, state=VmState.DISPLACED) if vm.state is VmState.RUNNING and vm.host_id == victim else vm
        for vm in snapshot.vms
    )
    return replace(snapshot, hosts=hosts, vms=vms)


def test_corpora_are_there() -> None:
    """The folder holds both corpora, so that the tests below are not vacuous."""
    suffixes = Counter(path.suffix for path in _files())
    assert suffixes[".data"] > 0
    assert suffixes[".gz"] > 0


@pytest.mark.parametrize("path", _files(), ids=lambda path: path.name)
def test_file_imports_and_plans(path: Path) -> None:
    """The snapshot is valid, the policy loads, and the plan passes the verifier."""
    if path.name in _REFUSED:
        with pytest.raises(ImportRefusedError) as refused:
            _read(path)
        assert refused.value.reason is _REFUSED[path.name]
        assert all(fault.path.startswith(path.name) for fault in refused.value.faults)
        return
    imported = _read(path)
    assert imported.notes
    _check_plan(imported.snapshot, imported)


@pytest.mark.parametrize("path", [path for path in _files() if path.name not in _REFUSED], ids=lambda path: path.name)
def test_file_plans_after_its_fullest_host_fails(path: Path) -> None:
    """With the host down that runs most guests the plan still passes the verifier."""
    imported = _read(path)
    if len(imported.snapshot.vms) >= _LARGE or not any(vm.is_running for vm in imported.snapshot.vms):
        pytest.skip("too large to plan twice, or nothing runs")
    _check_plan(_with_a_failed_host(imported.snapshot), imported)
