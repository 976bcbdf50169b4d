"""The four fields that every document begins with, as they are written or as they are meant."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from ..errors import Fault
from ..policy.documents import API_VERSION, Spec
from .document_kinds import POLICY_DOCUMENT, kind_of_content
from .raw_documents import RawDocument
from .shapes import closest_field, field_fault, place_of, shown, suggest

_FIELDS: Final = ("apiVersion", "kind", "metadata", "spec")
_ELSEWHERE: Final = "name the folder with the policy, or keep this file outside of it"


@dataclass(frozen=True, slots=True)
class Header:
    """What a document says of itself. `kind` is empty when it cannot be told.

    A field that is misspelt is read all the same, so that one typing error brings one fault; `unread` are fields that
    stand in another place than they should, as has been said.
    """

    content: Mapping[str, Any]
    spelt: Mapping[str, str]
    kind: str
    unread: frozenset[str] = frozenset()

    def key(self, field: str) -> str:
        """How the document spells the field."""
        return self.spelt.get(field, field)

    def value(self, field: str) -> Any:
        """What the document says there; no `spec` is as good as an empty one."""
        found = self.content.get(self.key(field), {})
        return {} if found is None and field == "spec" else found

    @property
    def name(self) -> str:
        """The name as written, so that documents can be held against each other even when something else is wrong."""
        metadata = self.value("metadata")
        name = metadata.get("name") if isinstance(metadata, Mapping) else None
        return name if isinstance(name, str) else ""


def read_header(
    raw: RawDocument, content: Mapping[str, Any], kinds: Mapping[str, type[Spec]], faults: list[Fault]
) -> Header:
    """The header, after adding to `faults` what is wrong with it."""
    if (found := kind_of_content(content)) and found != POLICY_DOCUMENT:
        faults.append(field_fault(raw.source, "", f"is {found}, where {POLICY_DOCUMENT} is wanted", _ELSEWHERE))
        return Header(content, {}, "", frozenset(_FIELDS))
    unknown = [key for key in content if key not in _FIELDS]
    meant = {key: closest_field(key, _FIELDS) for key in unknown}
    spelt = {field: key for key, field in meant.items() if field and field not in content}
    kind = _kind_of(raw, content, spelt.get("kind", "kind"), kinds, faults)
    fields = _spec_fields(kinds[kind]) if kind else frozenset()
    run_out = [key for key in unknown if key in fields] if content.get("spec") is None else []
    spelt = {field: key for field, key in spelt.items() if key not in run_out}
    for key in unknown:
        if key not in run_out:
            at = place_of(raw, key, key=True)
            faults.append(field_fault(at, key, f'unknown field "{key}"', suggest(key, _FIELDS)))
    if run_out:
        fix = "indent it and the other fields of spec below spec:"
        message = f'"{run_out[0]}" stands beside spec, not in it'
        faults.append(field_fault(place_of(raw, run_out[0], key=True), run_out[0], message, fix))
    if "apiVersion" not in spelt:
        _check_version(raw, content, faults)
    torn = [
        field for field in ("metadata", "spec") if field in spelt and not isinstance(content[spelt[field]], Mapping)
    ]
    return Header(content, spelt, kind, frozenset([*torn, *(["spec"] if run_out else [])]))


def _spec_fields(spec_type: type[Spec]) -> frozenset[str]:
    return frozenset(field.alias or name for name, field in spec_type.model_fields.items())


def _check_version(raw: RawDocument, content: Mapping[str, Any], faults: list[Fault]) -> None:
    version = content.get("apiVersion")
    if version != API_VERSION and "apiVersion" not in raw.broken:
        message = f"apiVersion is {shown(version)}" if "apiVersion" in content else "apiVersion is missing"
        at = place_of(raw, "apiVersion")
        faults.append(field_fault(at, "apiVersion", message, f"write apiVersion: {API_VERSION}"))


def _kind_of(
    raw: RawDocument, content: Mapping[str, Any], key: str, kinds: Mapping[str, type[Spec]], faults: list[Fault]
) -> str:
    kind = content.get(key)
    if isinstance(kind, str) and kind in kinds:
        return kind
    if key not in raw.broken:
        message = f"unknown kind {shown(kind)}" if key in content else "kind is missing"
        guess = suggest(kind, kinds) if isinstance(kind, str) else ""
        fix = guess if guess.startswith("known") else f"{guess} known are {', '.join(sorted(kinds))}".strip()
        faults.append(field_fault(place_of(raw, key), "kind", message, fix))
    return ""
