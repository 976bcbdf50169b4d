"""Conflicts that follow from the rules alone, whatever the cluster.

Two must rules contradict each other when no guest (or no two guests) that both concern can run, not even in a cluster
that has every host the rules can tell apart, twice in every combination of failure domains. More hosts only ever give
more places, so what is impossible there is impossible everywhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import combinations_with_replacement, product
from typing import Any, Final

from ..authoring.expression_fields import SelectorUse, domain_kinds_in, expressions_in, selectors_in
from ..authoring.overlap import Overlaps
from ..authoring.step_limit import StepLimit
from ..authoring.worlds import OTHER, World, describe, worlds_of
from ..errors import PolicyRefusedError
from ..policy.documents import Document, Metadata, Policy, Selector, Source, Switched
from ..policy.expressions import Reference, compile_expression
from ..policy.moments import seconds_since_epoch
from ..policy.selection import Selection
from ..policy.variables import ExpressionScope, Returns
from ..rules.tier import Tier
from ..snapshot import FailureDomain, Host, Snapshot, Vm
from ..topology import HOST_KIND
from .conflicts import Conflict, ConflictSearch, Findings, must_rules

MOST_STEPS: Final = 40_000
"""Half a minute."""
_MAX_WORLDS: Final = 24
"""Rules that tell more guests or hosts apart are passed over."""
_VM_FIELDS: Final = frozenset({"vm.id", "vm.tenant", "vm.tier", "vm.labels", "vm.group", "vm.requested"})
_HOST_FIELDS: Final = frozenset({"host.id", "host.labels", "host.capabilities", "host.cpu_generation", "host.capacity"})


def find_contradictions(policy: Policy) -> Findings:
    """Pairs of must rules, and single ones, that cannot be kept. `Conflict.guests` describes the guests they are about.

    Guests are tried on hosts, as many of both as the rules tell apart, up to `MOST_STEPS` pairs of them; `is_complete`
    says whether that was enough.
    Rules whose selectors call functions, compare variables with each other or look at the event are passed over, and so
    are those that want other guests to run as well (Quorum, Together with near): what helps them has no bounds.
    """
    rules, steps = must_rules(policy), StepLimit(MOST_STEPS)
    found = [one for rule in rules if (one := _contradiction(policy, (rule,), steps))]
    hopeless = {conflict.names[0] for conflict in found}
    others = [rule for rule in rules if rule.name not in hopeless]
    overlaps = Overlaps([_concerned(rule) for rule in others])
    for number, rule in enumerate(others):
        if steps.is_exceeded:
            break
        pairs = ((rule, others[other]) for other in overlaps.after(number))
        found += [one for some in pairs if (one := _contradiction(policy, some, steps))]
    return Findings(tuple(found), is_complete=not steps.is_exceeded)


def _concerned(rule: Document) -> tuple[World, ...]:
    """The guests that a rule selects, as far as it tells them apart; none when it is passed over."""
    selectors = [use for use in _selectors(rule) if use.scope is ExpressionScope.VM]
    worlds = worlds_of(ExpressionScope.VM, map(_selector, selectors))
    if worlds is None or len(worlds.all) > _MAX_WORLDS:
        return ()
    if not selectors:
        return worlds.all
    picked = frozenset[int]().union(*(worlds.where(_selector(use)) for use in selectors))
    return tuple(worlds.all[number] for number in sorted(picked))


def _contradiction(policy: Policy, rules: tuple[Document, ...], steps: StepLimit) -> Conflict | None:
    """The conflict when these rules cannot be kept for any guests that all of them concern."""
    vms = _worlds(rules, ExpressionScope.VM, _VM_FIELDS)
    hosts = _worlds(rules, ExpressionScope.HOST, _HOST_FIELDS)
    kinds = sorted({kind for rule in rules for kind in _kinds(rule)})
    if vms is None or hosts is None:
        return None
    named = [world["host.id"] for world in hosts if world.get("host.id", OTHER) != OTHER]
    people = [world["vm.id"] for world in vms if world.get("vm.id", OTHER) != OTHER]
    if (kinds and named) or len(set(named)) < len(named) or (kinds and len(set(people)) < len(people)):
        return None  # what is named is like, and which domains it lies in, takes a cluster to tell
    if not _meet(rules) or not steps.take(len(vms) * len(hosts)):
        return None
    rules = tuple(map(_always, rules))
    frame = replace(policy, documents=(_everybody(), *rules))
    cluster = _cluster(hosts, kinds)
    return _impossible(frame, cluster, rules, vms, is_about_groups=bool(kinds))


def _impossible(
    frame: Policy, cluster: Snapshot, rules: tuple[Document, ...], worlds: Sequence[World], *, is_about_groups: bool
) -> Conflict | None:
    """The conflict when guests that all rules concern, alone or in pairs, can never run."""
    names = {rule.name for rule in rules}
    for size in (1, 2) if is_about_groups else (1,):
        witnesses: list[tuple[World, ...]] = []
        for some in combinations_with_replacement(worlds, size):
            vms = tuple(_vm(f"guest-{i}", world) for i, world in enumerate(some))
            ids = tuple(vm.id for vm in vms)
            if len(set(ids)) < len(ids):
                continue
            search = ConflictSearch(Selection(frame, replace(cluster, vms=vms)))
            try:
                concerned = search.concerning(rules, ids)
            except PolicyRefusedError:
                continue  # an expression fails on such guests, so no cluster with them is planned
            if size == 1 and any(search.wants_company(rule, ids) for rule in rules if rule.name in concerned):
                return None
            if concerned != names:
                continue
            if not search.is_impossible(rules, ids):
                break
            witnesses.append(some)
        else:
            if witnesses:
                shown = tuple(f"({describe(world)})" for world in witnesses[0])
                return Conflict(rules, shown, more=len(witnesses) - 1)
    return None


# --- what the rules can tell apart ------------------------------------------------------------------------------------


def _worlds(rules: Sequence[Document], scope: ExpressionScope, fields: frozenset[str]) -> tuple[World, ...] | None:
    """Every guest or host that the rules tell apart; None when there are too many or that cannot be told."""
    selectors, conditions, references = [], [], set()
    for rule in rules:
        content = rule.content.get("spec")
        uses = list(_selectors(rule))
        if any(use.scope is ExpressionScope.POOL for use in uses):
            return None  # which hosts reach which pools takes a cluster to tell
        selectors += [_selector(use) for use in uses if use.scope is scope]
        for use in expressions_in(type(rule.spec), content):
            if use.scope is not scope:
                continue
            if use.returns is Returns.STRING:
                references |= set(compile_expression(use.source, scope, use.returns).references)
            elif not use.path.endswith(".cel"):
                conditions.append(use.source)
    found = worlds_of(scope, selectors, conditions, sorted(references, key=_name))
    if found is None or len(found.all) > _MAX_WORLDS:
        return None
    if any(name not in fields for world in found.all for name in world):
        return None
    return found.all


def _selectors(rule: Document) -> Iterator[SelectorUse]:
    return selectors_in(type(rule.spec), rule.content.get("spec"))


def _selector(use: SelectorUse) -> Selector:
    return Selector.model_validate(use.content, by_alias=True, by_name=False)


def _name(reference: Reference) -> tuple[str, str]:
    return reference.variable, reference.key or ""


def _kinds(rule: Document) -> Iterator[str]:
    """The kinds of failure domains that a rule is about."""
    for _, kind in domain_kinds_in(type(rule.spec), rule.content.get("spec")):
        yield kind


def _meet(rules: Sequence[Document]) -> bool:
    """Whether there is a moment at which all rules are in force."""
    specs = [rule.spec for rule in rules if isinstance(rule.spec, Switched)]
    begins = [seconds_since_epoch(spec.since) for spec in specs if spec.since is not None]
    ends = [seconds_since_epoch(spec.until) for spec in specs if spec.until is not None]
    return not begins or not ends or max(begins) < min(ends)


def _always(rule: Document) -> Document:
    """The rule without its window."""
    return replace(rule, spec=rule.spec.model_copy(update={"since": None, "until": None}))


# --- the largest cluster ----------------------------------------------------------------------------------------------


def _cluster(worlds: Sequence[World], kinds: Sequence[str]) -> Snapshot:
    """Two hosts of each world in each combination of two domains of every kind."""
    named = [kind for kind in kinds if kind != HOST_KIND]
    domains = tuple(FailureDomain(f"{kind}-{i}", kind) for kind in named for i in (1, 2))
    hosts: list[Host] = []
    for world in worlds:
        for place in product(*([f"{kind}-{i}" for i in (1, 2)] for kind in named)):
            copies = 1 if world.get("host.id", OTHER) != OTHER else 2
            hosts += [_host(f"host-{len(hosts) + copy}", world, place) for copy in range(copies)]
    return Snapshot(hosts=tuple(hosts), domains=domains)


def _host(name: str, world: World, place: tuple[str, ...]) -> Host:
    return Host(
        id=own if (own := world.get("host.id", OTHER)) != OTHER else name,
        domain_ids=place,
        labels=world.get("host.labels", {}),
        capabilities=tuple(world.get("host.capabilities", ())),
        cpu_generation=world.get("host.cpu_generation", 0),
        capacity=world.get("host.capacity", {}),
    )


def _vm(name: str, world: World) -> Vm:
    return Vm(
        id=own if (own := world.get("vm.id", OTHER)) != OTHER else name,
        tenant=world.get("vm.tenant", ""),
        tier=world.get("vm.tier", ""),
        labels=world.get("vm.labels", {}),
        group=world.get("vm.group", ""),
        requested={"memory_mib": 1, **world.get("vm.requested", {})},
    )


def _everybody() -> Document:
    """A tier for all guests: which tiers there are does not matter here."""
    spec = Tier(select=Selector(cel="true"), rank=0)
    content: dict[str, Any] = {"spec": {"select": {"cel": "true"}, "rank": 0}}
    return Document("Tier", Metadata(name="everybody"), spec, Source("everybody"), content=content)
