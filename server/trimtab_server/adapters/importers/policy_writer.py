"""Writes policy documents as tidy YAML."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from trimtab_solver.policy.documents import API_VERSION


@dataclass(frozen=True, slots=True)
class Draft:
    """A document to write; `spec` has the camelCase keys of its kind, in the order they shall appear."""

    kind: str
    name: str
    spec: Mapping[str, Any]
    description: str = ""


def write_documents(drafts: Iterable[Draft]) -> bytes:
    """One YAML file with all documents, separated by ``---``."""
    return b"---\n".join(_written(draft).encode() for draft in drafts)


def _written(draft: Draft) -> str:
    metadata = {"name": draft.name}
    if draft.description:
        metadata["description"] = draft.description
    document = {"apiVersion": API_VERSION, "kind": draft.kind, "metadata": metadata, "spec": _plain(draft.spec)}
    return yaml.dump(document, Dumper=_Tidy, sort_keys=False, allow_unicode=True, width=110)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value


class _Tidy(yaml.SafeDumper):
    """Blocks, with lists of scalars on one line, and never an alias."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - the signature is PyYAML's
        return True

    # PyYAML does not indent lists below their key unless told so here
    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002 - as above
        super().increase_indent(flow, False)


def _represent_list(dumper: _Tidy, data: list[Any]) -> yaml.SequenceNode:
    flow = not any(isinstance(item, dict | list) for item in data)
    return dumper.represent_sequence("tag:yaml.org,2002:seq", data, flow_style=flow)


_Tidy.add_representer(list, _represent_list)
