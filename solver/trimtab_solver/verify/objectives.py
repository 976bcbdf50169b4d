"""Judges Objectives: puts the measures of a plan together to levels."""

from __future__ import annotations

from collections.abc import Mapping

from ..policy.selection import Selection
from ..rules.objectives import Objectives, OrderedMeasure


def in_order(selection: Selection, measures: Mapping[str, int]) -> tuple[tuple[str, int], ...]:
    """Name and value of each level; `measures` come as they count when no document says otherwise.

    Raises
    ------
    PolicyRefusedError
        When there are two documents.
    """
    found = selection.policy.only(Objectives)
    if found is None:
        return tuple(measures.items())
    ordered = set(OrderedMeasure)
    first = tuple((name, value) for name, value in measures.items() if name not in ordered)
    return first + tuple(
        (name, sum(weight * measures[measure] for measure, weight in parts.items())) for name, parts in found[1].parts()
    )
