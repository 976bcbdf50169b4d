"""From YAML files to a `Policy`: everything that is wrong is reported at once, each with file, line and column."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ..errors import Fault, PolicyRefusedError, Reason
from ..policy.documents import API_VERSION, MAX_EXPRESSION_LENGTH, Document, Metadata, Policy, Spec
from ..policy.expressions import ExpressionError, compile_expression
from ..policy.likeness import Spelling, matching
from ..policy.precedence import Precedence
from ..rules import KINDS
from ..rules.policy_set import PolicySet
from ..rules.tier import Tier
from .expression_fields import expressions_in
from .header import read_header
from .policy_files import read_policy_files
from .policy_test import PolicyTest
from .raw_documents import RawDocument
from .shapes import field_fault, fit, place_of, shown
from .strict_yaml import read_yaml

DOCUMENT_KINDS: Final[Mapping[str, type[Spec]]] = {**KINDS, "PolicyTest": PolicyTest}
"""Every kind that a policy file may hold."""
MAX_FAULTS: Final = 500
"""How many faults a refusal holds before it only counts."""

_POSITION: Final = re.compile(r"(.*?):(\d+):(\d+)(?: |$)", re.DOTALL)


def load_policy(paths: str | Path | Iterable[str | Path]) -> Policy:
    """The policy in files and folders; of a folder every ``.yaml`` and ``.yml`` below it, hidden ones aside.

    Positions name files relative to the folder when one folder is given, else as they were given.

    Raises
    ------
    PolicyRefusedError
        As `parse_policy`, and if a path does not exist, cannot be read, or is a folder without policy files.
    """
    return parse_policy(read_policy_files(paths))


def parse_policy(files: Mapping[str, bytes]) -> Policy:
    """The policy in `files`, from name to content, read in order of name.

    Raises
    ------
    PolicyRefusedError
        If anything is wrong, with every fault of every file: YAML, unknown kinds and fields, values, expressions,
        names that repeat, no tier, a default tier or required document that does not exist.
    """
    faults: list[Fault] = []
    entries: list[_Entry] = []
    is_whole = True
    for name in sorted(files):
        read = read_yaml(name, files[name])
        faults += read.faults
        is_whole = is_whole and read.is_whole
        entries += [_entry(raw, faults) for raw in read.documents]
    faults += _repeated_names(entries)
    faults += _second_sets(entries)
    # what could not be read may be what others refer to
    is_told = is_whole and all(entry.kind and entry.name for entry in entries)
    if is_told:
        faults += _reference_faults(entries)
    if is_told and not any(entry.kind == "Tier" for entry in entries):
        faults.append(
            Fault(
                Reason.POLICY_FIELD,
                "policy",
                f"holds no Tier (documents: {len(entries)}, files: {len(files)})",
                "add at least one document of kind: Tier",
            )
        )
    if faults:
        raise PolicyRefusedError(_limited(faults))
    read_well = [entry.document for entry in entries if entry.document is not None]
    documents = tuple(document for document in read_well if not isinstance(document.spec, PolicyTest))
    tests = tuple(document for document in read_well if isinstance(document.spec, PolicyTest))
    return Policy(documents, digest_of(documents), tests)


def digest_of(documents: Iterable[Document]) -> str:
    """SHA-256 of what the documents say, in hex: order, comments and written-out defaults do not change it."""
    canonical = sorted(
        (
            document.kind,
            document.name,
            document.metadata.model_dump(mode="json", by_alias=True, exclude_defaults=True),
            document.spec.model_dump(mode="json", by_alias=True, exclude_defaults=True),
        )
        for document in documents
    )
    text = json.dumps(
        [API_VERSION, canonical],
        sort_keys=True,
        separators=(",", ":"),
        ensure_ascii=False,
    )
    return hashlib.sha256(text.encode()).hexdigest()


# --- one document ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Entry:
    """What is known of a document, be it right or wrong. `kind` and `name` are empty when they cannot be told."""

    raw: RawDocument
    kind: str
    name: str
    spec: Spec | None = None
    document: Document | None = None


def _entry(raw: RawDocument, faults: list[Fault]) -> _Entry:
    before = len(faults)
    content = raw.content
    if not isinstance(content, dict):
        if not raw.broken:
            message = f"the document is {shown(content)}, not a mapping"
            faults.append(
                field_fault(
                    raw.source,
                    "",
                    message,
                    "begin with apiVersion: trimtab/v1 and kind:",
                )
            )
        return _Entry(raw, "", "")
    header = read_header(raw, content, DOCUMENT_KINDS, faults)
    metadata: Metadata | None = None
    if "metadata" not in header.unread:
        metadata = fit(Metadata, header.value("metadata"), header.key("metadata"), raw, faults)
    if not header.kind:
        return _Entry(raw, "", header.name)
    spec: Spec | None = None
    spec_type, body = DOCUMENT_KINDS[header.kind], header.value("spec")
    if "spec" not in header.unread:
        spec = fit(spec_type, body, header.key("spec"), raw, faults)
        _check_expressions(raw, spec_type, body, faults)
    document = None
    if spec is not None and metadata is not None and len(faults) == before:
        document = Document(header.kind, metadata, spec, raw.source, raw.positions, content)
    return _Entry(raw, header.kind, header.name, spec, document)


def _check_expressions(raw: RawDocument, spec_type: type[Spec], body: Any, faults: list[Fault]) -> None:
    for use in expressions_in(spec_type, body):
        if not 0 < len(use.source) <= MAX_EXPRESSION_LENGTH:
            continue  # the shape says so
        try:
            compile_expression(use.source, use.scope, use.returns)
        except ExpressionError as error:
            scalar = raw.scalars.get(use.path)
            for fault in error.faults:
                at = scalar.point(fault.line, fault.column) if scalar else place_of(raw, use.path)
                message = f"{fault.message}, at {fault.line}:{fault.column} of {shown(use.source)}"
                faults.append(field_fault(at, use.path, message, fault.fix, Reason.POLICY_EXPRESSION))


# --- the documents together -----------------------------------------------------------------------------------------


def _repeated_names(entries: list[_Entry]) -> Iterator[Fault]:
    first: dict[str, _Entry] = {}
    for entry in entries:
        if not entry.name:
            continue
        other = first.setdefault(entry.name, entry)
        if other is not entry:
            yield field_fault(
                place_of(entry.raw, "metadata.name"),
                "metadata.name",
                f'the name "{entry.name}" is taken by the {other.kind or "document"} at '
                f"{place_of(other.raw, 'metadata.name')}",
                "names are unique in a policy, whatever the kind; rename one",
                Reason.POLICY_CONFLICT,
            )


def _second_sets(entries: list[_Entry]) -> Iterator[Fault]:
    sets = [entry for entry in entries if entry.kind == "PolicySet"]
    for entry in sets[1:]:
        yield field_fault(
            entry.raw.source,
            "kind",
            f"a second PolicySet; the first is at {sets[0].raw.source}",
            "a policy has at most one; merge them",
            Reason.POLICY_CONFLICT,
        )


def _reference_faults(entries: list[_Entry]) -> Iterator[Fault]:
    """Documents that a PolicySet or a tier names and that are not there."""
    sets = [entry for entry in entries if entry.kind == "PolicySet"]
    tiers = [entry.name for entry in entries if entry.kind == Tier.__name__]
    yield from _override_faults(entries, tiers)
    names = sorted({entry.name for entry in entries if entry.name})
    spelling = Spelling(names)
    for entry in sets:
        spec = entry.spec
        if not isinstance(spec, PolicySet):
            continue
        for i, glob in enumerate(spec.require):
            path = f"spec.require[{i}]"
            if not any(name != entry.name for name in matching(glob, names)):
                message = f'no document is named "{glob}"'
                yield field_fault(place_of(entry.raw, path), path, message, spelling.suggestion(glob))
        if spec.default_tier is not None and spec.default_tier not in tiers:
            yield field_fault(
                place_of(entry.raw, "spec.defaultTier"),
                "spec.defaultTier",
                f'there is no Tier named "{spec.default_tier}"',
                Spelling(tiers).suggestion(spec.default_tier),
            )


def _override_faults(entries: list[_Entry], tiers: list[str]) -> Iterator[Fault]:
    specs = {entry.name: entry.spec for entry in entries if isinstance(entry.spec, Tier)}
    precedence = Precedence({name: spec.overrides for name, spec in specs.items()})
    known, spelling = set(tiers), Spelling(tiers)
    for entry in entries:
        if not isinstance(entry.spec, Tier):
            continue
        for i, name in enumerate(entry.spec.overrides):
            path = f"spec.overrides[{i}]"
            at = place_of(entry.raw, path)
            if name not in known:
                yield field_fault(at, path, f'there is no Tier named "{name}"', spelling.suggestion(name))
            elif precedence.overrides(name, entry.name):
                message = f"{entry.name} overrides {name}, which overrides {entry.name}, directly or through others"
                yield field_fault(at, path, message, "remove one of the two", Reason.POLICY_CONFLICT)


def _limited(faults: list[Fault]) -> list[Fault]:
    """The faults in order of file and line; beyond the limit only counted."""
    ordered = sorted(faults, key=_place)
    if len(ordered) <= MAX_FAULTS:
        return ordered
    rest = Counter(fault.path.partition(":")[0] for fault in ordered[MAX_FAULTS:])
    counts = ", ".join(f"{number} in {file}" for file, number in rest.items())
    more = len(ordered) - MAX_FAULTS
    return [
        *ordered[:MAX_FAULTS],
        Fault(
            ordered[0].reason,
            "policy",
            f"{more} more faults: {counts}",
            "fix these first",
        ),
    ]


def _place(fault: Fault) -> tuple[str, int, int]:
    found = _POSITION.match(fault.path)
    return (found[1], int(found[2]), int(found[3])) if found else (fault.path, 0, 0)
