"""The policy that sample clusters are made for: gold, silver and bronze guests in two zones."""

from __future__ import annotations

from pathlib import Path

_PACKAGED = Path(__file__).parent / "policy"
_IN_REPOSITORY = Path(__file__).parents[3] / "samples" / "policies" / "gold-silver-bronze"


def sample_policy_folder() -> Path:
    """The folder that holds the gold-silver-bronze documents: package data once installed, `samples/` in a checkout."""
    # the wheel takes the documents from samples/ (pyproject.toml, force-include), so there is one source
    return _PACKAGED if _PACKAGED.is_dir() else _IN_REPOSITORY


def sample_policy() -> dict[str, bytes]:
    """The documents by file name."""
    folder = sample_policy_folder()
    return {path.name: path.read_bytes() for path in sorted(folder.glob("*.yaml"))}
