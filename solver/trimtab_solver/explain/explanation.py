"""What an explanation of a guest says: values alone, so that whoever shows them needs no engine."""

from __future__ import annotations

import enum
from dataclasses import dataclass


class Condition(enum.StrEnum):
    """What a guest must meet to go to a host."""

    STATE = "STATE"
    """Plans touch it at all: it is not switched off on purpose, nor on its way."""
    MOVE = "MOVE"
    """It runs, and may change its host in this way."""
    FENCING = "FENCING"
    """Its failed host can be fenced."""
    POWER = "POWER"
    """The host takes guests."""
    STORAGE = "STORAGE"
    DEVICES = "DEVICES"
    RULE = "RULE"
    """A must rule of the policy permits it, all others where they are."""
    ROOM = "ROOM"
    """There is room with everybody at the floor."""


@dataclass(frozen=True, slots=True)
class Objection:
    """One thing that speaks against a guest on a host; `rule` names the document for `Condition.RULE`."""

    condition: Condition
    message: str
    rule: str = ""


@dataclass(frozen=True, slots=True)
class Admission:
    """What speaks against the guest on a host now, and what is worth knowing. Nothing against it: it may go there."""

    host_id: str
    objections: tuple[Objection, ...] = ()
    remarks: tuple[str, ...] = ()

    @property
    def is_admitted(self) -> bool:
        """Whether the host may take the guest now, or has it."""
        return not self.objections


@dataclass(frozen=True, slots=True)
class GuestExplanation:
    """A guest and the hosts that were asked about, in the order of the snapshot."""

    vm_id: str
    tier: str
    """Name of its tier's document."""
    hosts: tuple[Admission, ...]
