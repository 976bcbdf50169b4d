"""Quorum: enough guests of a group run, also after one more failure."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pydantic import field_validator

from ..policy.documents import Document, RuleSpec
from ..policy.fields import DomainKind, VmSelector, VmText
from ..primitives.domain_quorum import DomainQuorum
from .context import Context

_PERCENT = re.compile(r"^(100|[1-9][0-9]?)%$")


class Quorum(RuleSpec):
    """At least `min_running` guests of a group run; with `survives` also without those in any one domain.

    `group_by` as in Spread. A breach counts the guests that are missing, per group; with `survives` those missing when
    the domain that holds most of them is lost.
    """

    select: VmSelector
    group_by: VmText | None = None
    """Splits the selected guests into groups; without it they are one."""
    min_running: int | str
    """A number, or a share of the group's wanted guests such as "50%", rounded up."""
    survives: DomainKind | None = None
    """The kind of failure domain of which any one may be lost."""

    @field_validator("min_running")
    @classmethod
    def _number_or_share(cls, value: int | str) -> int | str:
        if isinstance(value, str) and not _PERCENT.match(value):
            raise ValueError(f'minRunning is "{value}"; write a whole number, or a share in quotes such as "50%"')
        if isinstance(value, int) and not 1 <= value <= 1_000_000:
            raise ValueError(f"minRunning is {value}; write 1 to 1000000")
        return value

    def least(self, wanted: int) -> int:
        """How many of so many wanted guests must run."""
        if isinstance(self.min_running, int):
            return self.min_running
        return -(-wanted * int(self.min_running[:-1]) // 100)


def compile_quorum(document: Document, spec: Quorum, context: Context) -> Iterator[DomainQuorum]:
    """One quorum per group."""
    domains = context.everywhere()
    if spec.survives is not None:
        domains = context.domain(document, "spec.survives", spec.survives, is_must=spec.is_must)
    chosen = context.chosen(document, spec, "spec.select", spec.select)
    expected = context.selection.expected
    for key, ids in context.selection.groups(document, "spec.groupBy", chosen, spec.group_by).items():
        members = context.members(ids)
        if len(members):
            yield DomainQuorum(
                rule=document.name,
                key=key,
                must=spec.is_must,
                weight=spec.weight or 0,
                domains=domains,
                members=members,
                least=spec.least(sum(vm_id in expected for vm_id in ids)),
                survives=spec.survives is not None,
            )
