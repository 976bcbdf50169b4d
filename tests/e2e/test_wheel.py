"""The wheel alone, in an environment of its own and a folder without a checkout: what it holds, a plan made with it.

In the gate the dependencies and the compiled code are those of the environment that runs the tests. `make wheel`
installs the dependencies as well, as wheels only and with no compiler at hand, and compiles anew (minutes).
"""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

from trimtab_solver.jit import CACHE_VARIABLE, cache_folder

ROOT = Path(__file__).parents[2]
IS_FULL = bool(os.environ.get("TRIMTAB_WHEEL_FULL"))
_PATIENCE_S = 600 if IS_FULL else 120
_SOURCES = {
    "trimtab/": ROOT / "proto" / "trimtab",
    "trimtab_server/sampling/policies/": ROOT / "samples" / "policies",
}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built as `make wheel` builds it."""
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of an environment in which the wheel is installed."""
    home = tmp_path_factory.mktemp("environment")
    if IS_FULL:
        subprocess.run([sys.executable, "-m", "venv", home], check=True)
        _install(home, wheel, "--only-binary", ":all:")
    else:
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", home], check=True)
        _install(home, wheel, "--no-deps", "--no-index")
        (site,) = (home / "lib").glob("python*/site-packages")
        # only a folder to import from: no checkout that is installed there comes along
        (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return home / "bin"


def _install(home: Path, wheel: Path, *options: str) -> None:
    python = home / "bin" / "python"
    subprocess.run(
        [sys.executable, "-m", "pip", "--python", python, "install", "--quiet", *options, wheel],
        check=True,
        # no compiler: what would need one fails
        env=os.environ | {"PATH": str(home / "bin"), "CC": "false", "CXX": "false"},
        timeout=_PATIENCE_S,
    )


def _run(environment: Path, folder: Path, *command: str | Path) -> str:
    """What a program of the environment prints, in a folder without sources."""
    mine = {"PATH": str(environment), "HOME": str(folder)}
    if not IS_FULL:
        mine[CACHE_VARIABLE] = str(cache_folder())
    unwanted = ("TRIMTAB_", "PYTHONPATH", "PATH", "HOME")
    others = {name: value for name, value in os.environ.items() if not name.startswith(unwanted)}
    done = subprocess.run(
        [environment / command[0], *command[1:]],
        check=False,
        cwd=folder,
        env=others | mine,
        capture_output=True,
        text=True,
        timeout=_PATIENCE_S,
    )
    assert done.returncode == 0, f"{done.returncode}: {done.stdout}{done.stderr}"
    assert IS_FULL or "Compiling" not in done.stderr
    return done.stdout


def test_it_holds_every_sample_and_every_proto_file(wheel: Path) -> None:
    """As they are in the sources."""
    with zipfile.ZipFile(wheel) as archive:
        held = {name: archive.read(name) for name in archive.namelist()}
    for inside, folder in _SOURCES.items():
        files = [path for path in folder.rglob("*") if path.is_file()]
        assert files
        for path in files:
            assert held[inside + path.relative_to(folder).as_posix()] == path.read_bytes()


def test_it_plans_without_the_sources(environment: Path, tmp_path: Path) -> None:
    """A sample cluster is made up, broken, planned for, and the plan verified, by what the wheel installs alone."""
    where = _run(environment, tmp_path, "python", "-c", "import trimtab_solver as t; print(t.__file__)")
    assert where.startswith(str(environment.parent))
    _run(environment, tmp_path, "trimtab", "sample", "--hosts", "6", "--vms", "24", "--fail", "host:h0001", "-o", "c")
    cluster = ("c/snapshot.json", "--policy", "c/policy")
    out = _run(environment, tmp_path, "trimtab", "plan", *cluster, "--deadline", "3s", "-o", "plan.json")
    assert "Verified by replay." in out
    assert _run(environment, tmp_path, "trimtab", "verify", "plan.json", "--snapshot", *cluster).startswith("SAFE")


def test_its_samples_can_be_copied_and_used(environment: Path, tmp_path: Path) -> None:
    """Each one, with its tests."""
    listed = [line.split()[0] for line in _run(environment, tmp_path, "trimtab", "policy", "sample").splitlines()]
    assert listed == sorted(path.name for path in (ROOT / "samples" / "policies").iterdir() if path.is_dir())
    _run(environment, tmp_path, "trimtab", "policy", "sample", "proxmox-shop", "-o", "mine")
    assert "nothing found" in _run(environment, tmp_path, "trimtab", "policy", "lint", "mine")
    assert (tmp_path / "mine" / "tests" / "nodes.yaml").is_file()
