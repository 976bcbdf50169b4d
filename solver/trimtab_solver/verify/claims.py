"""Holds what an answer says of its plan against the end that the plan has."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ..outcome import Answer, LevelValue
from ..placement import Placement
from ..snapshot import Snapshot
from .replay import Verdict


@dataclass(frozen=True, slots=True)
class FalseClaim:
    """Something that an answer says and that is not so: `about` names a level or a guest."""

    about: str
    message: str


def false_claims(answer: Answer, snapshot: Snapshot, verdict: Verdict) -> tuple[FalseClaim, ...]:
    """What the answer says of levels, or of who stays down, and the replay of its plan contradicts.

    An answer that names no level claims nothing at all.
    """
    if not answer.levels:
        return ()
    said = {one.vm_id for one in answer.stays_down}
    return (*_levels(answer.levels, dict(verdict.levels)), *_guests(said, snapshot, verdict.placement))


def _levels(claimed: Sequence[LevelValue], values: dict[str, int]) -> Iterator[FalseClaim]:
    for level in claimed:
        value = values.pop(level.name, None)
        if value is None:
            yield FalseClaim(level.name, f"there is no level {level.name} under this policy")
        elif value != level.value:
            yield FalseClaim(level.name, f"{level.name} is {value}, not {level.value}")
        elif level.bound > value:
            yield FalseClaim(level.name, f"{level.name} cannot be at best {level.bound}, as it is {value}")
    for name in values:
        yield FalseClaim(name, f"level {name} is left out")


def _guests(said: set[str], snapshot: Snapshot, placement: Placement) -> Iterator[FalseClaim]:
    down = {vm.id for vm in snapshot.vms if vm.is_wanted and vm.id not in placement.hosts}
    for vm in snapshot.vms:
        if (vm.id in said) != (vm.id in down):
            truth = "stays down" if vm.id in down else "does not stay down"
            yield FalseClaim(vm.id, f"guest {vm.id} {truth}")
    for vm_id in sorted(said.difference(vm.id for vm in snapshot.vms)):
        yield FalseClaim(vm_id, f"there is no guest {vm_id}")
