"""Faults planted in a copy of the sources: import contracts and types must each notice what is theirs.

All faults of a check are planted at once, so that it runs once.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[2]
_TOOLS = Path(sys.executable).parent
_SOLVER = "solver/trimtab_solver"
_SERVER = "server/trimtab_server"

_IMPORTS = {
    "a judge looks at a primitive": (
        f"{_SOLVER}/verify/spread.py",
        "from ..primitives import domain_limit as domain_limit",
        "trimtab_solver.verify.spread -> trimtab_solver.primitives.domain_limit",
    ),
    "a judge looks at a compiler": (
        f"{_SOLVER}/verify/pin.py",
        "from ..rules import compile as compile",
        "trimtab_solver.verify.pin -> trimtab_solver.rules.compile",
    ),
    "an engine knows a rule kind": (
        f"{_SOLVER}/engines/greedy.py",
        "from ..rules import spread as spread",
        "trimtab_solver.engines.greedy -> trimtab_solver.rules.spread",
    ),
    "the meaning of a policy rests on its author's tools": (
        f"{_SOLVER}/policy/moments.py",
        "from ..authoring import findings as findings",
        "trimtab_solver.policy.moments -> trimtab_solver.authoring.findings",
    ),
    "an importer looks at the server": (
        f"{_SERVER}/adapters/importers/importer.py",
        "from trimtab_server import app as app",
        "trimtab_server.adapters.importers.importer -> trimtab_server.app",
    ),
    "a package of the solver has no layer": (f"{_SOLVER}/novelty.py", "", "trimtab_solver.novelty"),
    "a package of the server has no layer": (f"{_SERVER}/novelty.py", "", "trimtab_server.novelty"),
}
"""File, what is added to it, and what the contracts say of it."""

_MEMBERS = {
    f"{_SOLVER}/actions.py": ("class ActionKind(enum.StrEnum):", 'REBOOT = "REBOOT"', "ActionKind.REBOOT"),
    f"{_SOLVER}/measures.py": ("class Measure(enum.StrEnum):", 'MAKESPAN = "makespan"', "Measure.MAKESPAN"),
}
"""File, enum, a new member of it, and what mypy calls that."""


@pytest.fixture
def scratch(tmp_path: Path) -> Path:
    """A copy of the sources and their settings."""
    for name in ("solver", "server", "proto/gen"):
        shutil.copytree(_ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(_ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def _said(scratch: Path, *command: str) -> str:
    """What a check says that fails; line ends do not matter."""
    paths = os.pathsep.join(str(scratch / name) for name in ("solver", "server", "proto/gen"))
    environment = {**os.environ, "PYTHONPATH": paths, "MYPYPATH": paths, "COLUMNS": "200"}
    done = subprocess.run(
        [_TOOLS / command[0], *command[1:]], cwd=scratch, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1, done.stdout + done.stderr
    return done.stdout


def _mypy(scratch: Path, *files: Path) -> str:
    """What mypy says of these files and folders alone; where it looks no further it may find more than there is."""
    names = sorted(str(file.relative_to(scratch)) for file in files)
    return _said(scratch, "mypy", "--follow-imports=skip", "--no-incremental", *names)


def test_import_contracts_notice_what_reaches_across(scratch: Path) -> None:
    """Whoever imports what is not his to know, and a package that nobody has given a layer, is named."""
    for file, line, _ in _IMPORTS.values():
        path = scratch / file
        path.write_text(f"{path.read_text() if path.exists() else ''}\n{line}\n")
    report = _said(scratch, "lint-imports", "--no-cache")
    assert [fault for fault, (_, _, words) in _IMPORTS.items() if words not in report] == [], report


def test_a_new_member_fails_to_type_check_wherever_kinds_or_measures_are_told_apart(scratch: Path) -> None:
    """A kind of action without traits, a measure without a weight or bound: each place that must know it is named."""
    for file, (enum, member, _) in _MEMBERS.items():
        path = scratch / file
        path.write_text(path.read_text().replace(enum, f"{enum}\n    {member}"))
    places = {path for folder in (_SOLVER, _SERVER) for path in (scratch / folder).rglob("*.py") if _tells_apart(path)}
    assert len(places) > 8, places
    packages = {path if path.parent == scratch / _SOLVER else path.parent for path in places}
    packages = {path for path in packages if packages.isdisjoint(path.parents)}
    report = _mypy(scratch, *packages, scratch / _SOLVER / "snapshot.py")
    members = "|".join(re.escape(name) for _, _, name in _MEMBERS.values())
    named = re.finditer(rf"^(\S+?):\d+: error: .*assert_never.*({members})", report, re.MULTILINE)
    assert places - {scratch / found[1] for found in named} == set()


def _tells_apart(path: Path) -> bool:
    """Whether the module tells all kinds of actions or all measures apart, not only the kinds that act on hosts."""
    text = path.read_text()
    return "assert_never(" in text and bool(re.search(r"case (ActionKind|Measure)\.", text)) and "OfHost" not in text


def test_an_engine_that_forgets_a_level_fails_to_type_check(scratch: Path) -> None:
    """A record of measures has a place for each of them, and none may be left open."""
    engine, records = scratch / _SOLVER / "engines/exact_model.py", scratch / _SOLVER / "measures.py"
    text = engine.read_text()
    assert text.count(" disruption=") == 1
    engine.write_text(re.sub(r" disruption=[^\n]*,\n", "\n", text))
    report = _mypy(scratch, engine, records)
    assert re.search(r'exact_model\.py:\d+: error: Missing .*argument "disruption"', report), report
