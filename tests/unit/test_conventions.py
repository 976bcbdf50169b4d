"""What holds of all tests: each says in words what it claims."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

_TESTS = Path(__file__).parents[1]


def _undocumented(source: str) -> Iterator[str]:
    """The names of tests without a docstring; methods and nested functions included."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if node.name.startswith("test_") and not ast.get_docstring(node):
            yield node.name


def test_every_test_has_a_docstring() -> None:
    """The name says what is tested, the docstring what holds; without it a failing test explains nothing."""
    modules = sorted(_TESTS.rglob("test_*.py"))
    assert len(modules) > 50, "the tests are elsewhere"
    assert [f"{path.name}: {name}" for path in modules for name in _undocumented(path.read_text())] == []


def test_a_test_without_a_docstring_is_found() -> None:
    """Functions, methods and coroutines alike, and empty docstrings as none."""
    source = """
def test_a(): pass
class TestB:
    def test_b(self): ''
async def test_c(): pass
def test_d():
    'it holds'
def helper(): pass
"""
    assert sorted(_undocumented(source)) == ["test_a", "test_b", "test_c"]
