"""The scenarios that the options of ``trimtab whatif`` ask for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .exits import CommandError, ExitCode

if TYPE_CHECKING:
    from trimtab_solver.authoring.scenario_files import DrillFile
    from trimtab_solver.policy.documents import Policy
    from trimtab_solver.scenarios.scenario import Scenario
    from trimtab_solver.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked for, as it was written."""

    singles: Sequence[str]
    doubles: Sequence[str]
    fail: Sequence[str]
    drain: Sequence[str]
    add_hosts: Sequence[str]
    add_guests: Sequence[str]
    drills: Sequence[Path]


@dataclass(slots=True)
class AskedBatch:
    """Scenarios that happen to one cluster: some generated, others with where they stand, and policies they name."""

    snapshot: Snapshot
    generated: list[Scenario] = field(default_factory=list)
    written: list[tuple[str, Scenario]] = field(default_factory=list)
    policies: dict[str, Policy] = field(default_factory=dict)

    @property
    def scenarios(self) -> list[Scenario]:
        """All of them."""
        return [*self.generated, *(scenario for _, scenario in self.written)]


def batches_of(asked: Asked, snapshot: Snapshot | None, policy: Policy) -> list[AskedBatch]:
    """All scenarios that are asked for; files of drills may bring a cluster of their own.

    Raises
    ------
    CommandError
        There are none, an option does not say what it should, or there is no cluster for them.
    RefusedError
        A file of drills is wrong, or something is named that the cluster does not have.
    """
    first = _first_step(asked)
    needs_cluster = bool(first or asked.singles or asked.doubles)
    if snapshot is None and needs_cluster:
        raise CommandError(ExitCode.USAGE, ["there is no cluster for these to happen to; name a SNAPSHOT"])
    batches = [_asked_batch(asked, snapshot, first)] if snapshot is not None else []
    for path in asked.drills:
        batches += _read_drills(path, batches[0] if batches else None)
    found = [batch for batch in batches if batch.scenarios]
    if not found:
        message = "there is no scenario to look at; say --n-1 host, --fail host:h1 or --drills PATH"
        if asked.singles or asked.doubles:
            message = "the cluster has too few parts of these kinds for any scenario"
        raise CommandError(ExitCode.USAGE, [message])
    _check(found, policy, first)
    return found


def _asked_batch(asked: Asked, snapshot: Snapshot, first: Mapping[str, Any]) -> AskedBatch:
    """What the options ask for, without drills."""
    batch = AskedBatch(snapshot, list(_generated(asked, snapshot, first)))
    if first and not (asked.singles or asked.doubles):
        batch.written.append(("", _scenario(_words(asked), first)))
    return batch


def _check(batches: Sequence[AskedBatch], policy: Policy, first: Mapping[str, Any]) -> None:
    """Raises what is named and the cluster does not have, before anything is planned."""
    from trimtab_solver.errors import Fault, RefusedError
    from trimtab_solver.scenarios.course import happen

    faults: list[Fault] = []
    for batch in batches:
        # what is generated names parts that there are
        before = [("", _scenario("", first))] if first and batch.generated else []
        for where, scenario in [*batch.written, *before]:
            try:
                happen(batch.snapshot, policy, scenario, where)
            except RefusedError as refusal:
                faults += refusal.faults
    if faults:
        raise RefusedError(faults)


def _generated(asked: Asked, snapshot: Snapshot, first: Mapping[str, Any]) -> Iterator[Scenario]:
    """Every loss that is asked for; what the other options say has happened before, and its plan is carried out."""
    from trimtab_solver.scenarios.generation import losses

    after = f" after {_words(asked)}" if first else ""
    for kinds, number in [*((kind, 1) for kind in asked.singles), *((kind, 2) for kind in asked.doubles)]:
        for loss in losses(snapshot, kinds_of(kinds, snapshot), number):
            name = f"{loss.name}{after}"
            yield _scenario(name, {**first, "steps": [{"fail": loss.fail}]}) if first else loss


def kinds_of(text: str, snapshot: Snapshot) -> list[str]:
    """The kinds of parts that are written with commas between them; raises CommandError for one that there is not."""
    from trimtab_solver.execution.parts import Parts
    from trimtab_solver.policy.likeness import suggestion

    known, kinds = Parts(snapshot).kinds, [kind.strip() for kind in text.split(",")]
    for kind in kinds:
        if kind not in known:
            why = f'the cluster has no parts of kind "{kind}" ({suggestion(kind, known)})'
            raise CommandError(ExitCode.USAGE, [why])
    return kinds


def _first_step(asked: Asked) -> dict[str, Any]:
    """The step that the options for one scenario make up; empty if none is given."""
    step: dict[str, Any] = {
        "fail": tuple(asked.fail),
        "drain": tuple(asked.drain),
        "add_hosts": [_more(text, "--add-hosts") for text in asked.add_hosts],
        "add_guests": [_more(text, "--add-guests") for text in asked.add_guests],
    }
    return {name: value for name, value in step.items() if value}


def _more(text: str, option: str) -> dict[str, Any]:
    """``h1:3`` is three more like h1. An id may have colons in it: the number comes after the last."""
    name, colon, number = text.rpartition(":")
    if not colon or not number.isdecimal():
        name, number = text, "1"
    if not name or int(number) < 1:
        raise CommandError(ExitCode.USAGE, [f'{option}: "{text}" is not an id, or ID:NUMBER'])
    return {"like": name, "number": int(number)}


def _words(asked: Asked) -> str:
    """What the options for one scenario say, as its name."""
    more = [(asked.add_hosts, "more hosts like"), (asked.add_guests, "more guests like")]
    words = [f"loss of {', '.join(asked.fail)}"] if asked.fail else []
    words += [f"draining of {', '.join(asked.drain)}"] if asked.drain else []
    words += [f"{one['number']} {what} {one['like']}" for texts, what in more for one in map(_more_plainly, texts)]
    return " and ".join(words)


def _more_plainly(text: str) -> dict[str, Any]:
    return _more(text, "")


def _scenario(name: str, fields: Mapping[str, Any]) -> Scenario:
    from trimtab_solver.scenarios.scenario import Scenario

    return Scenario.model_validate({"name": name or "-", **fields}, by_name=True)


def _read_drills(path: Path, common: AskedBatch | None) -> list[AskedBatch]:
    """The files with a cluster of their own, each a batch; what has none is added to the `common` one."""
    from trimtab_solver.authoring.scenario_files import read_drills

    paths = sorted(file for pattern in ("*.yaml", "*.yml") for file in path.rglob(pattern)) if path.is_dir() else [path]
    if not paths:
        raise CommandError(ExitCode.USAGE, [f"{path}: holds no files of scenarios (*.yaml)"])
    own: list[AskedBatch] = []
    for name in paths:
        for file in read_drills(str(name), name.read_bytes()):
            batch = common if file.fixtures is None else AskedBatch(_cluster_of(file))
            if batch is None:
                message = f"{name}: has no fixtures, and there is no other cluster; name a SNAPSHOT"
                raise CommandError(ExitCode.USAGE, [message])
            _add_drills(batch, name, file)
            own += [batch] if batch is not common else []
    return own


def _cluster_of(file: DrillFile) -> Snapshot:
    from trimtab_solver.policy.moments import seconds_since_epoch
    from trimtab_solver.review.fixtures import snapshot_of

    assert file.fixtures is not None
    return replace(snapshot_of(file.fixtures), taken_at=seconds_since_epoch(file.at) if file.at else 0)


def _add_drills(batch: AskedBatch, name: Path, file: DrillFile) -> None:
    """Adds the scenarios of a file, and the policies that they name."""
    from trimtab_solver.authoring.loader import load_policy

    for i, drill in enumerate(file.scenarios):
        steps = tuple(step.model_copy(update=_policy_of(step.policy, name)) for step in drill.steps)
        resolved = drill.model_copy(update={"steps": steps, **_policy_of(drill.policy, name)})
        for policy in {step.policy for _, step in resolved.each_step() if step.policy}:
            if policy not in batch.policies:
                batch.policies[policy] = load_policy(Path(policy))
        batch.written.append((f"{name} scenarios[{i}]", resolved))


def _policy_of(name: str | None, file: Path) -> dict[str, str]:
    """A policy is named by its place relative to the file, and known by its place."""
    return {} if name is None else {"policy": str(file.parent / name)}
