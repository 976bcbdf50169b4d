"""Scenarios: what may happen to a cluster, as a file that a team keeps beside its policy."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from pydantic import Field

from ..authoring.document_kinds import SCENARIOS, kind_of_content
from ..authoring.shapes import field_fault, fit
from ..authoring.strict_yaml import read_yaml
from ..errors import Fault, PolicyRefusedError
from ..execution.events import after_draining, after_failure
from ..policy.documents import Strict
from ..snapshot import Snapshot


class Scenario(Strict):
    """Parts that fail or are drained, each as kind:id; the number of root causes is counted unless it is stated."""

    name: Annotated[str, Field(min_length=1)]
    fail: tuple[str, ...] = Field(default=(), strict=False)
    drain: tuple[str, ...] = Field(default=(), strict=False)
    hardware_failures: Annotated[int, Field(ge=0)] | None = None


class _ScenarioFile(Strict):
    scenarios: tuple[Scenario, ...] = Field(min_length=1, strict=False)


def read_scenarios(name: str, data: bytes) -> tuple[Scenario, ...]:
    """The scenarios in a YAML file: a list under the key ``scenarios``.

    Raises
    ------
    PolicyRefusedError
        With every fault and its place.
    """
    read = read_yaml(name, data)
    faults: list[Fault] = list(read.faults)
    found: list[Scenario] = []
    for raw in read.documents:
        kind = kind_of_content(raw.content) if isinstance(raw.content, dict) else ""
        if kind and kind != SCENARIOS:
            message = f"is {kind}, where {SCENARIOS} is wanted"
            faults.append(field_fault(raw.source, "", message, "begin it with scenarios:"))
            continue
        file = fit(_ScenarioFile, raw.content, "", raw, faults)
        found += file.scenarios if file is not None else ()
    if faults:
        raise PolicyRefusedError(faults)
    return tuple(found)


def happen(snapshot: Snapshot, scenario: Scenario, path: str = "scenario") -> Snapshot:
    """The cluster after the scenario, which stands at `path` of what was sent.

    Raises
    ------
    SnapshotRefusedError
        When it names parts that the cluster does not have.
    """
    state = after_draining(snapshot, scenario.drain, f"{path}.drain")
    state = after_failure(state, scenario.fail, f"{path}.fail")
    if scenario.hardware_failures is not None:
        state = replace(state, hardware_failures=scenario.hardware_failures)
    return state
