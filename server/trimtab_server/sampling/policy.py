"""Sample policies; that of gold, silver and bronze guests in two zones is the one sample clusters are made for."""

from __future__ import annotations

from pathlib import Path
from typing import Final

_PACKAGED: Final = Path(__file__).parent / "policies"
_IN_REPOSITORY: Final = Path(__file__).parents[3] / "samples" / "policies"
_OF_CLUSTERS: Final = "gold-silver-bronze"


def sample_policy_folders() -> dict[str, Path]:
    """The folder of each sample policy by name: package data once installed, `samples/` in a checkout."""
    # the wheel takes them from samples/ (pyproject.toml), so there is one source
    folder = _PACKAGED if _PACKAGED.is_dir() else _IN_REPOSITORY
    return {path.name: path for path in sorted(folder.iterdir()) if path.is_dir()}


def sample_policy_folder() -> Path:
    """The folder of the policy that sample clusters are made for."""
    return sample_policy_folders()[_OF_CLUSTERS]


def sample_policy() -> dict[str, bytes]:
    """Its files by path, its tests among them: they bring a cluster of their own."""
    folder = sample_policy_folder()
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*.yaml"))}
