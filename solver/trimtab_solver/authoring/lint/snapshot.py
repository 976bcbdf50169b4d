"""What a policy means on one cluster: selectors that pick nothing, names nothing has, rules nothing can keep."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from ...errors import PolicyRefusedError
from ...policy.documents import Document, Level, RuleSpec, Selector, Source
from ...policy.likeness import Spelling
from ...policy.omissions import named
from ...policy.selection import Selection
from ...policy.variables import ExpressionScope
from ...prepared import Prepared
from ...rules.resize import Resize
from ...rules.separate import Separate
from ...rules.shares import percent
from ...rules.spread import Spread
from ...rules.tier import guest_tiers, ranked_tiers
from ...topology import Topology
from ...verify.domains import DomainMaps
from ...verify.judges import JUDGES
from ...verify.scope import HostScope
from ..expression_fields import SelectorUse, expressions_in, selectors_in
from ..findings import Finding, Severity, finding_at, findings_of
from .targets import restart_findings

_OF_HOSTS = frozenset({ExpressionScope.HOST, ExpressionScope.POOL})
"""What fields see that say which hosts."""
_PAIR = 2
_PLACE = re.compile(r"(?P<file>.*?):(?P<line>\d+):(?P<column>\d+) ")


def snapshot_findings(prepared: Prepared) -> list[Finding]:
    """Findings about what the policy means on the snapshot. Disabled rules are passed over."""
    policy, selection = prepared.policy, prepared.selection
    findings: list[Finding] = []
    try:
        findings += _tier_findings(selection)
        findings += restart_findings(selection)
    except PolicyRefusedError as refusal:
        findings += findings_of(refusal)
    for document in policy.documents:
        if not document.is_enabled:
            continue
        try:
            findings += _selector_findings(selection, document)
            findings += _rule_findings(selection, document)
        except PolicyRefusedError as refusal:
            findings += findings_of(refusal)
    findings += [
        Finding(
            Severity.WARNING,
            _source_in(warning),
            "left-out",
            warning,
            "test with has() before reading a key",
        )
        for warning in selection.warnings
    ]
    return findings


def _tier_findings(selection: Selection) -> Iterator[Finding]:
    """Tiers that no guest belongs to. Raises as `Selection.tier_of`."""
    used = {document.name for document in guest_tiers(selection).values()}
    for document, tier in ranked_tiers(selection):
        if tier.select is None and document.name not in used and selection.snapshot.vms:
            message = "no guest belongs to it"
            fix = f"it holds the guests whose tier field is {document.name}; compare the names"
            yield finding_at(document, "metadata.name", Severity.INFO, "empty-tier", message, fix)


def _source_in(path: str) -> Source:
    """The place that a fault or warning begins with, as in "tiers.yaml:3:9 spec.select.cel"."""
    place = _PLACE.match(path)
    if place is None:
        return Source(path.partition(" ")[0])
    return Source(place["file"], int(place["line"]), int(place["column"]))


# --- selectors ------------------------------------------------------------------------------------------------------


def _selector_findings(selection: Selection, document: Document) -> Iterator[Finding]:
    for use in selectors_in(type(document.spec), document.content.get("spec")):
        selector = _selector(use)
        noun = use.scope.noun
        ids_of, spelling_of = _IDS[use.scope]
        everything = selection.derived(ids_of)
        found = selection.picks(use.scope, document, use.path, selector)
        unknown = sorted(set(selector.ids or ()) - everything)
        if unknown:
            message = f"{use.path} names {noun}s that the snapshot does not hold: {named(unknown)}"
            fix = selection.derived(spelling_of).suggestion(unknown[0])
            yield finding_at(
                document,
                f"{use.path}.ids",
                Severity.WARNING,
                "unknown-id",
                message,
                fix,
            )
        if selector.ids == ():
            continue  # said without a cluster
        if everything and not found:
            message = f"{use.path} selects no {noun}"
            fix = "look for misspelt labels and values, or delete it"
            yield finding_at(document, use.path, Severity.WARNING, "selects-nothing", message, fix)
        elif len(found) == len(everything) > 1 and selector.cel != "true":
            message = f"{use.path} selects every {noun}"
            yield finding_at(
                document,
                use.path,
                Severity.INFO,
                "selects-everything",
                message,
                "write cel: 'true' if meant",
            )


def _guest_ids(selection: Selection) -> frozenset[str]:
    return frozenset(vm.id for vm in selection.reading("vm.id").vms)


def _host_ids(selection: Selection) -> frozenset[str]:
    return frozenset(host.id for host in selection.reading("host.id").hosts)


def _pool_ids(selection: Selection) -> frozenset[str]:
    return frozenset(pool.id for pool in selection.reading("pool.id").storage_pools)


def _guest_spelling(selection: Selection) -> Spelling:
    return Spelling(selection.derived(_guest_ids))


def _host_spelling(selection: Selection) -> Spelling:
    return Spelling(selection.derived(_host_ids))


def _pool_spelling(selection: Selection) -> Spelling:
    return Spelling(selection.derived(_pool_ids))


_IDS: Final[Mapping[ExpressionScope, tuple[Callable[[Selection], frozenset[str]], Callable[[Selection], Spelling]]]] = {
    ExpressionScope.VM: (_guest_ids, _guest_spelling),
    ExpressionScope.HOST: (_host_ids, _host_spelling),
    ExpressionScope.POOL: (_pool_ids, _pool_spelling),
}
"""What selectors of a scope choose from, and how it is spelt; each is asked once (`Selection.derived`)."""


# --- rules ----------------------------------------------------------------------------------------------------------


def _rule_findings(selection: Selection, document: Document) -> Iterator[Finding]:
    """What the judge of the rule sees in the cluster: no group it could be broken for, or no host that is allowed."""
    spec = document.spec
    if isinstance(spec, Separate):
        yield from _separate_findings(selection, document, spec)
    elif isinstance(spec, Spread) and spec.min_domains is not None:
        yield from _spread_findings(selection, document, spec)
    elif isinstance(spec, Resize):
        yield from _resize_findings(selection, document, spec)
    if not isinstance(spec, RuleSpec) or type(spec) not in JUDGES or not _picks_guests(selection, document):
        return
    concerned = [
        scope
        for scope in JUDGES[type(spec)](document, spec, selection, selection.derived(_domain_maps))
        if any(vm_id in selection.wanted for vm_id in scope.members)
    ]
    host_scopes = [scope for scope in concerned if isinstance(scope, HostScope)]
    nowhere = sum(len(scope.members) for scope in host_scopes if not scope.hosts)
    if nowhere:
        path, guests = _host_field(document), sum(len(scope.members) for scope in host_scopes)
        which = f"none of the {guests}" if nowhere == guests else f"{nowhere} of the {guests}"
        may = "may run anywhere" if nowhere == guests else "may run nowhere"
        message = f"no host satisfies {path}, so {which} selected guests {may}"
        if nowhere < guests:
            message = f"no host satisfies {path} for {which} selected guests, so they {may}"
        fix = "look for misspelt labels and capabilities, and what storage pools hosts reach and guests name"
        yield finding_at(document, path, _severity(spec), "no-host", message, fix)
    if not concerned:
        message = "constrains nothing here: its condition does not hold, or no group is large enough to break it"
        yield finding_at(document, "spec.select", Severity.INFO, "no-effect", message, "compare groups and limits")


def _domain_maps(selection: Selection) -> DomainMaps:
    return DomainMaps(selection)


def _topology(selection: Selection) -> Topology:
    return Topology(selection.snapshot)


def _picks_guests(selection: Selection, document: Document) -> bool:
    """Whether the rule has one selector of guests and it picks somebody; all else is said in other words."""
    uses = [
        use
        for use in selectors_in(type(document.spec), document.content.get("spec"))
        if use.scope is ExpressionScope.VM
    ]
    return len(uses) == 1 and all(selection.vms(document, use.path, _selector(use)) for use in uses)


def _selector(use: SelectorUse) -> Selector:
    return Selector.model_validate(use.content, by_alias=True, by_name=False)


def _host_field(document: Document) -> str:
    """The field that says which hosts."""
    content = document.content.get("spec")
    kind = type(document.spec)
    paths = [use.path for use in selectors_in(kind, content) if use.scope in _OF_HOSTS]
    paths += [use.path for use in expressions_in(kind, content) if use.scope in _OF_HOSTS]
    return paths[0] if paths else "spec"


def _spread_findings(selection: Selection, document: Document, spec: Spread) -> Iterator[Finding]:
    topology = selection.derived(_topology)
    domains = {topology.domain(host.id, spec.topology) for host in selection.snapshot.hosts}
    assert spec.min_domains is not None
    if len(domains) < spec.min_domains and spec.topology in topology.kinds:
        message = f"wants {spec.min_domains} domains of kind {spec.topology}, the snapshot has {len(domains)}"
        fix = "lower minDomains"
        yield finding_at(document, "spec.minDomains", _severity(spec), "too-few-domains", message, fix)


def _resize_findings(selection: Selection, document: Document, spec: Resize) -> Iterator[Finding]:
    chosen, tier_of = selection.vms(document, "spec.select", spec.select), guest_tiers(selection)
    tiers = {document.name: tier for document, tier in ranked_tiers(selection)}
    rights = [tiers[name].resize for name in sorted({tier_of[vm_id].name for vm_id in chosen})]
    known = selection.derived(_resources)
    floors = {resource: percent(share) for resource, share in spec.floor.items() if resource in known}
    raises = any(
        right is not None and right.floor_percent(resource) < least
        for right in rights
        for resource, least in floors.items()
    )
    if chosen and floors and not raises:
        message = "raises no floor: the tiers of the selected guests leave them as much anyway"
        fix = "delete it, or compare the floors with resize.floor of the tiers"
        yield finding_at(document, "spec.floor", Severity.WARNING, "no-effect", message, fix)


def _separate_findings(selection: Selection, document: Document, spec: Separate) -> Iterator[Finding]:
    sets = [selection.vms(document, f"spec.between[{i}]", selector) for i, selector in enumerate(spec.between)]
    first: dict[str, int] = {}
    for j, members in enumerate(sets):
        both: dict[int, list[str]] = {}
        for vm_id in members:
            if (i := first.setdefault(vm_id, j)) != j:
                both.setdefault(i, []).append(vm_id)
        for i, shared in sorted(both.items()):
            guests = f"{len(shared)} guests, but a guest may be in one set only: {named(sorted(shared))}"
            message, fix = f"sets {i} and {j} share {guests}", "narrow one of the selectors"
            yield finding_at(document, f"spec.between[{j}]", Severity.ERROR, "overlapping-sets", message, fix)
    values = Counter(
        value
        for members in sets
        for value in (selection.groups(document, "spec.partnersBy", members, spec.partners_by) if members else ())
    )
    if all(sets) and max(values.values(), default=0) < _PAIR:
        message = "no guest of one set has a partner in another: the rule keeps nothing apart"
        fix = "compare the values that partnersBy gives in each set"
        yield finding_at(document, "spec.partnersBy", Severity.WARNING, "no-partners", message, fix)


def _severity(spec: RuleSpec) -> Severity:
    return Severity.ERROR if spec.level is Level.MUST else Severity.WARNING


def _resources(selection: Selection) -> frozenset[str]:
    """Every resource that some host has."""
    return frozenset(resource for host in selection.snapshot.hosts for resource in host.capacity)
