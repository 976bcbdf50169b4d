"""Separate: guests of one set never share a failure domain with guests of another."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from pydantic import Field

from ..errors import Fault, Reason
from ..policy.documents import Document, RuleSpec
from ..policy.fields import DomainKind, VmSelector, VmText
from ..primitives.domain_exclusion import DomainExclusion
from .context import Context


class Separate(RuleSpec):
    """No domain of kind `topology` holds running guests of two of the sets in `between`.

    With `partners_by` (CEL over ``vm``, returns string) the rule holds apart only guests for which it gives the same
    value. A breach is counted per pair of sets, partner value and domain: the fewest guests that would have to leave.
    """

    between: tuple[VmSelector, ...] = Field(min_length=2, strict=False)
    partners_by: VmText | None = None
    topology: DomainKind


def compile_separate(document: Document, spec: Separate, context: Context) -> Iterator[DomainExclusion]:
    """One exclusion per pair of sets and partner value that both sets have."""
    domains = context.domain(document, "spec.topology", spec.topology, is_must=spec.is_must)
    sides = []
    for i, selector in enumerate(spec.between):
        chosen = context.chosen(document, spec, f"spec.between[{i}]", selector)
        if chosen:
            sides.append((i, context.selection.groups(document, "spec.partnersBy", chosen, spec.partners_by)))
    for (i, left), (j, right) in combinations(sides, 2):
        for key in left.keys() & right.keys():
            both = set(left[key]) & set(right[key])
            if both:
                context.refuse(
                    Fault(
                        Reason.POLICY_CONFLICT,
                        f"{document.position('spec.between')} spec.between",
                        f"rule {document.name} would separate {', '.join(sorted(both)[:5])} from itself: "
                        f"selectors {i} and {j} both match it",
                        "make the two selectors disjoint",
                    )
                )
        for key in sorted(left.keys() & right.keys()):
            one, other = context.members(left[key]), context.members(right[key])
            if len(one) and len(other):
                yield DomainExclusion(
                    rule=document.name,
                    key=key,
                    must=spec.is_must,
                    weight=spec.weight or 0,
                    domains=domains,
                    left=one,
                    right=other,
                )
