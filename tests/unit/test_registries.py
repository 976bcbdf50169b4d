"""Nothing is half there: each kind has all that a kind consists of."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import pytest

from trimtab_solver.authoring.loader import load_policy
from trimtab_solver.engines.bounds.crowding import COUNTED, RELAXED
from trimtab_solver.policy.documents import RuleSpec
from trimtab_solver.primitives.group import GroupPrimitive
from trimtab_solver.rules import KINDS
from trimtab_solver.rules.compile import COMPILERS
from trimtab_solver.verify.judges import JUDGES

_ROOT = Path(__file__).parents[2]
_PAGES = _ROOT / "docs" / "policy"
_JUDGES = _ROOT / "solver" / "trimtab_solver" / "verify"
_SEARCH = _ROOT / "solver" / "trimtab_solver" / "engines" / "search"
_GOLDEN = _ROOT / "tests" / "golden"
_RIGHTS = {"Tier": "rights.py", "PolicySet": None}
"""Kinds that are no rules: where what they say is judged."""


def _words(kind: str, joint: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", joint, kind).lower()


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_a_page_with_all_its_fields(kind: str) -> None:
    """An example that names the kind, a row for each field, and a link from the index."""
    page = _PAGES / f"{_words(kind, '-')}.md"
    text = page.read_text()
    assert text.startswith(f"# {kind}\n")
    assert f"kind: {kind}\n" in text
    for field in KINDS[kind].model_fields.values():
        assert re.search(rf"^\|[^|]*`{field.alias}`", text, re.MULTILINE), field.alias
    assert f"({page.name})" in (_PAGES / "index.md").read_text()


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_a_judge_of_its_name(kind: str) -> None:
    """Rules are in the registries of compilers and judges; the others have a module in `verify` all the same."""
    spec = KINDS[kind]
    if issubclass(spec, RuleSpec):
        assert spec in COMPILERS
        assert JUDGES[spec].__module__ == f"trimtab_solver.verify.{_words(kind, '_')}"
    elif (name := _RIGHTS.get(kind, f"{_words(kind, '_')}.py")) is not None:
        assert (_JUDGES / name).exists()


def test_every_kind_occurs_in_a_golden_case() -> None:
    """A story by hand for each, but for the frame that a policy set is."""
    cases = "\n".join(path.read_text() for path in (_GOLDEN / "cases").glob("*.yaml"))
    used = [path for path in (_GOLDEN / "policies").glob("*.yaml") if path.name in cases]
    tiers = _GOLDEN / "policies" / "tiers.yaml"
    kinds = {
        document.kind
        for path in used
        for document in load_policy([path] if "kind: Tier" in path.read_text() else [tiers, path]).documents
    }
    assert kinds | {"PolicySet"} == set(KINDS)


def _named(kinds: Iterable[type]) -> dict[str, type]:
    """By name: a dataclass with slots is a second class, and the first may still be there."""
    return {kind.__name__: kind for kind in kinds}


_PRIMITIVES = _named(GroupPrimitive.__subclasses__())


@pytest.mark.parametrize("primitive", [kind for _, kind in sorted(_PRIMITIVES.items())])
def test_every_group_primitive_has_a_search_kernel_of_its_name(primitive: type[GroupPrimitive]) -> None:
    """The exact engine posts what the primitive encodes itself; the search has a module for it that it really uses."""
    name = _words(primitive.__name__, "_")
    assert primitive.__module__ == f"trimtab_solver.primitives.{name}"
    kernels = (_SEARCH / "kernels" / "groups.py").read_text()
    assert (_SEARCH / "kernels" / f"{name}.py").exists()
    assert f"from .{name} import" in kernels
    assert f"case {primitive.__name__}(" in (_SEARCH / "group_rows.py").read_text()


def test_bounds_count_every_group_primitive_or_say_why_not() -> None:
    """Exactly one of the two, so that none is forgotten; the exact engine cannot forget one, `encode` is abstract."""
    assert _named([*COUNTED, *RELAXED]).keys() == _PRIMITIVES.keys()
    assert not COUNTED.keys() & RELAXED.keys()
    assert all(RELAXED.values())
