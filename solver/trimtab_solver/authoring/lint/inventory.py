"""Resources and kinds of failure domain that a policy names and no cluster has: such a promise holds nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Final

from ...policy.documents import Document, Level, Policy, RuleSpec
from ...policy.expressions import references_in
from ...policy.likeness import Spelling
from ...policy.resources import resources_named
from ...snapshot import Snapshot
from ...topology import HOST_KIND, Topology
from ..expression_fields import domain_kinds_in, expressions_in
from ..findings import Finding, Severity, finding_at
from ..policy_test import PolicyTest

_USUAL_RESOURCES: Final = frozenset({"cpu_milli", "memory_mib"})
"""What nearly every cluster has, by the names that importers and samples give it."""


@dataclass(frozen=True, slots=True)
class _Mention:
    """One place where a document names a kind of failure domain or a resource."""

    document: Document
    path: str
    name: str


@dataclass(frozen=True, slots=True)
class _Cluster:
    """What hosts are known to have, and who says so."""

    source: str
    resources: frozenset[str]
    topologies: frozenset[str]


def inventory_findings(policy: Policy, snapshot: Snapshot | None) -> Iterator[Finding]:
    """By the snapshot if there is one, else by the fixtures of the tests, else by the rest of the policy."""
    documents = [document for document in policy.documents if document.is_enabled]
    topologies = [mention for document in documents for mention in _topologies(document)]
    resources = [_Mention(one.document, one.path, one.resource) for d in documents for one in resources_named(d)]
    cluster = _of_fixtures(policy) if snapshot is None else _of_snapshot(snapshot)
    if cluster is None:
        yield from _rare(topologies, {HOST_KIND}, "kind of failure domain", "unknown-topology")
        yield from _rare(resources, _USUAL_RESOURCES, "resource", "unknown-resource")
        return
    kinds, names = Spelling(cluster.topologies), Spelling(cluster.resources)
    for one in topologies:
        if one.name not in cluster.topologies:
            message = f'{cluster.source} no failure domains of kind "{one.name}"'
            severity = _severity(one.document) if snapshot is not None else Severity.WARNING
            fix = kinds.suggestion(one.name)
            yield finding_at(one.document, one.path, severity, "unknown-topology", message, fix)
    for one in resources:
        if one.name not in cluster.resources:
            message = f'{cluster.source} no host with the resource "{one.name}"'
            fix = names.suggestion(one.name)
            yield finding_at(one.document, one.path, Severity.WARNING, "unknown-resource", message, fix)


def _topologies(document: Document) -> Iterator[_Mention]:
    content = document.content.get("spec")
    for path, kind in domain_kinds_in(type(document.spec), content):
        yield _Mention(document, path, kind)
    for use in expressions_in(type(document.spec), content):
        for reference in references_in(use.source, use.scope):
            if reference.variable == "host.domains" and reference.key is not None:
                yield _Mention(document, use.path, reference.key)


def _of_snapshot(snapshot: Snapshot) -> _Cluster:
    resources = frozenset(name for host in snapshot.hosts for name in host.capacity)
    return _Cluster("the snapshot has", resources, frozenset(Topology(snapshot).kinds))


def _of_fixtures(policy: Policy) -> _Cluster | None:
    """All clusters of the tests; None without tests, or where one is on a snapshot file, which lint does not read."""
    tests = [document.spec for document in policy.tests if isinstance(document.spec, PolicyTest)]
    fixtures = [test.fixtures for test in tests if test.fixtures is not None]
    if not fixtures or len(fixtures) < len(tests):
        return None
    hosts = [host for one in fixtures for host in (one.each_host, *one.hosts.values())]
    return _Cluster(
        "the fixtures of the tests have",
        frozenset(name for host in hosts for name in host.capacity),
        frozenset({HOST_KIND, *(domain.kind for one in fixtures for domain in one.domains.values())}),
    )


def _rare(mentions: list[_Mention], usual: Collection[str], what: str, rule: str) -> Iterator[Finding]:
    """Names that are used once, where almost the same name is a usual one or used more often."""
    counts = Counter(mention.name for mention in mentions)
    others = Spelling({name for name, number in counts.items() if number > 1} | set(usual))
    for one in mentions:
        if counts[one.name] == 1 and one.name not in usual and (close := others.closest(one.name)):
            message = f'the {what} "{one.name}" is used only here'
            yield finding_at(one.document, one.path, Severity.WARNING, rule, message, f'did you mean "{close}"?')


def _severity(document: Document) -> Severity:
    is_must = isinstance(document.spec, RuleSpec) and document.spec.level is Level.MUST
    return Severity.ERROR if is_must else Severity.WARNING
