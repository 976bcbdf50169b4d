"""The library as its users have it: `import trimtab_solver`, and what docs/library.md says of it."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

from hatchling.builders.wheel import WheelBuilder

import trimtab_solver

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "library.md"
HEAVY = {"cel_expr_python", "numba", "numpy", "ortools", "pydantic", "yaml"}


def _run(code: str, folder: Path) -> str:
    command = [sys.executable, "-c", code]
    # long enough to compile kernels that no run has needed before
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True, timeout=280).stdout


def test_importing_the_package_is_cheap(tmp_path: Path) -> None:
    """Names are there at once; what is heavy is loaded when a function is asked for."""
    loaded = _run("import sys, trimtab_solver; print(*{name.partition('.')[0] for name in sys.modules})", tmp_path)
    assert not set(loaded.split()) & HEAVY
    assert "pydantic" in _run("import sys; from trimtab_solver import load_policy; print(*sys.modules)", tmp_path)


def test_every_name_is_there() -> None:
    """`__all__` holds no name that is not, and an unknown name is an error that names it."""
    assert all(getattr(trimtab_solver, name).__doc__ for name in trimtab_solver.__all__)
    assert trimtab_solver.__all__ == sorted(trimtab_solver.__all__)
    assert "no attribute 'plan_everything'" in _run(
        "import trimtab_solver\ntry: trimtab_solver.plan_everything\nexcept AttributeError as error: print(error)", ROOT
    )


def test_the_page_lists_what_is_public() -> None:
    """The table of docs/library.md names exactly `__all__`."""
    rows = [line.split("|")[1] for line in PAGE.read_text().splitlines() if line.startswith("| `")]
    assert sorted(name for row in rows for name in re.findall(r"`(\w+)`", row)) == trimtab_solver.__all__


def test_the_example_of_the_page_runs(tmp_path: Path) -> None:
    """Pasted into a scratch folder, with public names only, it prints what the page says."""
    blocks = dict(re.findall(r"```(\w*)\n(.*?)```", PAGE.read_text(), re.DOTALL))
    (tmp_path / "policy.yaml").write_text(blocks["yaml"])
    (tmp_path / "snapshot.json").write_text(blocks["json"])
    imports = [node for node in ast.walk(ast.parse(blocks["python"])) if isinstance(node, (ast.Import, ast.ImportFrom))]
    assert {getattr(node, "module", None) for node in imports} == {"trimtab_solver", "dataclasses"}
    assert _run(blocks["python"], tmp_path) == blocks[""]


def test_types_travel_with_the_wheel() -> None:
    """Both packages are marked as typed, and the marks are shipped."""
    shipped = {file.distribution_path for file in WheelBuilder(str(ROOT)).recurse_included_files()}
    assert {"trimtab_solver/py.typed", "trimtab_server/py.typed", "trimtab/py.typed"} <= shipped
