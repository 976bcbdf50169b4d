"""Guests whose records make no sense: plans leave them alone, wherever they may run.

docs/concepts.md ("Records that make no sense") says what is assumed of them, and why that is safe.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from .errors import Fault, Reason

MAX_READINGS = 64
"""In so many ways the guests in quarantine of one group may run before the group is left as it is."""


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A guest that plans leave alone because its record makes no sense.

    It may run on any of `hosts`, and hold up to `size` there; of the resources in `unknown` up to all that there is.
    `is_wanted` is False when the record says that the guest is switched off on purpose.
    """

    vm_id: str
    faults: tuple[Fault, ...]
    is_wanted: bool
    hosts: tuple[str, ...]
    size: Mapping[str, int]
    unknown: frozenset[str]

    @property
    def reason(self) -> Reason:
        """The reason of the first fault."""
        return self.faults[0].reason


def located(quarantined: Iterable[Quarantined]) -> list[Quarantined]:
    """Those that may run somewhere."""
    return [record for record in quarantined if record.hosts]
