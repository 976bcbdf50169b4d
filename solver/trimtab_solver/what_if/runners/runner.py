"""What a runner is: whoever assesses many scenarios on one cluster."""

from __future__ import annotations

import copyreg
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, NamedTuple, Protocol

from ...policy.documents import Policy
from ...prepared import prepare
from ...scenarios.scenario import Scenario
from ...snapshot import Snapshot
from ..assessing import AssessmentOptions, Assessor
from ..verdicts import ScenarioVerdict


@dataclass(frozen=True, slots=True)
class Assignment:
    """The cluster that scenarios happen to, and how each is assessed; `policies` are those that steps name."""

    snapshot: Snapshot
    policy: Policy
    options: AssessmentOptions = field(default_factory=AssessmentOptions)
    policies: Mapping[str, Policy] = field(default_factory=dict)

    def assessor(self) -> Assessor:
        """Prepares the cluster.

        Raises
        ------
        SnapshotRefusedError, PolicyRefusedError
            When it cannot be planned for as it is.
        """
        return Assessor(prepare(self.snapshot, self.policy, is_strict=False), self.options, self.policies)


def _rebuild(content: dict[Any, Any]) -> MappingProxyType[Any, Any]:
    return MappingProxyType(content)


# snapshots travel to other processes, and what they hold for no amounts at all cannot be pickled by itself
copyreg.pickle(MappingProxyType, lambda proxy: (_rebuild, (dict(proxy),)))


class Assessed(NamedTuple):
    """The verdict on one scenario, by its number among those that were given."""

    number: int
    verdict: ScenarioVerdict


class ScenarioRunner(Protocol):
    """Assesses scenarios. The same assignment and scenario come to the same verdict with any runner."""

    def run(self, assignment: Assignment, scenarios: Sequence[Scenario]) -> Iterator[Assessed]:
        """The verdicts as they are reached, in any order, each once; who stops asking ends the work.

        Raises
        ------
        SnapshotRefusedError, PolicyRefusedError
            When the cluster cannot be planned for as it is.
        """
        ...
