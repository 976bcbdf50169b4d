"""A file of verdicts: a batch that was cut off goes on from where it was.

Lines of JSON. The first says what the verdicts are on; a last line that was not written to its end does not count.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any, Final, Self

from pydantic import TypeAdapter, ValidationError

from ..digest import snapshot_digest
from ..errors import Fault, Reason, RefusedError
from ..scenarios.scenario import Scenario
from .runners.runner import Assessed, Assignment, ScenarioRunner
from .verdicts import ScenarioVerdict

_VERDICT: Final = TypeAdapter(ScenarioVerdict)
_VERSION: Final = 1


class Journal:
    """Verdicts on scenarios of one assignment, kept in a file as they come.

    Raises
    ------
    RefusedError
        When the file is of something else.
    """

    def __init__(self, path: Path, assignment: Assignment) -> None:
        self._path = path
        self._of = {"version": _VERSION, "of": _digest_of(assignment)}
        self._known: dict[str, ScenarioVerdict] = {}
        self._length = 0
        """How much of the file is whole lines."""
        if path.exists():
            self._read(path.read_bytes())

    def __enter__(self) -> Self:
        self._file: IO[bytes] = self._path.open("ab")
        self._file.truncate(self._length)
        if not self._length:
            self._write(self._of)
        return self

    def __exit__(self, *_error: object) -> None:
        self._file.close()

    def run(self, runner: ScenarioRunner, assignment: Assignment, scenarios: Sequence[Scenario]) -> Iterator[Assessed]:
        """As `ScenarioRunner.run`: first what is in the file, then the rest, which is written as it comes."""
        keys = [_digest_of_scenario(scenario) for scenario in scenarios]
        left = [number for number, key in enumerate(keys) if key not in self._known]
        for number, key in enumerate(keys):
            if key in self._known:
                yield Assessed(number, self._known[key])
        for at, verdict in runner.run(assignment, [scenarios[number] for number in left]):
            number = left[at]
            self._write({"scenario": keys[number], "verdict": _VERDICT.dump_python(verdict, mode="json")})
            yield Assessed(number, verdict)

    def _read(self, content: bytes) -> None:
        for number, line in enumerate(content.splitlines(keepends=True)):
            if not line.endswith(b"\n"):
                return
            try:
                record = json.loads(line)
                if number == 0 and record != self._of:
                    raise _refuse(self._path, "holds verdicts on another cluster, policy or budget")
                if number:
                    self._known[record["scenario"]] = _VERDICT.validate_python(record["verdict"], strict=False)
            except (ValueError, KeyError, TypeError, ValidationError) as error:
                raise _refuse(self._path, f"line {number + 1} is no verdict") from error
            self._length += len(line)

    def _write(self, record: Mapping[str, Any]) -> None:
        self._file.write(json.dumps(record, separators=(",", ":")).encode() + b"\n")
        self._file.flush()


def _refuse(path: Path, message: str) -> RefusedError:
    return RefusedError([Fault(Reason.MALFORMED_FILE, str(path), message, "name another file, or remove this one")])


def _digest_of(assignment: Assignment) -> str:
    options = assignment.options
    policies = sorted((name, policy.digest) for name, policy in assignment.policies.items())
    parts = (snapshot_digest(assignment.snapshot), assignment.policy.digest, policies, repr(options))
    return hashlib.sha256(repr(parts).encode()).hexdigest()


def _digest_of_scenario(scenario: Scenario) -> str:
    return hashlib.sha256(scenario.model_dump_json().encode()).hexdigest()
