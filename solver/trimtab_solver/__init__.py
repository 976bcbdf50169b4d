"""trimtab: verified plans for virtual-machine clusters whose hosts fail.

What `__all__` names is the library; docs/library.md shows how it is used. Importing the package is cheap: what needs
numpy, numba, OR-tools or pydantic is loaded when it is first asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from .actions import Action, ActionKind, Phase, Plan, Undo
from .digest import snapshot_digest
from .errors import Fault, PolicyRefusedError, Reason, RefusedError, SnapshotRefusedError, UnverifiedPlanError
from .execution.additions import add_guests, add_hosts
from .execution.events import after_draining, after_failure, move_guest, resize_guest
from .explain.explanation import Admission, Condition, GuestExplanation, Objection
from .options import PlanOptions
from .outcome import (
    Answer,
    Blocker,
    BrokenRule,
    Certificate,
    EngineFault,
    FaultKind,
    FrontierPoint,
    LevelValue,
    Outcome,
    Progress,
    StaysDown,
    TierCount,
)
from .snapshot import (
    FailureDomain,
    FencingState,
    Host,
    HostState,
    Migratability,
    PoolKind,
    Snapshot,
    StoragePool,
    Vm,
    VmState,
)
from .snapshot_file import load_snapshot

if TYPE_CHECKING:
    from .authoring.loader import load_policy
    from .explain.admission import explain_guest
    from .planner import plan_prepared, plan_recovery
    from .policy.documents import Policy
    from .prepared import Prepared, prepare
    from .verify.replay import Verdict, verify_plan
    from .verify.staleness import StaleInput, stale_inputs
    from .verify.violation import Code, Violation
else:
    _HOMES = {
        "Code": "verify.violation",
        "Policy": "policy.documents",
        "Prepared": "prepared",
        "StaleInput": "verify.staleness",
        "Verdict": "verify.replay",
        "Violation": "verify.violation",
        "explain_guest": "explain.admission",
        "load_policy": "authoring.loader",
        "plan_prepared": "planner",
        "plan_recovery": "planner",
        "prepare": "prepared",
        "stale_inputs": "verify.staleness",
        "verify_plan": "verify.replay",
    }

    def __getattr__(name):
        """Load what is heavy when it is asked for (PEP 562)."""
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(f".{_HOMES[name]}", __name__), name)


__all__ = [
    "Action",
    "ActionKind",
    "Admission",
    "Answer",
    "Blocker",
    "BrokenRule",
    "Certificate",
    "Code",
    "Condition",
    "EngineFault",
    "FailureDomain",
    "Fault",
    "FaultKind",
    "FencingState",
    "FrontierPoint",
    "GuestExplanation",
    "Host",
    "HostState",
    "LevelValue",
    "Migratability",
    "Objection",
    "Outcome",
    "Phase",
    "Plan",
    "PlanOptions",
    "Policy",
    "PolicyRefusedError",
    "PoolKind",
    "Prepared",
    "Progress",
    "Reason",
    "RefusedError",
    "Snapshot",
    "SnapshotRefusedError",
    "StaleInput",
    "StaysDown",
    "StoragePool",
    "TierCount",
    "Undo",
    "UnverifiedPlanError",
    "Verdict",
    "Violation",
    "Vm",
    "VmState",
    "add_guests",
    "add_hosts",
    "after_draining",
    "after_failure",
    "explain_guest",
    "load_policy",
    "load_snapshot",
    "move_guest",
    "plan_prepared",
    "plan_recovery",
    "prepare",
    "resize_guest",
    "snapshot_digest",
    "stale_inputs",
    "verify_plan",
]
