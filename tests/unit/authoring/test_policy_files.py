"""What is read of a folder: its files, and nothing outside of it."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from trimtab_solver.authoring.loader import load_policy
from trimtab_solver.authoring.policy_files import read_policy_files
from trimtab_solver.errors import PolicyRefusedError

_TIER = "apiVersion: trimtab/v1\nkind: Tier\nmetadata: {name: gold}\nspec: {rank: 1}\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with one tier, and a secret beside it."""
    (tmp_path / "secret.yaml").write_text("secret: words\n")
    (tmp_path / "policy").mkdir()
    (tmp_path / "policy" / "tiers.yaml").write_text(_TIER)
    return tmp_path / "policy"


def _refusal(folder: Path) -> str:
    with pytest.raises(PolicyRefusedError) as refusal:
        load_policy(folder)
    return str(refusal.value)


def test_links_inside_of_the_folder_are_followed(folder: Path) -> None:
    """As volumes of Kubernetes have them: a hidden folder with the files, and links to these."""
    (folder / "..data").mkdir()
    (folder / "tiers.yaml").rename(folder / "..data" / "tiers.yaml")
    (folder / "tiers.yaml").symlink_to(Path("..data") / "tiers.yaml")
    assert read_policy_files(folder) == {"tiers.yaml": _TIER.encode()}


@pytest.mark.parametrize("target", ["../secret.yaml", "/etc/passwd", "..data/../../secret.yaml"])
def test_a_link_out_of_the_folder_is_refused_unread(folder: Path, target: str) -> None:
    """Its name is said, nothing of what it leads to."""
    (folder / "..data").mkdir()
    (folder / "x.yaml").symlink_to(target)
    assert _refusal(folder) == (
        f"{folder}/x.yaml: is a link that leads out of the folder (copy the file into the folder)"
    )


def test_what_is_no_file_is_refused_and_not_waited_for(folder: Path) -> None:
    """A pipe, a link to nowhere and a link to itself would each be a rule that is lost."""
    os.mkfifo(folder / "pipe.yaml")
    (folder / "lost.yaml").symlink_to("gone.yaml")
    (folder / "self.yaml").symlink_to("self.yaml")
    text = _refusal(folder)
    for name in ("pipe", "lost", "self"):
        assert f"{folder}/{name}.yaml: is no file, or a link to none" in text


def test_a_name_that_is_not_utf_8_is_refused_in_text(folder: Path) -> None:
    """What is said can be sent as text."""
    Path(os.fsdecode(os.fsencode(folder) + b"/r\xff.yaml")).write_text(_TIER)
    text = _refusal(folder)
    assert text == f"{folder}/r\\xff.yaml: has a name that is not UTF-8 (rename it)"
    assert text.encode()


def test_random_names_and_links_are_read_or_refused(folder: Path) -> None:
    """Whatever a folder holds: either the policy, or faults as text, and never a word from outside."""
    for seed in range(40):
        draw = random.Random(seed)
        name = bytes(draw.choice(b"a.\xff\xc3\xa9\n\x1b \\-") for _ in range(draw.randint(1, 6))) + b".yaml"
        path = Path(os.fsdecode(os.fsencode(folder) + b"/" + name))
        if draw.random() < 0.5:
            path.write_bytes(draw.choice((b"", b"\xff", b"x: [", b"kind: Tier")))
        else:
            path.symlink_to(draw.choice(("../secret.yaml", "tiers.yaml", "nowhere", "/", ".", "/proc/self/mem")))
        said = ""
        try:
            load_policy(folder)
        except PolicyRefusedError as refusal:
            said = str(refusal)
        path.unlink()
        assert "words" not in said
        assert said.encode().decode() == said
