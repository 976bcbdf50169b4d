"""One typing error brings one fault, not one for each thing that depends on what could not be read."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from trimtab_solver.authoring.loader import parse_policy
from trimtab_solver.authoring.policy_files import read_policy_files
from trimtab_solver.errors import Fault, PolicyRefusedError

FILES = read_policy_files(Path(__file__).parents[3] / "samples" / "policies" / "gold-silver-bronze")
TIERS = FILES["tiers.yaml"].decode()


def _faults(old: str, new: str, file: str = "tiers.yaml") -> tuple[Fault, ...]:
    text = FILES[file].decode()
    assert old in text
    return _refusal({**FILES, file: text.replace(old, new, 1).encode()})


@pytest.mark.parametrize(
    ("old", "new", "place", "hint"),
    [
        ("  rank: 100", "   rank: 100", "tiers.yaml:16:3:", "check indentation"),
        ("spec:", "spec", "tiers.yaml:13:3:", "check indentation"),
        ("spec:", "sepc:", "tiers.yaml:12:1 sepc", "did you mean spec?"),
        ("kind: Tier", "kinnd: Tier", "tiers.yaml:10:1 kinnd", "did you mean kind?"),
        ("kind: Tier", "kind: Teir", "tiers.yaml:10:7 kind", "did you mean Tier?"),
        ("apiVersion", "apiVersoin", "tiers.yaml:9:1 apiVersoin", "did you mean apiVersion?"),
        ("apiVersion", " apiVersion", "tiers.yaml:10:1:", "check indentation"),
        ("metadata:", "metdata:", "tiers.yaml:11:1 metdata", "did you mean metadata?"),
        ("{name: gold", "{nmae: gold", "tiers.yaml:11:12 metadata.nmae", "did you mean name?"),
        ("{name: gold", "{name :gold", "tiers.yaml:11:12 metadata.name :gold", "did you mean name?"),
        ("  rank: 100", "  rnak: 100", "tiers.yaml:14:3 spec.rnak", "did you mean rank?"),
        ("---\n", "", "tiers.yaml:20:1 apiVersion", "write a line --- before it"),
        ("name: bronze", "name: bornze", "policy-set.yaml:12:31 spec.require[2]", 'did you mean "bornze"?'),
    ],
)
def test_a_typing_error_brings_one_fault(old: str, new: str, place: str, hint: str) -> None:
    """It stands where the error is; documents that name what could not be read are not blamed."""
    (fault,) = _faults(old, new)
    assert fault.path.startswith(place.rstrip(":"))
    assert hint in fault.fix


def test_the_fields_of_a_spec_that_stand_beside_it_are_one_fault() -> None:
    """A block that lost its indentation is not a list of unknown fields, and nothing is missing."""
    block = TIERS[TIERS.index("  rank: 100") : TIERS.index("---")]
    (fault,) = _faults(block, "\n".join(line[2:] for line in block.split("\n")))
    assert fault.message == '"rank" stands beside spec, not in it'


@pytest.mark.parametrize("value", ["balacne", "{name: sum, measuers: {should: 1}}"])
def test_a_value_that_may_be_a_word_or_a_mapping_is_wrong_once(value: str) -> None:
    """Fault and path speak of the field, not of the two ways in which it could be right."""
    text = "apiVersion: trimtab/v1\nkind: Objectives\nmetadata: {name: o}\nspec: {levels: [should, " + value + "]}\n"
    (fault,) = _refusal({**FILES, "levels.yaml": text.encode()})
    assert fault.path.partition(" ")[2].startswith("spec.levels[1]")
    assert "OrderedMeasure" not in str(fault)


@pytest.mark.parametrize(("kind", "name"), [("Tier", "Gold"), ("Objectives", "gold")])
def test_what_a_hint_says_of_names_is_what_is_accepted(kind: str, name: str) -> None:
    """Names of documents and names of levels are not made of the same characters."""
    text = f"apiVersion: trimtab/v1\nkind: {kind}\nmetadata: {{name: {name}}}\n"
    text += (
        "spec: {levels: [{name: 1st.level, measures: {should: 1}}]}\n" if kind == "Objectives" else "spec: {rank: 1}\n"
    )
    hints = [fault.fix for fault in _refusal({"p.yaml": text.encode()}) if "use 1 to" in fault.fix]
    assert hints == [
        "use 1 to 40 of a-z, 0-9, '_', '-', beginning with a letter"
        if kind == "Objectives"
        else "use 1 to 100 of a-z, 0-9, '.', '_', '-', beginning and ending with a letter or digit"
    ]


def test_every_line_of_the_sample_may_slip_by_a_space() -> None:
    """One more space before any line is one fault, or none."""
    for name, content in FILES.items():
        lines = content.decode().split("\n")
        for number in range(0, len(lines), 3):
            slipped = "\n".join([*lines[:number], f" {lines[number]}", *lines[number + 1 :]])
            assert len(_refusal({**FILES, name: slipped.encode()})) <= 1, f"{name}:{number + 1}"


def _refusal(files: Mapping[str, bytes]) -> tuple[Fault, ...]:
    try:
        parse_policy(files)
    except PolicyRefusedError as refusal:
        return refusal.faults
    return ()
