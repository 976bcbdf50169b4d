"""The judge of every rule kind. The registry is literal: a kind that is missing here is a bug that a test finds."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from ..policy.documents import RuleSpec
from ..policy.memo import is_current
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
from .suitability import SUITABILITY

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


@dataclass(frozen=True, slots=True)
class Judgement:
    """The scopes of one document, or of suitability, and the variables of the snapshot that they depend on."""

    scopes: tuple[Scope, ...]
    reads: frozenset[str]


Judgements = Mapping[str, Judgement]
"""By the name of the document; suitability first, then rules in the order of their kinds."""
_NOTHING: Judgements = {}


def judge(selection: Selection, known: Judgements = _NOTHING) -> Judgements:
    """What each of the policy's enabled rules is about; those that are `known` are not judged anew.

    Raises
    ------
    PolicyRefusedError
        When a rule cannot be evaluated on the snapshot.
    """
    domains = DomainMaps(selection)
    found = {SUITABILITY: _judge(selection, lambda: suitability.scopes(selection), known.get(SUITABILITY))}
    for kind, scopes in JUDGES.items():
        for document, spec in selection.policy.of(kind):
            name = document.name
            found[name] = _judge(selection, partial(scopes, document, spec, selection, domains), known.get(name))
    return found


def still_true(judgements: Judgements, selection: Selection, changed: frozenset[str]) -> Judgements:
    """Those that hold for a later `selection`, which differs in the values of the `changed` variables."""
    return {
        name: one
        for name, one in judgements.items()
        if is_current(one.reads, changed) and not selection.has_forgotten(name)
    }


def scopes_of(selection: Selection) -> tuple[Scope, ...]:
    """Every scope of the policy's enabled rules, after those of suitability. Room is judged apart (`room`).

    Raises
    ------
    PolicyRefusedError
        As `judge`.
    """
    return tuple(scope for one in judge(selection).values() for scope in one.scopes)


def _judge(selection: Selection, scopes: Callable[[], Iterator[Scope]], known: Judgement | None) -> Judgement:
    return known or Judgement(*selection.recorded(lambda: tuple(scopes())))
