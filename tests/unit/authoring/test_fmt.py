"""`policy fmt`: one layout, nothing lost, nothing said differently."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trimtab_solver.authoring.fmt import format_file
from trimtab_solver.authoring.strict_yaml import read_yaml
from trimtab_solver.errors import PolicyRefusedError

SAMPLES = Path(__file__).parents[3] / "samples" / "policies"
UNTIDY = b"""\
# head
apiVersion:   trimtab/v1   # version
kind: Tier
metadata: {name: gold,   owner: 'me'}
spec:
    # strictly first
    rank:    100
    noOvercommit:
    - cpu_milli   # the scarce one
    - memory_mib


    evict: {when: "event.hardware_failures >= 2"}
# tail of the first
---
# head of the second
apiVersion: trimtab/v1
kind: PolicySet
metadata:
     name: all
     description: >-
        folded
        text
"""
TIDY = b"""\
# head
apiVersion: trimtab/v1     # version
kind: Tier
metadata: {name: gold, owner: 'me'}
spec:
    # strictly first
  rank: 100
  noOvercommit:
    - cpu_milli   # the scarce one
    - memory_mib


  evict: {when: "event.hardware_failures >= 2"}
# tail of the first
---
# head of the second
apiVersion: trimtab/v1
kind: PolicySet
metadata:
  name: all
  description: >-
    folded
    text
"""


def test_layout_is_changed_and_nothing_else() -> None:
    """Indentation and blanks; comments (with their column), quotes, styles and the order of keys stay."""
    assert format_file("p.yaml", UNTIDY).decode() == TIDY.decode()


@pytest.mark.parametrize("path", sorted(SAMPLES.rglob("*.yaml")), ids=lambda path: f"{path.parent.name}/{path.name}")
def test_samples_are_formatted(path: Path) -> None:
    """What we show others is laid out as `fmt` does it."""
    assert format_file(path.name, path.read_bytes()) == path.read_bytes()


@pytest.mark.parametrize("text", ["a: [", "a: 1\na: 2\n", "a: &x 1\nb: *x\n", "a: {<<: {}}\n"])
def test_what_is_no_policy_yaml_is_refused(text: str) -> None:
    """A formatter that guesses would change rules."""
    with pytest.raises(PolicyRefusedError, match=r"p\.yaml:"):
        format_file("p.yaml", text.encode())


_SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**9), 10**9),
    st.text(st.characters(codec="utf-8", exclude_categories=["C"])),
)
_VALUES = st.recursive(
    _SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("abcé: #'", min_size=1), inner, max_size=4),
    max_leaves=12,
)


@settings(deadline=None)
@given(_VALUES, st.sampled_from(["", "# c\n"]))
def test_formatting_keeps_the_content_and_changes_nothing_more(value: object, comment: str) -> None:
    """Whatever a file says, it says the same afterwards, and a second run changes nothing."""
    import json

    data = f"{comment}{json.dumps({'spec': value}, ensure_ascii=False)}\n".encode()
    if read_yaml("p.yaml", data).faults:
        return
    once = format_file("p.yaml", data)
    assert format_file("p.yaml", once) == once
    assert [d.content for d in read_yaml("p.yaml", once).documents] == [{"spec": value}]
