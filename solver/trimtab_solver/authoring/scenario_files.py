"""Files of scenarios that a team keeps beside its policy: YAML, read strictly."""

from __future__ import annotations

from pydantic import Field

from ..errors import Fault, PolicyRefusedError
from ..policy.documents import Strict
from ..scenarios.scenario import Scenario
from .document_kinds import SCENARIOS, kind_of_content
from .shapes import field_fault, fit
from .strict_yaml import read_yaml


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
