"""A batch that was cut off goes on from where it was."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice
from pathlib import Path

import pytest

from tests.support.cluster import policy, snapshot, vm
from trimtab_solver.errors import RefusedError
from trimtab_solver.scenarios.generation import losses
from trimtab_solver.what_if.assessing import AssessmentOptions
from trimtab_solver.what_if.journal import Journal
from trimtab_solver.what_if.runners.here import Here
from trimtab_solver.what_if.runners.runner import Assessed, Assignment

CLUSTER = snapshot([vm(f"v{n}", f"h{1 + n % 4}", ("gold", "silver", "bronze")[n % 3]) for n in range(9)])
ASSIGNMENT = Assignment(CLUSTER, policy(), AssessmentOptions(keep_plans=True))
SCENARIOS = tuple(losses(CLUSTER, ("host", "rack", "site"), 1))


class Counting:
    """Runs here, and counts how many scenarios it was given."""

    given = 0

    def run(self, assignment: Assignment, scenarios: tuple[object, ...]) -> object:
        """As `Here.run`."""
        self.given += len(scenarios)
        return Here().run(assignment, scenarios)  # type: ignore[arg-type]


def run(path: Path, runner: object, most: int | None = None) -> list[Assessed]:
    """The first so many verdicts; then the batch is cut off."""
    with Journal(path, ASSIGNMENT) as journal:
        return list(islice(journal.run(runner, ASSIGNMENT, SCENARIOS), most))  # type: ignore[arg-type]


@pytest.mark.parametrize("torn", [0, 7])
def test_what_is_in_the_file_is_not_assessed_again(tmp_path: Path, torn: int) -> None:
    """Verdicts come back as they were, plans included; a line that was cut off does not count."""
    expected = dict(Here().run(ASSIGNMENT, SCENARIOS))
    path, runner = tmp_path / "journal", Counting()
    run(path, Here(), 4)
    if torn:
        path.write_bytes(path.read_bytes()[:-torn])
    results = run(path, runner)
    assert runner.given == len(SCENARIOS) - 4 + (1 if torn else 0)
    assert dict(results) == expected
    assert dict(run(path, runner)) == expected
    assert runner.given == len(SCENARIOS) - 4 + (1 if torn else 0)


def test_verdicts_on_another_cluster_are_refused(tmp_path: Path) -> None:
    """And what is no file of verdicts at all is left as it is."""
    path = tmp_path / "journal"
    run(path, Here(), 1)
    with pytest.raises(RefusedError, match="holds verdicts on another cluster, policy or budget"):
        Journal(path, replace(ASSIGNMENT, options=AssessmentOptions(seed=1)))
    path.write_text("precious\n")
    with pytest.raises(RefusedError, match="line 1 is no verdict"):
        Journal(path, ASSIGNMENT)
    assert path.read_text() == "precious\n"
