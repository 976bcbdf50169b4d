"""The glossary is true: terms stand there once and are used, words that it rules out are not in the code.

And no name stands for two classes.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
GLOSSARY = ROOT / "docs" / "glossary.md"
CODE = ("solver/trimtab_solver", "server/trimtab_server", "tests", "benchmarks")
PACKAGES = ("solver/trimtab_solver", "server/trimtab_server", "benchmarks")
_RULED_OUT = "## Words that are not used"
_TWICE = "## Names that stand twice"


def _rows(text: str) -> list[str]:
    """The first cell of every row of every table."""
    cells = [line.split("|")[1].strip() for line in text.splitlines() if line.startswith("| ")]
    return [cell for cell in cells if cell not in ("term", "not", "class")]


def _terms() -> list[str]:
    return _rows(GLOSSARY.read_text().split(_RULED_OUT)[0])


def _ruled_out() -> list[str]:
    return _rows(GLOSSARY.read_text().split(_RULED_OUT)[1].split(_TWICE)[0])


def _explained() -> list[str]:
    return _rows(GLOSSARY.read_text().split(_TWICE)[1])


def _public_classes(source: str) -> Iterator[str]:
    """The names of the classes that a module lets others use."""
    for node in ast.parse(source).body:
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            yield node.name


@cache
def _words() -> Counter[str]:
    """The parts of all identifiers in small letters: ``RelaxedProblem`` and ``relaxed_problem`` have the same two."""
    found: Counter[str] = Counter()
    for folder in CODE:
        for path in (ROOT / folder).rglob("*.py"):
            for token in tokenize.generate_tokens(io.StringIO(path.read_text()).readline):
                if token.type == tokenize.NAME:
                    found.update(part.lower() for part in re.findall(r"[A-Z]?[a-z0-9]+|[A-Z]+", token.string))
    return found


@cache
def _prose() -> str:
    """All code and pages but the glossary, in small letters, with any space between words as one."""
    pages = [page for page in (ROOT / "docs").rglob("*.md") if page != GLOSSARY]
    sources = [path for folder in CODE[:2] for path in (ROOT / folder).rglob("*.py")]
    return re.sub(r"[\s_-]+", " ", " ".join(path.read_text() for path in (*pages, *sources))).lower()


def test_each_term_stands_there_once() -> None:
    """And within its table in the order of the alphabet."""
    assert len(_terms()) > 50
    assert [term for term, count in Counter(_terms()).items() if count > 1] == []
    for section in GLOSSARY.read_text().split("\n## ")[1:]:
        terms = [term.lower() for term in _rows(section)]
        assert terms == sorted(terms), section.splitlines()[0]


@pytest.mark.parametrize("term", _terms())
def test_a_term_is_used(term: str) -> None:
    """In the code or on another page."""
    assert re.search(rf"\b{re.escape(term.lower().replace('-', ' '))}", _prose())


@pytest.mark.parametrize("word", _ruled_out())
def test_a_word_that_is_ruled_out_is_no_name(word: str) -> None:
    """Nor is its plural, in any module, class, function or variable."""
    assert [part for part in (word, f"{word}s") if _words()[part]] == []
    assert not [path for folder in CODE for path in (ROOT / folder).rglob(f"*{word}*.py")]


def test_no_two_modules_have_a_public_class_of_one_name() -> None:
    """But those that the glossary explains; and what it explains is so."""
    sources = [path.read_text() for folder in PACKAGES for path in (ROOT / folder).rglob("*.py")]
    homes = Counter(name for source in sources for name in set(_public_classes(source)))
    assert len(homes) > 300
    assert sorted(name for name, count in homes.items() if count > 1) == _explained()


def test_public_classes_are_those_at_the_top_of_a_module() -> None:
    """The test above sees a class, and neither one with an underscore nor one inside another."""
    assert list(_public_classes("class A:\n    class B: ...\nclass _C: ...\n")) == ["A"]
