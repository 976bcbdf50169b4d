"""Snapshot and plan files."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from tests.unit.server import strategies
from trimtab_server import files
from trimtab_solver.errors import Reason, RefusedError
from trimtab_solver.outcome import Answer
from trimtab_solver.snapshot import Host, Snapshot, Vm

SMALL = Snapshot(
    hosts=(Host("h1", capacity={"memory_mib": 1024, "cpu_milli": 4000}),),
    vms=(Vm("v1", requested={"memory_mib": 512, "cpu_milli": 1000}, host_id="h1"),),
    taken_at=1_700_000_000,
)


@pytest.mark.parametrize("suffix", files.SUFFIXES)
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(snapshot=strategies.snapshots, answer=strategies.answers)
def test_files_are_read_back_as_written(tmp_path: Path, suffix: str, snapshot: Snapshot, answer: Answer) -> None:
    """Every format gives back the value that was written."""
    files.write_snapshot(tmp_path / f"s{suffix}", snapshot)
    files.write_answer(tmp_path / f"a{suffix}", answer)
    assert files.read_snapshot(tmp_path / f"s{suffix}") == snapshot
    assert files.read_answer(tmp_path / f"a{suffix}") == answer


@pytest.mark.parametrize("suffix", files.SUFFIXES)
def test_equal_values_give_equal_files(tmp_path: Path, suffix: str) -> None:
    """Files depend on content alone: not on the order of maps, nor on the clock."""
    turned = Snapshot(
        hosts=(Host("h1", capacity={"cpu_milli": 4000, "memory_mib": 1024}),), vms=SMALL.vms, taken_at=SMALL.taken_at
    )
    one, other = tmp_path / f"one{suffix}", tmp_path / f"other{suffix}"
    files.write_snapshot(one, SMALL)
    files.write_snapshot(other, turned)
    assert one.read_bytes() == other.read_bytes()


def test_json_is_canonical_protobuf_json(tmp_path: Path) -> None:
    """Names are lowerCamelCase, 64-bit integers strings, time in RFC 3339: what any protobuf library writes."""
    files.write_snapshot(tmp_path / "s.json", SMALL)
    content = json.loads((tmp_path / "s.json").read_text())
    assert content["hosts"][0]["state"] == "HOST_STATE_UP"
    assert content["hosts"][0]["capacity"] == {"cpu_milli": "4000", "memory_mib": "1024"}
    assert content["hosts"][0]["migrationBandwidthMbps"] == 10_000
    assert content["takenAt"] == "2023-11-14T22:13:20Z"


def test_json_written_by_hand_is_read(tmp_path: Path) -> None:
    """Names as in the proto files and plain numbers are fine too."""
    (tmp_path / "s.json").write_text(
        '{"hosts": [{"id": "h1", "state": "HOST_STATE_UP", "capacity": {"memory_mib": 1024}, "boot_s": 60}]}'
    )
    assert files.read_snapshot(tmp_path / "s.json").hosts == (Host("h1", capacity={"memory_mib": 1024}, boot_s=60),)


@pytest.mark.parametrize(
    ("name", "content", "where", "what"),
    [
        ("s.json", b'{"hosts": [\n  {"id" "h1"}]}', ":2:9", "is not JSON"),
        ("s.json", b" \n", "", "is empty"),
        ("s.json", b"[]", ":1:1", "not a JSON object"),
        ("s.json", b'{"hosts": [{"id": "h1"}, {"hostname": "h2"}]}', " hosts[1]", 'no field named "hostname"'),
        ("s.json", b'{"hosts": [{"state": "RUNNING"}]}', "", "RUNNING"),
        ("s.json", b'{"hosts": [{"bootS": "soon"}]}', "", "soon"),
        ("s.json", b'{"hosts": [], "hosts": []}', "", "duplicate"),
        ("s.json", b"\xff\xfe{}", "", "is not UTF-8 at byte 0"),
        ("s.json", b"[" * 100_000, "", "nested too deeply"),
        ("s.json.gz", b"{}", "", "cannot be decompressed"),
        ("s.json.gz", gzip.compress(b'{"vms": []}', mtime=0)[:-9], "", "cannot be decompressed"),
        ("s.pb", b"\xff\xff\xff", "", "is not a snapshot in binary form"),
        ("s.pb.zst", b"no", "", "cannot be decompressed"),
        ("s.txt", b"", "", "does not say its format"),
        ("s.yaml", b"", "", "is a policy file by its name"),
        ("s.pb", b"\x08\x01", "", "holds nothing of a snapshot"),
    ],
)
def test_malformed_files_are_refused_with_their_place(
    tmp_path: Path, name: str, content: bytes, where: str, what: str
) -> None:
    """A file that cannot be read is refused, naming the file and where known the position in it."""
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(RefusedError) as refusal:
        files.read_snapshot(path)
    (fault,) = refusal.value.faults
    assert fault.reason is Reason.MALFORMED_FILE
    assert fault.path.startswith(f"{path}{where}")
    assert what in fault.message


def test_an_unknown_field_is_answered_with_those_that_are_known(tmp_path: Path) -> None:
    """In words of ours: no text of the JSON library, and no line break written as two characters."""
    path = tmp_path / "s.json"
    path.write_text('{"hosts": [{"id": "h1"}], "vmss": []}')
    with pytest.raises(RefusedError) as refusal:
        files.read_snapshot(path)
    (fault,) = refusal.value.faults
    assert (fault.message, fault.path) == ('has no field named "vmss"', str(path))
    assert fault.fix == "use one of hosts, vms, domains, storagePools, takenAt, hardwareFailures"


def test_missing_choices_name_file_and_field(tmp_path: Path) -> None:
    """What the format allows and the contract does not is reported by field path, with the file."""
    path = tmp_path / "s.json"
    path.write_text('{"hosts": [{"id": "h1"}]}')
    with pytest.raises(RefusedError) as refusal:
        files.read_snapshot(path)
    assert refusal.value.faults[0].path == f"{path} snapshot.hosts[0].state"


def test_files_that_grow_beyond_the_limit_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A small compressed file cannot fill the memory."""
    monkeypatch.setattr(files, "MAX_BYTES", 1 << 20)
    path = tmp_path / "s.json.gz"
    path.write_bytes(gzip.compress(b" " * (2 << 20)))
    with pytest.raises(RefusedError, match="holds more than 1 MiB"):
        files.read_snapshot(path)


def test_missing_file_is_an_os_error(tmp_path: Path) -> None:
    """Whether a file exists is not a question of its format."""
    with pytest.raises(FileNotFoundError):
        files.read_snapshot(tmp_path / "none.json")


def test_failed_write_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file is replaced in one step or not at all, and nothing is left beside it."""
    path = tmp_path / "s.json"
    files.write_snapshot(path, SMALL)
    before = path.read_bytes()

    def refuse(*_: object) -> None:
        raise OSError("no")

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(OSError, match="no"):
        files.write_snapshot(path, Snapshot())
    assert path.read_bytes() == before
    assert [entry.name for entry in tmp_path.iterdir()] == ["s.json"]
