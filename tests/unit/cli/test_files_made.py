"""``trimtab sample`` and ``trimtab import`` write what the other commands read, and overwrite no policy."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.case_files import run
from trimtab_server.files import read_snapshot
from trimtab_solver.authoring.loader import load_policy
from trimtab_solver.snapshot import HostState

GANETI = """default|fake-uuid-01|preferred||

node1|32768|4096|20480|512000|400000|8|N|fake-uuid-01|1
node2|32768|4096|24576|512000|400000|8|N|fake-uuid-01|1

web1|4096|10240|1|running|Y|node1|node2|drbd|
web2|4096|10240|1|running|Y|node2|node1|drbd|

htools:iextags:service
"""
BTRPLACE = {
    "model": {
        "mapping": {"readyVMs": [], "onlineNodes": {"0": {"runningVMs": [1], "sleepingVMs": []}}, "offlineNodes": []},
        "attributes": {"nodes": {}, "vms": {}},
        "views": [],
    },
    "constraints": [],
}


def test_sample_writes_a_broken_cluster_and_its_policy(tmp_path: Path) -> None:
    """Snapshot and policy load, its tests pass; the summary says what failed and what to do next."""
    folder = tmp_path / "made"
    result = run("sample", "--hosts", "9", "--vms", "40", "--load", "0.7", "--fail", "rack:r01", "-o", folder)
    assert (result.code, result.err) == (0, "")
    snapshot = read_snapshot(folder / "snapshot.json")
    assert len(snapshot.hosts) == 9
    assert sum(host.state is HostState.DOWN for host in snapshot.hosts) == 2
    assert load_policy(folder / "policy").documents
    assert run("policy", "test", folder / "policy").code == 0
    assert "1 hardware failure (r01): 2 hosts down" in result.words
    assert f"trimtab plan {folder / 'snapshot.json'} --policy {folder / 'policy'}" in result.out


def test_sample_is_the_same_for_the_same_seed(tmp_path: Path) -> None:
    """Byte for byte."""
    texts = []
    for folder, seed in (("a", "3"), ("b", "3"), ("c", "4")):
        run("sample", "--hosts", "6", "--vms", "20", "--seed", seed, "-o", tmp_path / folder)
        texts.append((tmp_path / folder / "snapshot.json").read_bytes())
    assert texts[0] == texts[1] != texts[2]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--fail", "rack:r99"], 'there is no rack "r99"'),
        (["--load", "0"], "sample.load: 0.0 is out of range"),
        (["--hosts", "1", "--vms", "-1"], "sample.vms: -1 is out of range"),
    ],
)
def test_samples_that_cannot_be_are_refused(tmp_path: Path, arguments: list[str], message: str) -> None:
    """Exit code 2, and nothing is written."""
    result = run("sample", *arguments, "-o", tmp_path / "made")
    assert result.code == 2
    assert message in result.err
    assert not (tmp_path / "made").exists()


def test_ganeti_dumps_are_imported(tmp_path: Path) -> None:
    """Snapshot and policy go together, and what was interpreted is said."""
    dump = tmp_path / "cluster.data"
    dump.write_text(GANETI)
    result = run("import", "ganeti", dump, "-o", tmp_path / "c.json")
    assert (result.code, result.err) == (0, "")
    assert "2 hosts, 2 guests from " in result.words
    assert "Interpreted, or not expressed" in result.out
    assert run("plan", tmp_path / "c.json", "--policy", tmp_path / "c-policy", "--deadline", "2s").code == 0


def test_btrplace_instances_are_imported(tmp_path: Path) -> None:
    """The policy goes where it is told to."""
    instance = tmp_path / "i.json"
    instance.write_text(json.dumps(BTRPLACE))
    result = run("import", "btrplace", instance, "-o", tmp_path / "c.pb", "--policy-out", tmp_path / "deep" / "rules")
    assert result.code == 0
    assert read_snapshot(tmp_path / "c.pb").vms
    assert load_policy(tmp_path / "deep" / "rules").documents


def test_other_policies_are_not_mixed_in(tmp_path: Path) -> None:
    """A folder with other policy files is refused, because all of them would count; writing again is fine."""
    dump, rules = tmp_path / "cluster.data", tmp_path / "rules"
    dump.write_text(GANETI)
    rules.mkdir()
    (rules / "mine.yaml").write_text("")
    arguments = ("import", "ganeti", dump, "-o", tmp_path / "c.json", "--policy-out", rules)
    result = run(*arguments)
    assert result.code == 2
    assert "holds other policy files (mine.yaml); name an empty or a new folder" in result.err
    assert not (tmp_path / "c.json").exists()
    (rules / "mine.yaml").unlink()
    assert [run(*arguments).code for _ in range(2)] == [0, 0]


def test_files_of_another_format_are_refused(tmp_path: Path) -> None:
    """Exit code 2, and the fault names the file."""
    wrong = tmp_path / "wrong.json"
    wrong.write_text("{}")
    result = run("import", "btrplace", wrong, "-o", tmp_path / "c.json")
    assert result.code == 2
    assert "wrong.json" in result.err
    assert run("import", "openstack", wrong, "-o", tmp_path / "c.json").code == 2


def test_a_sample_is_not_written_over_another(tmp_path: Path) -> None:
    """Whoever has changed the policy in it does not lose that by asking for a sample once more, unless with --force."""
    small = ("sample", "--hosts", "3", "--vms", "6", "-o", tmp_path)
    assert run(*small).code == 0
    (tmp_path / "policy" / "tiers.yaml").write_text("mine")
    again = run(*small)
    assert again.code == 2
    assert again.err.endswith("is there already; name a new folder, or write over it with --force\n")
    assert (tmp_path / "policy" / "tiers.yaml").read_text() == "mine"
    assert run(*small, "--force").code == 0
    assert (tmp_path / "policy" / "tiers.yaml").read_text() != "mine"
