"""Regenerate `proto/gen` from `proto/trimtab`, or with ``--check`` fail when it is not up to date.

protoc is the one of grpcio-tools, which pyproject.toml pins: see README.md.
"""

from __future__ import annotations

import argparse
import filecmp
import shutil
import sys
import tempfile
from importlib import resources
from pathlib import Path

from grpc_tools import protoc

ROOT = Path(__file__).resolve().parent
COMMITTED = ROOT / "gen"
PACKAGE = Path("trimtab", "v1")
DOCSTRINGS = {
    PACKAGE.parent: '"""The wire contract of trimtab, by version."""\n',
    PACKAGE: '"""Generated from proto/trimtab/v1 by proto/generate.py; never edited."""\n',
}


def generate(target: Path) -> None:
    """Write messages for every proto file, stubs for those with a service, and the package markers into `target`."""
    sources = sorted(ROOT.glob(f"{PACKAGE.as_posix()}/*.proto"))
    services = [source for source in sources if "\nservice " in source.read_text(encoding="utf-8")]
    _run_protoc(sources, target, "python", "mypy")
    _run_protoc(services, target, "grpc_python", "mypy_grpc")
    for package, docstring in DOCSTRINGS.items():
        (target / package / "__init__.py").write_text(docstring, encoding="utf-8")
        (target / package / "py.typed").write_text("", encoding="utf-8")


def differences(fresh: Path, committed: Path) -> list[str]:
    """Files of either folder that the other lacks or holds with other content."""
    names = {path.relative_to(folder) for folder in (fresh, committed) for path in folder.rglob("*") if _is_ours(path)}
    return sorted(str(name) for name in names if not _is_same(fresh / name, committed / name))


def _run_protoc(sources: list[Path], target: Path, *outputs: str) -> None:
    # the google.* includes come from the installed packages, so that no copy of them is kept here
    includes = [ROOT, resources.files("grpc_tools") / "_proto"]
    # protoc looks for plugins on PATH only, where they are not unless the environment is activated
    plugins = [f"--plugin={Path(sys.executable).parent / f'protoc-gen-{name}'}" for name in ("mypy", "mypy_grpc")]
    command = [
        "protoc",
        *(f"--proto_path={include}" for include in includes),
        *plugins,
        *(f"--{output}_out={'quiet:' if 'mypy' in output else ''}{target}" for output in outputs),
        *(str(source) for source in sources),
    ]
    if protoc.main(command) != 0:
        sys.exit("protoc failed")


def _is_ours(path: Path) -> bool:
    return path.is_file() and "__pycache__" not in path.parts


def _is_same(one: Path, other: Path) -> bool:
    return one.is_file() and other.is_file() and filecmp.cmp(one, other, shallow=False)


def main() -> None:
    """Regenerate, or compare and exit with 1 when something differs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare only; exit 1 when proto/gen is out of date")
    check = parser.parse_args().check
    with tempfile.TemporaryDirectory() as folder:
        fresh = Path(folder)
        generate(fresh)
        changed = differences(fresh, COMMITTED)
        if check:
            if changed:
                sys.exit("out of date, run `make proto`:\n  " + "\n  ".join(changed))
            return
        shutil.rmtree(COMMITTED, ignore_errors=True)
        shutil.copytree(fresh, COMMITTED)
        for name in changed:
            print(name)


if __name__ == "__main__":
    main()
