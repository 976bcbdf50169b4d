"""Planning and explaining in this process or on a server: the same questions, the same answers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from trimtab_solver.authoring.loader import load_policy

if TYPE_CHECKING:
    from trimtab_solver.actions import Plan
    from trimtab_solver.explain.explanation import GuestExplanation
    from trimtab_solver.options import PlanOptions
    from trimtab_solver.outcome import Answer
    from trimtab_solver.snapshot import Snapshot

    from ..reports.host_loads import Backed
    from ..reports.model import HeatMap
    from .server_client import ShowProgress


class Planning:
    """A snapshot under a policy; `server` None works in this process, `folder` None under the server's own policy.

    Raises
    ------
    PolicyRefusedError
        The policy in `folder` is wrong.
    """

    def __init__(self, snapshot: Snapshot, folder: Path | None, server: str | None) -> None:
        self._snapshot, self._folder, self._server = snapshot, folder, server
        self._policy = None if folder is None else load_policy(folder)

    @property
    def policy_digest(self) -> str:
        """The digest of the policy in the folder; empty under the server's own."""
        return "" if self._policy is None else self._policy.digest

    def heat_maps(self, plan: Plan) -> tuple[HeatMap, ...]:
        """How full hosts are before the plan and after it.

        Under the server's own policy nobody here knows whose resources are backed one to one: these count as shared.
        """
        from ..reports.host_loads import heat_maps

        return heat_maps(self._snapshot, plan, self._backed())

    def _backed(self) -> Backed:
        if self._policy is None:
            return {}
        from trimtab_solver.prepared import prepare_lazily
        from trimtab_solver.rules.tier import Tier, guest_tiers

        backed = {document.name: tier.no_overcommit for document, tier in self._policy.of(Tier)}
        tiers = guest_tiers(prepare_lazily(self._snapshot, self._policy, is_strict=False).selection)
        return {vm_id: backed[document.name] for vm_id, document in tiers.items()}

    def plan(self, options: PlanOptions, show: ShowProgress | None) -> Answer:
        """The answer; `show` gets every report on the way. Raises as `plan_recovery`, or as `ServerClient.plan`.

        In this process the first Ctrl-C ends the search, not the command.
        """
        if self._server is not None:
            from .server_client import ServerClient

            with ServerClient(self._server) as client:
                return client.plan(self._snapshot, self._files(), options, show)
        from trimtab_solver.planner import plan_recovery

        from .interruption import ended_by_interrupt
        from .warm_up_command import compile_first

        assert self._policy is not None
        watch = None if show is None else lambda report: show(report.engine, report.elapsed_s, report.levels)
        compile_first()
        with ended_by_interrupt() as stop:
            return plan_recovery(self._snapshot, self._policy, options, watch, stop)

    def explain(self, vm_id: str, host_id: str | None) -> GuestExplanation:
        """Where the guest could run now. Raises as `explain_guest`, or as `ServerClient.explain`."""
        if self._server is not None:
            from .server_client import ServerClient

            with ServerClient(self._server) as client:
                return client.explain(self._snapshot, self._files(), vm_id, host_id)
        from trimtab_solver.explain.admission import explain_guest

        assert self._policy is not None
        return explain_guest(self._snapshot, self._policy, vm_id, host_id)

    def _files(self) -> dict[str, bytes] | None:
        from .server_client import policy_files

        if self._policy is None or self._folder is None:
            return None
        return policy_files(self._policy, self._folder)
