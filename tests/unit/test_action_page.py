"""docs/adding-an-action.md beside the code: it names every module that tells kinds of actions apart, and no other."""

from __future__ import annotations

import re
from pathlib import Path

_ROOT = Path(__file__).parents[2]
_PAGE = (_ROOT / "docs" / "adding-an-action.md").read_text(encoding="utf-8")
_SOURCES = (_ROOT / "solver" / "trimtab_solver", _ROOT / "server" / "trimtab_server")


def _telling_apart() -> set[str]:
    """Modules with a `match` over kinds that ends in `assert_never`."""
    return {
        str(path.relative_to(folder))
        for folder in _SOURCES
        for path in folder.rglob("*.py")
        if re.search(r"case ActionKind\.", text := path.read_text(encoding="utf-8")) and "assert_never(" in text
    }


def test_the_page_names_every_module_that_tells_kinds_apart() -> None:
    """Somebody who follows it forgets none."""
    places = _telling_apart()
    assert len(places) >= 9
    assert [place for place in sorted(places) if f"`{place}`" not in _PAGE] == []


def test_what_the_page_names_is_there() -> None:
    """Files and folders of solver, server, contract and tests: a page does not outlive what it is about."""
    names = re.findall(r"`([a-z_/0-9]+(?:\.py|\.proto|\.md|/))`", _PAGE)
    assert len(names) > 12
    homes = (_ROOT, *_SOURCES)
    assert [name for name in names if not any((home / name).exists() for home in homes)] == []
