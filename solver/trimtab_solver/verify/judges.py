"""The judge of every rule kind. The registry is literal: a kind that is missing here is a bug that a test finds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

from ..policy.documents import RuleSpec
from ..policy.selection import Selection
from ..rules.host_requirement import HostRequirement
from ..rules.maintenance import Maintenance
from ..rules.pin import Pin
from ..rules.quorum import Quorum
from ..rules.reserve import Reserve
from ..rules.resize import Resize
from ..rules.separate import Separate
from ..rules.spread import Spread
from ..rules.together import Together
from . import host_requirement, maintenance, pin, quorum, reserve, resize, separate, spread, suitability, together
from .domains import DomainMaps
from .scope import Scope

Judge = Callable[[Any, Any, Selection, DomainMaps], Iterator[Scope]]

JUDGES: Final[dict[type[RuleSpec], Judge]] = {
    Separate: separate.scopes,
    Spread: spread.scopes,
    Together: together.scopes,
    Pin: pin.scopes,
    HostRequirement: host_requirement.scopes,
    Maintenance: maintenance.scopes,
    Quorum: quorum.scopes,
    Reserve: reserve.scopes,
    Resize: resize.scopes,
}
"""Rule kind to the function that yields its scopes."""


def scopes_of(selection: Selection) -> tuple[Scope, ...]:
    """Every scope of the policy's enabled rules, after those of suitability. Room is judged apart (`room`).

    Raises
    ------
    PolicyRefusedError
        When a rule cannot be evaluated on the snapshot.
    """
    domains = DomainMaps(selection.snapshot)
    scopes = list(suitability.scopes(selection.snapshot))
    for kind, judge in JUDGES.items():
        for document, spec in selection.policy.of(kind):
            scopes.extend(judge(document, spec, selection, domains))
    return tuple(scopes)
