"""Actions as lines of JSON: for a queue, `jq`, or a loop in any language."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from trimtab_solver.actions import Action, Plan, Undo


class ActionLines:
    """The exporter: one action a line, in an order of which every prefix is safe (docs/exporters.md)."""

    name = "jsonl"
    writes = "one action a line, as JSON"

    def write(self, plan: Plan) -> bytes:
        """A line for each action; none for a plan that does nothing."""
        lines = (json.dumps(_action(action), ensure_ascii=True, separators=(",", ":")) for action in plan.actions)
        return "".join(f"{line}\n" for line in lines).encode()


def _action(action: Action) -> dict[str, Any]:
    return {
        "id": action.id,
        **_deed(action),
        "depends_on": list(action.depends_on),
        "phase": action.phase.value,
        "earliest_start_s": action.earliest_start_s,
        "duration_s": action.duration_s,
        "reason": action.reason,
        "rules": list(action.rules),
        "undo": None if action.undo is None else _deed(action.undo),
    }


def _deed(deed: Action | Undo) -> dict[str, Any]:
    """What is done, to whom and where; what does not apply is left out."""
    found: Mapping[str, Any] = {
        "kind": deed.kind.value,
        "vm_id": deed.vm_id,
        "host_id": deed.host_id,
        "target_host_id": deed.target_host_id,
        "size": dict(sorted(deed.size.items())),
    }
    return {name: value for name, value in found.items() if value}
