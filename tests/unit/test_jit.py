"""Compiled functions: nothing happens at import, and code in the cache is what would be compiled now."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from numba.core.dispatcher import Dispatcher

from trimtab_solver.engines.columns import dynamic_program
from trimtab_solver.engines.search import anneal, calibration, construct, one_for_many, slots, state
from trimtab_solver.jit import CACHE_VARIABLE, code_digest, jit

_KERNELS = (anneal, calibration, construct, dynamic_program, one_for_many, slots, state)

_LISTEN = """
import sys
touched = []
def listen(event, arguments):
    frame = sys._getframe(1) if event in ("open", "os.mkdir") else None
    while frame is not None:
        name = frame.f_code.co_filename
        # the interpreter's own imports, and models whose fields are described in their sources
        if name.startswith("<frozen importlib") or "/pydantic/" in name:
            return
        if "/trimtab_solver/" in name:
            touched.append(f"{event} {arguments[0]}")
            return
        frame = frame.f_back
sys.addaudithook(listen)
import trimtab_solver
import trimtab_solver.engines.search
import trimtab_solver.engines.columns.price_and_branch
print("\\n".join(touched))
"""

_MODULE = """
from trimtab_solver.jit import jit

STEP = {step}

@jit()
def after(n):
    return n + STEP

@jit()
def twice(n):
    return after(after(n))

print(twice(1), sum(twice.stats.cache_hits.values()))
"""


def _run(script: str, **environment: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", script], check=True, capture_output=True, text=True, env=os.environ | environment
    ).stdout.strip()


def test_importing_the_engines_touches_no_file() -> None:
    """Beyond what the interpreter reads to import: no folder is made, nothing is hashed or written."""
    assert _run(_LISTEN) == ""


def test_the_listener_hears_of_files(tmp_path: Path) -> None:
    """The test above would notice a module that writes at import."""
    noisy = tmp_path / "trimtab_solver" / "noisy.py"
    noisy.parent.mkdir()
    noisy.write_text("from pathlib import Path\nPath(__file__).with_name('made').mkdir()\n")
    script = _LISTEN.replace("import trimtab_solver\n", f"import runpy; runpy.run_path({str(noisy)!r})\n")
    assert "os.mkdir" in _run(script)


def test_code_is_compiled_once_and_again_when_a_number_it_uses_changes(tmp_path: Path) -> None:
    """A second process loads what the first one compiled; with another number in the callee it does not."""
    module = tmp_path / "counting.py"
    cache = {CACHE_VARIABLE: str(tmp_path / "cache")}
    script = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import counting"
    found = []
    for step in (1, 1, 5):
        text = _MODULE.format(step=step)
        if not module.exists() or module.read_text() != text:
            module.write_text(text)
        found.append(_run(script, PYTHONDONTWRITEBYTECODE="1", **cache))
    assert found == ["3 0", "3 1", "11 0"]


def test_installations_share_what_one_of_them_has_compiled(tmp_path: Path) -> None:
    """The same module in another folder, written at another time and a line further down."""
    found = []
    for n, home in enumerate(("one", "other")):
        (tmp_path / home).mkdir()
        (tmp_path / home / "counting.py").write_text("\n" * n + _MODULE.format(step=1))
        script = f"import sys; sys.path.insert(0, {str(tmp_path / home)!r}); import counting"
        found.append(_run(script, **{CACHE_VARIABLE: str(tmp_path / "cache")}))
    assert found == ["3 0", "3 1"]


def test_code_is_compiled_again_when_a_function_that_it_calls_has_moved(tmp_path: Path) -> None:
    """What was compiled before names a module that is no more, and could not be loaded."""
    cache = {CACHE_VARIABLE: str(tmp_path / "cache")}
    callee, twice = _MODULE.format(step=1).split("@jit()\ndef twice")
    (tmp_path / "calling.py").write_text(
        f"from trimtab_solver.jit import jit\nfrom given import after\n\n@jit()\ndef twice{twice}"
    )
    found = []
    for home in ("before", "later"):
        (tmp_path / f"{home}.py").write_text(callee)
        (tmp_path / "given.py").write_text(f"from {home} import after\n")
        found.append(_run(f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import calling", **cache))
        (tmp_path / f"{home}.py").unlink()
    assert found == ["3 0", "3 0"]


def _defined(source: str, **names: object) -> Any:
    space: dict[str, object] = dict(names)
    exec(source, space)
    return jit()(space["function"])  # type: ignore[type-var]


def test_a_digest_covers_what_is_called() -> None:
    """It changes with the code of a callee, and with a number that only the callee uses."""
    caller = "def function(n):\n    return inner(n)\n"
    digests = {
        code_digest(_defined(caller, inner=_defined(f"def function(n):\n    return n {sign} STEP\n", STEP=step)))
        for sign, step in (("+", 1), ("+", 1), ("-", 1), ("+", 2))
    }
    assert len(digests) == 3


def test_a_global_without_a_meaning_is_refused() -> None:
    """What cannot be told apart between two processes must not decide what is taken from the cache."""
    with pytest.raises(TypeError, match=r"uses TABLE = .*use a number, a module or another compiled function"):
        code_digest(_defined("def function(n):\n    return TABLE[n]\n", TABLE=[1, 2]))


@pytest.mark.parametrize("module", _KERNELS, ids=lambda module: module.__name__.rpartition(".")[2])
def test_every_kernel_has_a_digest(module: ModuleType) -> None:
    """All that kernels use is a number, a module or another kernel."""
    kernels = [value for value in vars(module).values() if isinstance(value, Dispatcher)]
    assert kernels
    assert len({code_digest(kernel) for kernel in kernels}) == len(kernels)
