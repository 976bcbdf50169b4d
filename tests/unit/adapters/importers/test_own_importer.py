"""The importer of docs/adding-an-importer.md: what stands on the page is run, listed and used."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path
from typing import Any

import pytest

from tests.support.case_files import run
from trimtab_server.adapters import importers
from trimtab_server.adapters.importers.importer import Importer
from trimtab_server.files import read_snapshot

_PAGE = Path(__file__).parents[4] / "docs" / "adding-an-importer.md"
_LIST = Path(__file__).parents[4] / "docs" / "importers.md"


@pytest.fixture
def inventory(monkeypatch: pytest.MonkeyPatch) -> Importer:
    """The importer of the page, in the list of all importers."""
    (block,) = re.findall(r"```python\n(.*?)```", textwrap.dedent(_PAGE.read_text()), re.DOTALL)
    page: dict[str, Any] = {}
    exec(compile(textwrap.dedent(block), str(_PAGE), "exec"), page)
    importer: Importer = page["Inventory"]()
    monkeypatch.setattr(importers, "IMPORTERS", (*importers.IMPORTERS, importer))
    return importer


def test_an_importer_of_the_list_is_offered(inventory: Importer) -> None:
    """By the help, and by the error for a tool that nobody knows."""
    help_text = run("import", "--help").out
    assert re.search(rf"inventory +reads {inventory.reads}", help_text)
    wrong = run("import", "vcenter", "x", "-o", "y.json")
    assert wrong.code == 2
    assert "'vcenter' is no tool whose files can be read; use btrplace" in wrong.err
    assert f"inventory ({inventory.reads})" in wrong.err


def test_an_importer_of_the_list_is_used(inventory: Importer, tmp_path: Path) -> None:
    """Its snapshot and policy can be planned with, and its notes are shown."""
    sheet, state, rules = tmp_path / "sheet.csv", tmp_path / "s.json", tmp_path / "rules"
    sheet.write_text("h1,web,2,100\nh1,db,4,200\nh2,job,1,300\n")
    result = run("import", inventory.name, sheet, "-o", state, "--policy-out", rules)
    assert result.code == 0
    assert "2 hosts, 3 guests" in result.out
    assert "processors are left out: the sheet does not say how many a host has (3 times, first: web)" in result.words
    assert {vm.id: vm.host_id for vm in read_snapshot(state).vms} == {"web": "h1", "db": "h1", "job": "h2"}
    assert run("policy", "lint", rules, "--snapshot", state).code == 0


def test_a_wrong_line_is_refused(inventory: Importer, tmp_path: Path) -> None:
    """With its number, what it is, and what to write."""
    sheet = tmp_path / "sheet.csv"
    sheet.write_text("h1,web,2,100\nh1,db,4,many\n")
    result = run("import", inventory.name, sheet, "-o", tmp_path / "s.json")
    assert (result.code, result.out) == (2, "")
    assert result.err == "line 2: is 'h1,db,4,many' (write host,guest,vcpus,mib)\n"


@pytest.mark.parametrize(("data", "expected"), [(b"", "the cluster has no hosts"), (b"\xff\xfeh1", "not text")])
def test_what_no_plan_could_start_from_is_refused(
    inventory: Importer, tmp_path: Path, data: bytes, expected: str
) -> None:
    """Nothing is written of a snapshot that makes no sense, nor of a file that is no text."""
    sheet, state = tmp_path / "sheet.csv", tmp_path / "s.json"
    sheet.write_bytes(data)
    result = run("import", inventory.name, sheet, "-o", state)
    assert (result.code, result.out) == (2, "")
    assert expected in result.err
    assert not state.exists()


@pytest.mark.parametrize("importer", importers.IMPORTERS, ids=lambda importer: importer.name)
def test_every_importer_has_a_section(importer: Importer) -> None:
    """On the page of importers, by the name that the command line knows."""
    assert f"(`{importer.name}`)\n" in _LIST.read_text()
