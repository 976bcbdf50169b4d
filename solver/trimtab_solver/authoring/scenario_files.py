"""Files of scenarios that a team keeps beside its policy: YAML, read strictly."""

from __future__ import annotations

from typing import Annotated, TypeVar

from pydantic import Field

from ..errors import Fault, PolicyRefusedError
from ..policy.documents import Strict
from ..policy.moments import Moment
from ..scenarios.expectation import Drill
from ..scenarios.scenario import Scenario
from .document_kinds import SCENARIOS, kind_of_content
from .policy_test import Fixtures
from .shapes import field_fault, fit
from .strict_yaml import read_yaml


class ScenarioFile(Strict):
    """A file of scenarios: what happens, and nothing is expected."""

    scenarios: Annotated[tuple[Scenario, ...], Field(min_length=1, strict=False)]


class DrillFile(Strict):
    """A file of drills: scenarios of which something may be expected; with a cluster of its own if it has fixtures."""

    at: Moment | None = None
    """The time of the cluster, for rules with a window."""
    fixtures: Fixtures | None = None
    scenarios: Annotated[tuple[Drill, ...], Field(min_length=1, strict=False)]


FileT = TypeVar("FileT", ScenarioFile, DrillFile)


def read_scenarios(name: str, data: bytes) -> tuple[Scenario, ...]:
    """The scenarios in a YAML file: a list under the key ``scenarios``.

    Raises
    ------
    PolicyRefusedError
        With every fault and its place.
    """
    return tuple(scenario for file in _read(ScenarioFile, name, data) for scenario in file.scenarios)


def read_drills(name: str, data: bytes) -> list[DrillFile]:
    """The documents of a YAML file whose scenarios may say what they expect. Raises as `read_scenarios`."""
    return _read(DrillFile, name, data)


def _read(shape: type[FileT], name: str, data: bytes) -> list[FileT]:
    read = read_yaml(name, data)
    faults: list[Fault] = list(read.faults)
    found: list[FileT] = []
    for raw in read.documents:
        kind = kind_of_content(raw.content) if isinstance(raw.content, dict) else ""
        if kind and kind != SCENARIOS:
            message = f"is {kind}, where {SCENARIOS} is wanted"
            faults.append(field_fault(raw.source, "", message, "begin it with scenarios:"))
            continue
        file = fit(shape, raw.content, "", raw, faults)
        found += [] if file is None else [file]
    if faults:
        raise PolicyRefusedError(faults)
    return found
