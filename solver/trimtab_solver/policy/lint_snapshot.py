"""What a policy means on one cluster: selectors that pick nothing, names nothing has, rules nothing can keep."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator
from itertools import combinations

from ..errors import PolicyRefusedError
from ..rules.host_requirement import HostRequirement
from ..rules.pin import Pin
from ..rules.separate import Separate
from ..rules.spread import Spread
from ..rules.tier import Tier
from ..rules.together import Together
from ..snapshot import Snapshot
from ..topology import Topology
from .documents import Document, Level, Policy, RuleSpec, Selector, Source
from .expression_fields import selectors_in
from .findings import Finding, Severity, finding_at
from .selection import Selection, named
from .variables import Scope

_PLACE = re.compile(r"(?P<file>.*?):(?P<line>\d+):(?P<column>\d+) ")


def snapshot_findings(policy: Policy, snapshot: Snapshot) -> list[Finding]:
    """Findings about what the policy means on `snapshot`. Disabled rules are passed over."""
    selection = Selection(policy, snapshot)
    findings: list[Finding] = []
    try:
        selection.tier_of()
    except PolicyRefusedError as refusal:
        findings += _refused(refusal)
    for document in policy.documents:
        spec = document.spec
        if isinstance(spec, RuleSpec) and not spec.enabled:
            continue
        try:
            findings += _selector_findings(selection, document)
            findings += _rule_findings(selection, document)
        except PolicyRefusedError as refusal:
            findings += _refused(refusal)
        findings += _name_findings(selection, document)
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


def _refused(refusal: PolicyRefusedError) -> Iterator[Finding]:
    for fault in refusal.faults:
        rule = fault.reason.value.lower().replace("_", "-")
        yield Finding(Severity.ERROR, _source_in(fault.path), rule, fault.message, fault.fix)


def _source_in(path: str) -> Source:
    """The place that a fault or warning begins with, as in "tiers.yaml:3:9 spec.select.cel"."""
    place = _PLACE.match(path)
    if place is None:
        return Source(path.partition(" ")[0])
    return Source(place["file"], int(place["line"]), int(place["column"]))


# --- selectors ------------------------------------------------------------------------------------------------------


def _selector_findings(selection: Selection, document: Document) -> Iterator[Finding]:
    for use in selectors_in(type(document.spec), document.content.get("spec")):
        selector = Selector.model_validate(use.content, by_alias=True, by_name=False)
        is_vm = use.scope is Scope.VM
        noun = "guest" if is_vm else "host"
        everything = [part.id for part in (selection.snapshot.vms if is_vm else selection.snapshot.hosts)]
        found = (selection.vms if is_vm else selection.hosts)(document, use.path, selector)
        unknown = sorted(set(selector.ids or ()) - set(everything))
        if unknown:
            message = f"{use.path} names {noun}s that the snapshot does not hold: {named(unknown)}"
            fix = _suggestion(unknown[0], everything)
            yield finding_at(
                document,
                f"{use.path}.ids",
                Severity.WARNING,
                "unknown-id",
                message,
                fix,
            )
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


# --- rules ----------------------------------------------------------------------------------------------------------


def _rule_findings(selection: Selection, document: Document) -> Iterator[Finding]:
    spec = document.spec
    if isinstance(spec, Pin):
        guests = selection.vms(document, "spec.select", spec.select)
        if guests and not selection.hosts(document, "spec.hosts", spec.hosts):
            yield _nowhere(document, spec, "spec.hosts", len(guests))
    elif isinstance(spec, HostRequirement):
        guests = selection.vms(document, "spec.select", spec.select)
        if guests and not selection.hosts_where(document, "spec.require", spec.require):
            yield _nowhere(document, spec, "spec.require", len(guests))
    elif isinstance(spec, Separate):
        yield from _separate_findings(selection, document, spec)
    elif isinstance(spec, Spread) and spec.min_domains is not None:
        topology = Topology(selection.snapshot)
        domains = {topology.domain(host.id, spec.topology) for host in selection.snapshot.hosts}
        if len(domains) < spec.min_domains and spec.topology in topology.kinds:
            message = f"wants {spec.min_domains} domains of kind {spec.topology}, the snapshot has {len(domains)}"
            yield finding_at(
                document,
                "spec.minDomains",
                _severity(spec),
                "too-few-domains",
                message,
                "lower minDomains",
            )


def _separate_findings(selection: Selection, document: Document, spec: Separate) -> Iterator[Finding]:
    sets = [selection.vms(document, f"spec.between[{i}]", selector) for i, selector in enumerate(spec.between)]
    partners = [set(selection.groups(document, "spec.partnersBy", members, spec.partners_by)) for members in sets]
    meets = False
    for i, j in combinations(range(len(sets)), 2):
        meets = meets or bool(sets[i] and sets[j] and partners[i] & partners[j])
        both = sorted(set(sets[i]) & set(sets[j]))
        if both:
            message = f"sets {i} and {j} share {len(both)} guests, but a guest may be in one set only: {named(both)}"
            fix = "narrow one of the selectors"
            yield finding_at(
                document,
                f"spec.between[{j}]",
                Severity.ERROR,
                "overlapping-sets",
                message,
                fix,
            )
    if not meets and all(sets):
        message = "no guest of one set has a partner in another: the rule keeps nothing apart"
        fix = "compare the values that partnersBy gives in each set"
        yield finding_at(document, "spec.partnersBy", Severity.WARNING, "no-partners", message, fix)


def _nowhere(document: Document, spec: RuleSpec, path: str, guests: int) -> Finding:
    message = f"no host satisfies {path}, so none of the {guests} selected guests may run anywhere"
    return finding_at(
        document,
        path,
        _severity(spec),
        "no-host",
        message,
        "look for misspelt labels and capabilities",
    )


def _severity(spec: RuleSpec) -> Severity:
    return Severity.ERROR if spec.level is Level.MUST else Severity.WARNING


# --- names ----------------------------------------------------------------------------------------------------------


def _name_findings(selection: Selection, document: Document) -> Iterator[Finding]:
    spec = document.spec
    if isinstance(spec, (Separate, Spread, Together)):
        kinds = Topology(selection.snapshot).kinds
        if spec.topology not in kinds:
            message = f'the snapshot has no failure domains of kind "{spec.topology}"'
            fix = _suggestion(spec.topology, kinds)
            yield finding_at(
                document,
                "spec.topology",
                _severity(spec),
                "unknown-topology",
                message,
                fix,
            )
    elif isinstance(spec, Tier):
        resources = {resource for host in selection.snapshot.hosts for resource in host.capacity}
        fields = [(f"spec.noOvercommit[{i}]", name) for i, name in enumerate(spec.no_overcommit)]
        fields += [(f"spec.resize.floor.{name}", name) for name in (spec.resize.floor if spec.resize else ())]
        for path, name in fields:
            if name not in resources:
                message = f'no host has the resource "{name}"'
                fix = _suggestion(name, resources)
                yield finding_at(document, path, Severity.WARNING, "unknown-resource", message, fix)


def _suggestion(name: str, known: Iterable[str]) -> str:
    names = sorted(known)
    if close := difflib.get_close_matches(name, names, n=1):
        return f'did you mean "{close[0]}"?'
    return f"known are {named(names)}"
