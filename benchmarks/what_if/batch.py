"""Which losses of which cluster a case assesses."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice

from trimtab_server.sampling.generator import generate
from trimtab_server.sampling.options import SampleOptions
from trimtab_solver.authoring.loader import parse_policy
from trimtab_solver.scenarios.generation import losses
from trimtab_solver.scenarios.scenario import Scenario
from trimtab_solver.what_if.runners.runner import Assignment


@dataclass(frozen=True, slots=True)
class Batch:
    """Losses of `number` parts of a `kind` at once, of a healthy sample cluster; the `first` so many, 0 for all."""

    hosts: int
    guests: int
    load: float
    kind: str
    number: int
    first: int = 0

    @property
    def size(self) -> str:
        """As ``200x5000``."""
        return f"{self.hosts}x{self.guests}"

    @property
    def lost(self) -> str:
        """As ``2 host``."""
        return f"{self.number} {self.kind}"

    def generate(self, seed: int) -> tuple[Assignment, list[Scenario]]:
        """The cluster under the policy that it is made for, and its losses."""
        sample = generate(SampleOptions(hosts=self.hosts, vms=self.guests, load=self.load, seed=seed))
        assignment = Assignment(sample.healthy, parse_policy(sample.policy))
        return assignment, list(islice(losses(sample.healthy, [self.kind], self.number), self.first or None))
