"""What may be tried to keep a promise: each candidate with its cost, and how the cluster is with it."""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

from ..authoring.loader import digest_of
from ..policy.documents import Document, Level, Policy, RuleSpec
from ..rules.tier import Eviction, Tier, guest_tiers
from ..scenarios.scenario import MoreHosts, Scenario
from ..snapshot import Host, PoolKind
from .changing import ChangePlanner
from .promise import BrokenPromise, Promise
from .remedy_moves import Remedied, moves_beforehand
from .single_points import mirrors_asked_for


class RemedyKind(enum.StrEnum):
    """What is done."""

    ADD_HOSTS = "ADD_HOSTS"
    MOVE_GUESTS = "MOVE_GUESTS"
    """Now, by a plan that keeps the budget of moves."""
    RELAX_RULE = "RELAX_RULE"
    """A must rule becomes a wish."""
    SWITCH_OFF_RULE = "SWITCH_OFF_RULE"
    ALLOW_EVICTION = "ALLOW_EVICTION"
    """Guests of a tier may be stopped."""
    MIRROR_POOL = "MIRROR_POOL"
    """A pool is mirrored, which a HostRequirement asks for. That a mirrored pool fails less often is not counted."""


@dataclass(frozen=True, slots=True)
class RemedyCosts:
    """What one of each costs, in any unit: by default a host 100, and what can be undone by tomorrow less."""

    host: int = 100
    move: int = 1
    relaxed_rule: int = 20
    rule_off: int = 40
    eviction: int = 30
    mirror: int = 150


@dataclass(frozen=True, slots=True)
class RemedyCandidate:
    """Something to try. `subject` is the host to be like, the rule, the tier or the pool."""

    kind: RemedyKind
    subject: str
    cost: int
    make: Callable[[], Remedied | None]
    """None where it cannot be done."""
    number: int = 1
    """Of hosts, or of guests that move."""
    domains: tuple[str, ...] = ()
    """Ids of the lowest failure domains of added hosts."""


def candidates(
    planner: ChangePlanner, promise: Promise, broken: Sequence[BrokenPromise], costs: RemedyCosts, most_hosts: int
) -> list[RemedyCandidate]:
    """All that is tried against the broken scenarios, the cheapest first; of equal cost in the order of the kinds."""
    found = [
        *_moves(planner, promise, broken, costs),
        *_rules(planner, costs),
        *_evictions(planner, promise, costs),
        *_hosts(planner, costs, most_hosts),
        *_mirrors(planner, costs),
    ]
    return sorted(found, key=lambda one: one.cost)


def _moves(
    planner: ChangePlanner, promise: Promise, broken: Sequence[BrokenPromise], costs: RemedyCosts
) -> Iterator[RemedyCandidate]:
    for host, remedied in moves_beforehand(planner, promise, broken):
        actions = remedied.plan.actions if remedied.plan is not None else ()
        number = sum(action.kind.moves for action in actions)
        yield RemedyCandidate(RemedyKind.MOVE_GUESTS, host, costs.move * number, partial(_given, remedied), number)


def _given(remedied: Remedied) -> Remedied:
    return remedied


def _rules(planner: ChangePlanner, costs: RemedyCosts) -> Iterator[RemedyCandidate]:
    for document in planner.start.selection.policy.documents:
        spec = document.spec
        if isinstance(spec, RuleSpec) and spec.is_must and spec.enabled:
            wish = spec.model_copy(update={"level": Level.SHOULD, "weight": 1})
            off = spec.model_copy(update={"enabled": False})
            for kind, cost, other in (
                (RemedyKind.RELAX_RULE, costs.relaxed_rule, wish),
                (RemedyKind.SWITCH_OFF_RULE, costs.rule_off, off),
            ):
                yield RemedyCandidate(kind, document.name, cost, partial(_with_spec, planner, document, other))


def _evictions(planner: ChangePlanner, promise: Promise, costs: RemedyCosts) -> Iterator[RemedyCandidate]:
    used = {document.name for document in guest_tiers(planner.start.selection).values()}
    for document, tier in planner.start.selection.policy.of(Tier):
        is_always = tier.evict is not None and tier.evict.when.strip() == "true"
        if document.name in used and document.name not in promise.tiers and not is_always:
            evict = Eviction(when="true") if tier.evict is None else tier.evict.model_copy(update={"when": "true"})
            other = tier.model_copy(update={"evict": evict})
            make = partial(_with_spec, planner, document, other)
            yield RemedyCandidate(RemedyKind.ALLOW_EVICTION, document.name, costs.eviction, make)


def _with_spec(planner: ChangePlanner, document: Document, spec: RuleSpec | Tier) -> Remedied:
    policy: Policy = planner.cluster.policy
    documents = tuple(replace(one, spec=spec) if one is document else one for one in policy.documents)
    return Remedied(replace(planner.cluster, policy=replace(policy, documents=documents, digest=digest_of(documents))))


def _hosts(planner: ChangePlanner, costs: RemedyCosts, most: int) -> Iterator[RemedyCandidate]:
    """Of every type of host that there is, in all domains where hosts are: one, two and so on."""
    types: dict[object, Host] = {}
    places: dict[tuple[str, ...], None] = {}
    for host in planner.start.source.hosts:
        amounts = tuple(tuple(sorted(part.items())) for part in (host.capacity, host.reserved, host.labels))
        types.setdefault((amounts, host.capabilities, host.storage_pool_ids, host.cpu_generation), host)
        places.setdefault(host.domain_ids)
    for number in range(1, most + 1):
        for host in types.values():
            for domains in places:
                more = MoreHosts(like=host.id, number=number, domains=domains)
                make = partial(_enlarged, planner, more)
                yield RemedyCandidate(RemedyKind.ADD_HOSTS, host.id, costs.host * number, make, number, domains)


def _enlarged(planner: ChangePlanner, more: MoreHosts) -> Remedied | None:
    changed = planner.make(Scenario(name="more hosts", add_hosts=(more,)), is_searched=False)
    return None if changed.cluster is None else Remedied(changed.cluster)


def _mirrors(planner: ChangePlanner, costs: RemedyCosts) -> Iterator[RemedyCandidate]:
    pool_of = {vm.id: vm.storage_pool_id for vm in planner.start.snapshot.vms}
    lacking = dict.fromkeys(pool_of[vm_id] for ids in mirrors_asked_for(planner.start).values() for vm_id in ids)
    for pool in lacking:
        yield RemedyCandidate(RemedyKind.MIRROR_POOL, pool, costs.mirror, partial(_mirrored, planner, pool))


def _mirrored(planner: ChangePlanner, pool_id: str) -> Remedied:
    snapshot = planner.cluster.snapshot
    pools = tuple(
        replace(pool, kind=PoolKind.MIRRORED) if pool.id == pool_id else pool for pool in snapshot.storage_pools
    )
    return Remedied(replace(planner.cluster, snapshot=replace(snapshot, storage_pools=pools)))
