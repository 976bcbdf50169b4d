"""The JSON Schema for editors: it accepts what the loader accepts and marks what an author gets wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator

from trimtab_solver.authoring.loader import DOCUMENT_KINDS
from trimtab_solver.authoring.schema import SCHEMA_FILE, policy_schema, schema_text

SAMPLES = Path(__file__).parents[3] / "samples" / "policies"
VALIDATOR = Draft7Validator(policy_schema())
HEAD = {"apiVersion": "trimtab/v1", "metadata": {"name": "x"}}


def complaints(document: dict[str, Any]) -> list[str]:
    """What the schema says against a document."""
    return [error.message for error in VALIDATOR.iter_errors(document)]


def test_the_schema_is_a_schema() -> None:
    """Draft 7, as the YAML language server understands it."""
    Draft7Validator.check_schema(policy_schema())


def test_the_schema_beside_the_samples_is_the_current_one() -> None:
    """If not: make schema."""
    assert (SAMPLES / SCHEMA_FILE).read_text(encoding="utf-8") == schema_text()


@pytest.mark.parametrize("path", sorted(SAMPLES.rglob("*.yaml")), ids=lambda path: f"{path.parent.name}/{path.name}")
def test_samples_name_the_schema_and_satisfy_it(path: Path) -> None:
    """The first line leads an editor to the schema; every document satisfies it."""
    text = path.read_text(encoding="utf-8")
    head, _, reference = text.splitlines()[0].partition("$schema=")
    assert head == "# yaml-language-server: "
    assert (path.parent / reference).resolve() == SAMPLES / SCHEMA_FILE
    for document in yaml.safe_load_all(text):
        assert complaints(document) == []


def test_every_kind_and_every_field_is_in_the_schema() -> None:
    """Under the names that YAML uses, with a description for the author."""
    schema = policy_schema()
    assert schema["properties"]["kind"]["enum"] == list(DOCUMENT_KINDS)
    for branch in schema["allOf"]:
        kind = branch["if"]["properties"]["kind"]["const"]
        name = branch["then"]["properties"]["spec"]["$ref"].rpartition("/")[2]
        definition = schema["definitions"][name]
        spec = DOCUMENT_KINDS[kind]
        assert set(definition["properties"]) == {field.alias for field in spec.model_fields.values()}
        assert definition["description"]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"kind": "Teir"}, "'Teir' is not one of"),
        ({"kind": "Tier"}, "'spec' is a required property"),
        ({"kind": "Tier", "spec": {"rank": "9"}}, "'9' is not of type 'integer'"),
        ({"kind": "Tier", "spec": {"rank": 9, "evcit": {}}}, "Additional properties are not allowed ('evcit'"),
        ({"kind": "PolicySet", "sepc": {}}, "Additional properties are not allowed ('sepc'"),
        ({"kind": "PolicySet", "apiVersion": "v1"}, "'trimtab/v1' was expected"),
        (
            {"kind": "Pin", "spec": {"select": {"ids": ["a"]}, "hosts": {"ids": ["h"]}, "level": "should"}},
            "'weight' is a required property",
        ),
        ({"kind": "Pin", "spec": {"select": {}, "hosts": {"ids": ["h"]}}}, "{} is not valid under any"),
    ],
)
def test_mistakes_are_marked(change: dict[str, Any], expected: str) -> None:
    """Before the author leaves her editor."""
    (complaint,) = complaints({**HEAD, **change})
    assert complaint.startswith(expected)
