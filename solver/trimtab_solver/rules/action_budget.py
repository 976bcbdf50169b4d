"""ActionBudget: how many guests a plan may move, and what moves cost beyond their memory."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from pydantic import Field, field_validator

from ..policy.documents import Document, Policy, Strict, Switched
from ..policy.fields import DomainKind, ResourceName, VmText
from ..primitives.disruption import NO_BUDGET
from ..primitives.encoding import Bools, Index, Ints
from ..topology import HOST_KIND
from .context import Context

DEFAULT_PER_MILLE = 20
"""Share of the running guests that a plan may move when no document says otherwise."""
DEFAULT_LEAST = 20
"""So many may move by default, however few guests run."""

_PERCENT = re.compile(r"^(?P<whole>100|[1-9]?[0-9])(\.(?P<tenth>[0-9]))?%$")


class Crossing(Strict):
    """Moving a guest from one domain of kind `topology` to another costs `cost` more."""

    topology: DomainKind
    cost: Annotated[int, Field(ge=1, le=1_000_000_000)]
    """In the unit of the disruption level: a live migration costs 1 per MiB of memory."""


class ActionBudget(Switched):
    """At most one in force. Limits the guests that a plan moves to other hosts, and prices their moves.

    A guest counts once, however often it moves. Guests that a must rule or the state of their host makes leave do not
    count. Without the document its defaults hold.
    """

    max_migrations: int | str | None = None
    """A number, or a share of the running guests such as "2%" or "0.5%", rounded down. Default: 2%, but at least 20."""
    max_migrations_per_group: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    """How many guests of one application may move; default: as many as `max_migrations` allows."""
    group_by: VmText | None = None
    """What an application is; default: the guest's group, and a guest without one belongs to no application."""
    group_weight: Annotated[int, Field(ge=0, le=1_000_000_000)] = 0
    """What each moved guest of the application with the most moves costs at the disruption level."""
    crossing: tuple[Crossing, ...] = Field(default=(), strict=False)
    """What moves between failure domains cost more."""
    held_at_both_ends: tuple[ResourceName, ...] = Field(default=(), strict=False)
    """Resources that a moved guest holds on the host it came from as well, until the plan is over."""

    @field_validator("max_migrations")
    @classmethod
    def _number_or_share(cls, value: int | str | None) -> int | str | None:
        if isinstance(value, str) and not _PERCENT.match(value):
            raise ValueError(f'maxMigrations is "{value}"; write a whole number, or a share in quotes such as "2%"')
        if isinstance(value, int) and value < 0:
            raise ValueError(f"maxMigrations is {value}; write 0 or more")
        return value

    def migrations(self, running: int) -> int:
        """How many of so many running guests may move."""
        value = self.max_migrations
        if value is None:
            return max(running * DEFAULT_PER_MILLE // 1000, DEFAULT_LEAST)
        if isinstance(value, int):
            return value
        share = _PERCENT.match(value)
        assert share is not None, "checked by the validator"
        return running * (10 * int(share["whole"]) + int(share["tenth"] or 0)) // 1000


def budget_in_force(policy: Policy) -> tuple[Document | None, ActionBudget]:
    """The document that holds, or none and the defaults.

    Raises
    ------
    PolicyRefusedError
        When there are two.
    """
    return policy.only(ActionBudget) or (None, ActionBudget())


@dataclass(frozen=True, slots=True)
class MoveRules:
    """The document as arrays: fields of `Disruption` that have the same names, and what depends on who runs.

    `warnings` say what is worth knowing of it.
    """

    spec: ActionBudget
    pair_class: Index
    pair_cost: Ints
    group: Index
    group_weight: int
    group_limit: int
    warnings: tuple[str, ...]

    def budget(self, running: int) -> int:
        """How many of so many running guests may move; `NO_BUDGET` when all may."""
        most = self.spec.migrations(running)
        return most if most < running else NO_BUDGET

    def transient(self, resources: Sequence[str]) -> Bools:
        """The resources [R] that moved guests hold at both ends."""
        return np.array([r in self.spec.held_at_both_ends for r in resources], dtype=np.bool_)


def compile_action_budget(policy: Policy, context: Context, groups: Mapping[str, str]) -> MoveRules:
    """The budget in force; `groups` gives the wanted guests' own groups, by id.

    Raises
    ------
    PolicyRefusedError
        When there are two, or an expression fails.
    """
    document, spec = budget_in_force(policy)
    # apart, so that hosts may come without guests being looked at, and the other way round
    applications = context.compiled("(applications)", lambda: [_applications(document, spec, context, groups)])
    crossings = context.compiled("(crossings)", lambda: [_crossings(document, spec, context)])
    (group,), ((pair_class, pair_cost),) = applications.parts, crossings.parts
    limit, warnings = spec.max_migrations_per_group or 0, (*applications.warnings, *crossings.warnings)
    return MoveRules(spec, pair_class, pair_cost, group, spec.group_weight, limit, warnings)


def _applications(document: Document | None, spec: ActionBudget, context: Context, groups: Mapping[str, str]) -> Index:
    """The number of the application of every wanted guest [V], -1 where it has none."""
    names = _names(document, spec, context, groups)
    numbers = {name: i for i, name in enumerate(dict.fromkeys(names.values()))}
    index = context.vm_index
    group = np.full(len(index), -1, dtype=np.int32)
    group[[index[vm_id] for vm_id in names]] = [numbers[name] for name in names.values()]
    return group


def _names(
    document: Document | None, spec: ActionBudget, context: Context, groups: Mapping[str, str]
) -> Mapping[str, str]:
    """The application of every wanted guest that has one."""
    if document is None or spec.group_by is None:
        return {vm_id: name for vm_id, name in groups.items() if name}
    found = context.selection.groups(document, "spec.groupBy", tuple(groups), spec.group_by)
    return {vm_id: name for name, members in found.items() for vm_id in members}


def _crossings(document: Document | None, spec: ActionBudget, context: Context) -> tuple[Index, Ints]:
    """Classes of hosts [H] that lie in the same domains of all kinds that matter, and the cost between them [K, K]."""
    hosts = len(context.host_index)
    within, parts = 0, []
    for i, crossing in enumerate(spec.crossing):
        assert document is not None, "the defaults have no crossings"
        if crossing.topology == HOST_KIND:
            within += crossing.cost
            continue
        domains = context.domain(document, f"spec.crossing[{i}].topology", crossing.topology, is_must=False)
        parts.append((domains.of_host, crossing.cost))
    if not parts:
        return np.zeros(hosts, dtype=np.int32), np.full((1, 1), within, dtype=np.int64)
    kinds, classes = np.unique(np.stack([domain for domain, _ in parts]), axis=1, return_inverse=True)
    cost = np.full((kinds.shape[1], kinds.shape[1]), within, dtype=np.int64)
    for row, (_, extra) in zip(kinds, parts, strict=True):
        cost += extra * (row[:, None] != row[None, :])
    return classes.reshape(-1).astype(np.int32), cost
