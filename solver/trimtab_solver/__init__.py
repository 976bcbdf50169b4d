"""trimtab: verified plans for virtual-machine clusters whose hosts fail.

What `__all__` names is the library; docs/library.md shows how it is used. Importing the package is cheap: what needs
numpy, numba, OR-tools or pydantic is loaded when it is first asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from .actions import Action, ActionKind, Phase, Plan, Undo
from .errors import Fault, PolicyRefusedError, Reason, RefusedError, SnapshotRefusedError, UnverifiedPlanError
from .options import PlanOptions
from .outcome import Answer, Certificate, FrontierPoint, LevelValue, Outcome, Progress, StaysDown
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
    from .planner import plan_recovery
    from .policy.documents import Policy
    from .verify.replay import Verdict, verify_plan
    from .verify.violation import Code, Violation
else:
    _HOMES = {
        "Code": "verify.violation",
        "Policy": "policy.documents",
        "Verdict": "verify.replay",
        "Violation": "verify.violation",
        "load_policy": "authoring.loader",
        "plan_recovery": "planner",
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
    "Answer",
    "Certificate",
    "Code",
    "FailureDomain",
    "Fault",
    "FencingState",
    "FrontierPoint",
    "Host",
    "HostState",
    "LevelValue",
    "Migratability",
    "Outcome",
    "Phase",
    "Plan",
    "PlanOptions",
    "Policy",
    "PolicyRefusedError",
    "PoolKind",
    "Progress",
    "Reason",
    "RefusedError",
    "Snapshot",
    "SnapshotRefusedError",
    "StaysDown",
    "StoragePool",
    "Undo",
    "UnverifiedPlanError",
    "Verdict",
    "Violation",
    "Vm",
    "VmState",
    "load_policy",
    "load_snapshot",
    "plan_recovery",
    "verify_plan",
]
