"""Every document that says something about one guest: where it stands and why."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ..authoring.expression_fields import SelectorUse, selectors_in
from ..explain.names import find_guest
from ..placement import Placement, placement_of
from ..policy.documents import Document, Policy, RuleSpec, Selector, Source
from ..policy.omissions import named
from ..policy.selection import Selection
from ..policy.variables import ExpressionScope
from ..prepared import prepare_lazily
from ..rules.host_requirement import HostRequirement
from ..rules.tier import Tier, guest_tiers
from ..snapshot import Snapshot, Vm
from ..verify.domains import DomainMaps
from ..verify.judges import JUDGES
from ..verify.scope import HostScope, Scope, SizeScope


@dataclass(frozen=True, slots=True)
class Touch:
    """One document that concerns the guest. `facts` say why and what follows, one sentence each."""

    document: Document
    source: Source
    facts: tuple[str, ...]

    @property
    def how(self) -> str:
        """How binding it is, such as ``must`` or ``should 40``; empty for what is no rule."""
        spec = self.document.spec
        if not isinstance(spec, RuleSpec):
            return ""
        weight = "" if spec.weight is None else f" {spec.weight}"
        return f"{spec.level.value}{weight}" + ("" if spec.enabled else ", disabled")


def touching(policy: Policy, snapshot: Snapshot, vm_id: str) -> tuple[Touch, ...]:
    """What touches the guest: its tier first, then rules in the order of the documents.

    Raises
    ------
    SnapshotRefusedError, PolicyRefusedError
        The snapshot is wrong, or the policy cannot be evaluated on it.
    RefusedError
        The snapshot holds no such guest.
    """
    selection = prepare_lazily(snapshot, policy).selection
    vm = find_guest(snapshot, vm_id)
    tier = guest_tiers(selection)[vm_id]
    now = placement_of(snapshot)
    found = [Touch(tier, tier.position("spec.select"), tuple(_tier_facts(selection, tier, vm)))]
    domains = DomainMaps(selection)
    for document in policy.documents:
        uses = [use for use in _guest_selectors(document) if vm_id in _picked(selection, document, use)]
        if not uses or isinstance(document.spec, Tier):
            continue
        facts = [f"{use.path} selects it: {_because(use, vm)}" for use in uses]
        facts += _rule_facts(selection, document, vm, now, domains)
        found.append(Touch(document, document.position(uses[0].path), tuple(facts)))
    return tuple(found)


def _guest_selectors(document: Document) -> Iterator[SelectorUse]:
    for use in selectors_in(type(document.spec), document.content.get("spec")):
        if use.scope is ExpressionScope.VM:
            yield use


def _picked(selection: Selection, document: Document, use: SelectorUse) -> Sequence[str]:
    return selection.vms(document, use.path, Selector.model_validate(use.content, by_alias=True, by_name=False))


def _because(use: SelectorUse, vm: Vm) -> str:
    """The parts of the selector, each with what the guest has."""
    parts = []
    if "ids" in use.content:
        parts.append(f"it is named {vm.id}")
    parts += [f"its label {key} is {value}" for key, value in (use.content.get("matchLabels") or {}).items()]
    if "cel" in use.content:
        parts.append(f"{' '.join(use.content['cel'].split())} holds")
    return ", ".join(parts)


def _tier_facts(selection: Selection, document: Document, vm: Vm) -> Iterator[str]:
    spec = document.spec
    assert isinstance(spec, Tier)
    if spec.select is None:
        named_so = vm.tier == document.name
        yield f"its tier field is {vm.tier}" if named_so else "no tier selects it, and this one is the default"
    else:
        uses = [use for use in _guest_selectors(document) if vm.id in _picked(selection, document, use)]
        yield from (f"{use.path} selects it: {_because(use, vm)}" for use in uses)
        if not uses:
            yield "no tier selects it, and this one is the default"
    yield f"rank {spec.rank}, {spec.availability.value}"
    if spec.evict is None:
        yield "it is never stopped to make room"
    else:
        holds = selection.holds(document, "spec.evict.when", spec.evict.when)
        yield f"it may {'' if holds else 'not '}be evicted now ({spec.evict.action.value}, when {spec.evict.when})"
    if spec.resize is None:
        yield "it always has what it requests"
    else:
        holds = selection.holds(document, "spec.resize.when", spec.resize.when)
        floors = ", ".join(f"{resource} {share}" for resource, share in spec.resize.floor.items())
        yield f"it may {'' if holds else 'not '}be shrunk now (to {floors or 'nothing less'}, when {spec.resize.when})"


def _rule_facts(selection: Selection, document: Document, vm: Vm, now: Placement, domains: DomainMaps) -> Iterator[str]:
    """What the judge of the rule makes of it."""
    spec = document.spec
    if not isinstance(spec, RuleSpec) or type(spec) not in JUDGES or not spec.enabled:
        return
    if isinstance(spec, HostRequirement) and spec.storage is not None and vm.storage_pool_id:
        fits = vm.storage_pool_id in selection.pools(document, "spec.storage", spec.storage)
        yield f"spec.storage {'selects' if fits else 'does not select'} its storage pool {vm.storage_pool_id}"
    scopes = [scope for scope in JUDGES[type(spec)](document, spec, selection, domains) if vm.id in scope.members]
    # one rule may count the same group twice, at most and at least, and has then the same to say of it
    for facts in dict.fromkeys(tuple(_scope_facts(scope, vm, now)) for scope in scopes):
        yield from facts


def _scope_facts(scope: Scope, vm: Vm, now: Placement) -> Iterator[str]:
    if isinstance(scope, HostScope):
        count = len(scope.hosts)
        yield (
            f"it leaves {count} host{'' if count == 1 else 's'}: {named(sorted(scope.hosts))}"
            if count
            else ("it leaves no host")
        )
    elif isinstance(scope, SizeScope):
        yield f"it has at least {', '.join(f'{amount} {name}' for name, amount in sorted(scope.floors[vm.id].items()))}"
    else:
        others = [other for other in scope.members if other != vm.id]
        label = f' "{scope.label}"' if scope.label else ""
        yield f"group{label} with {named(others) or 'nobody else'}"
    broken = scope.breaches(now)
    if vm.id not in now.hosts:
        yield "it does not run now"
    elif not broken:
        yield "the rule holds now"
    else:
        at = ", ".join(f"{key or 'the group'} by {amount}" for key, amount in sorted(broken.items()))
        yield f"broken now: {at}"
