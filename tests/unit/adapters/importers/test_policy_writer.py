"""Written policy documents read back as what was meant."""

from __future__ import annotations

import yaml

from trimtab_server.adapters.importers.policy_writer import Draft, write_documents


def test_documents_read_back_unchanged() -> None:
    """Every draft becomes one YAML document with header, metadata and spec."""
    spread = {"select": {"cel": "has(vm.labels.a)"}, "topology": "host", "maxPerDomain": 1}
    raw = write_documents([Draft("Spread", "one", spread, "why: because"), Draft("Tier", "two", {"rank": 3})])
    assert list(yaml.safe_load_all(raw)) == [
        {
            "apiVersion": "trimtab/v1",
            "kind": "Spread",
            "metadata": {"name": "one", "description": "why: because"},
            "spec": spread,
        },
        {"apiVersion": "trimtab/v1", "kind": "Tier", "metadata": {"name": "two"}, "spec": {"rank": 3}},
    ]


def test_words_that_yaml_takes_for_something_else_are_quoted() -> None:
    """Labels such as yes, 1 or null stay strings."""
    labels = {"a": "yes", "b": "1", "c": "null", "d": "x: y", "e": "'"}
    (document,) = yaml.safe_load_all(write_documents([Draft("Pin", "p", {"select": {"matchLabels": labels}})]))
    assert document["spec"]["select"]["matchLabels"] == labels


def test_output_is_tidy() -> None:
    """Blocks for objects, one line for lists of scalars, no aliases for shared values."""
    shared = ["h1", "h2"]
    text = write_documents([Draft("Pin", "p", {"select": {"ids": shared}, "hosts": {"ids": shared}})]).decode()
    assert text.count("ids: [h1, h2]") == 2
    assert "&" not in text
    assert text.splitlines()[:4] == ["apiVersion: trimtab/v1", "kind: Pin", "metadata:", "  name: p"]


def test_objects_in_lists_are_indented_below_their_key() -> None:
    """A list of selectors is indented."""
    text = write_documents([Draft("Separate", "s", {"between": ({"ids": ["a"]}, {"ids": ["b"]})})]).decode()
    assert "  between:\n    - ids: [a]\n    - ids: [b]\n" in text
