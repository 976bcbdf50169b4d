"""The policy pages name everything that there is, and their links lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from trimtab_server.cli.policy import policy as commands
from trimtab_solver.authoring.loader import DOCUMENT_KINDS
from trimtab_solver.policy.variables import VARIABLES

ROOT = Path(__file__).parents[3]
PAGES = sorted((ROOT / "docs").rglob("*.md"))
POLICY_PAGES = ROOT / "docs" / "policy"
_LINK = re.compile(r"\]\((?!https?:|#)([^)#\s]+)")
_CHECK = re.compile(r'(?:Severity\.[A-Z]+|_severity\(spec\)|severity|mention),\s*"([a-z]+(?:-[a-z]+)*)"')


def words_in(name: str) -> str:
    """The text of a policy page."""
    return (POLICY_PAGES / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("page", [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *PAGES], ids=lambda path: path.name)
def test_links_lead_somewhere(page: Path) -> None:
    """Every relative link of every page names a file or folder that is there."""
    targets = _LINK.findall(page.read_text(encoding="utf-8"))
    assert [target for target in targets if not (page.parent / target).exists()] == []


def test_every_kind_and_every_page_is_in_the_index() -> None:
    """A kind that is missing in the index cannot be found by a newcomer."""
    index = words_in("index.md")
    assert [kind for kind in DOCUMENT_KINDS if f"`{kind}`" not in index] == []
    pages = {path.name for path in POLICY_PAGES.glob("*.md")} - {"index.md", "selectors.md", "tools.md"}
    assert [name for name in sorted(pages) if f"({name})" not in index] == []


def test_every_variable_of_expressions_is_documented() -> None:
    """Under the name that expressions use."""
    page = words_in("selectors.md")
    names = {name for variables in VARIABLES.values() for name in variables}
    assert [name for name in sorted(names) if f"`{name}`" not in page] == []


def test_every_check_of_lint_and_every_command_is_documented() -> None:
    """By the name that findings carry."""
    page = words_in("tools.md")
    folder = ROOT / "solver" / "trimtab_solver" / "authoring" / "lint"
    found = {name for path in folder.glob("*.py") for name in _CHECK.findall(path.read_text(encoding="utf-8"))}
    assert len(found) > 20
    assert [name for name in sorted(found) if f"`{name}`" not in page] == []
    names = {command.name for command in commands.registered_commands}
    assert [name for name in sorted(names, key=str) if f"`trimtab policy {name}" not in page] == []
