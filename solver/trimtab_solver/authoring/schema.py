"""JSON Schema of policy documents, for editors: made from the kinds themselves, so it never lags behind them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from pydantic.json_schema import models_json_schema

from ..policy.documents import API_VERSION, Metadata, Spec
from .loader import DOCUMENT_KINDS

SCHEMA_FILE: Final = "trimtab-v1.schema.json"
"""The name the schema is usually kept under; policy files refer to it in their first line."""

_DRAFT: Final = "http://json-schema.org/draft-07/schema#"
"""The newest draft that the YAML language server implements in full."""
_DEFINITION: Final = "#/definitions/{model}"


def policy_schema(kinds: Mapping[str, type[Spec]] = DOCUMENT_KINDS) -> dict[str, Any]:
    """The schema of one document of any of `kinds`. What it accepts may still be refused: it knows no CEL."""
    models = [(Metadata, "validation"), *((spec, "validation") for spec in kinds.values())]
    # pydantic asks for a list of its own literal type
    references, definitions = models_json_schema(models, by_alias=True, ref_template=_DEFINITION)  # type: ignore[arg-type]
    return {
        "$schema": _DRAFT,
        "title": f"{API_VERSION} policy document",
        "type": "object",
        "required": ["apiVersion", "kind", "metadata"],
        "additionalProperties": False,
        "properties": {
            "apiVersion": {"const": API_VERSION},
            "kind": {"enum": list(kinds)},
            "metadata": references[Metadata, "validation"],
            "spec": {},
        },
        "allOf": [_branch(kind, spec, references[spec, "validation"]) for kind, spec in kinds.items()],
        "definitions": definitions["$defs"],
    }


def schema_text() -> str:
    """The schema as a file holds it."""
    return json.dumps(policy_schema(), indent=2, ensure_ascii=False) + "\n"


def _branch(kind: str, spec: type[Spec], reference: dict[str, Any]) -> dict[str, Any]:
    """What a document of this kind has to satisfy."""
    then: dict[str, Any] = {"properties": {"spec": reference}}
    if any(field.is_required() for field in spec.model_fields.values()):
        then["required"] = ["spec"]
    return {"if": {"required": ["kind"], "properties": {"kind": {"const": kind}}}, "then": then}
