"""Snapshot files: the library reads them as the server does, and says where one is wrong."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.strategies import tiny_cluster
from tests.unit.server import strategies
from trimtab_server import files
from trimtab_server.sampling import SampleOptions, generate
from trimtab_solver import Fault, Reason, RefusedError, Snapshot, SnapshotRefusedError, load_snapshot, snapshot_file

SAVED = sorted((Path(__file__).parents[1] / "regressions").glob("*/snapshot.json.gz"))
_ON_DISK = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

GOOD: dict[str, Any] = {
    "hosts": [
        {
            "id": "h1", "domainIds": ["r1"], "capacity": {"memory_mib": "4096"}, "state": "HOST_STATE_DOWN",
            "fencing": "FENCING_STATE_FENCED", "labels": {"a": "b"}, "boot_s": 0, "migrationSlots": 3,
        },
        {"id": "h2", "capacity": {"memory_mib": 4096.0}, "state": "HOST_STATE_UP", "cpuGeneration": "2"},
    ],
    "vms": [
        {
            "id": "v1", "requested": {"memory_mib": 1}, "state": "VM_STATE_DISPLACED", "hostId": "h1",
            "migratability": "MIGRATABILITY_COLD", "deviceNeeds": ["gpu"], "tier": None,
        }
    ],
    "domains": [{"id": "r1", "kind": "rack"}],
    "storagePools": [{"id": "p1", "kind": "STORAGE_POOL_KIND_LOCAL"}],
    "takenAt": "2026-01-31T12:00:00.25+01:00",
    "hardwareFailures": 0,
}  # fmt: skip
VALUES: list[Any] = [
    None, 0, -1, 1.5, 3e9, 2**63, "7", "1e3", "UP", "HOST_STATE_UP", "HOST_STATE_UNSPECIFIED",
    "FENCING_STATE_UNSPECIFIED", "\ud800", "1969-12-31T23:59:59Z", "9999-12-31T23:59:59-01:00", [], ["x"], [None],
    {}, {"x": "9"}, {"x": None}, {"id": "x"}, float("nan"),
]  # fmt: skip


def _faults(path: Path) -> tuple[Fault, ...]:
    with pytest.raises(SnapshotRefusedError) as refusal:
        load_snapshot(path)
    return refusal.value.faults


@_ON_DISK
@given(snapshot=strategies.snapshots, suffix=st.sampled_from(snapshot_file.SUFFIXES))
def test_what_the_server_writes_is_read(tmp_path: Path, snapshot: Snapshot, suffix: str) -> None:
    """Any value of any field comes back as it was."""
    files.write_snapshot(tmp_path / f"s{suffix}", snapshot)
    assert load_snapshot(tmp_path / f"s{suffix}") == snapshot


def test_clusters_are_read_as_the_server_reads_them(tmp_path: Path) -> None:
    """Saved instances, samples, and random clusters."""
    made = [generate(SampleOptions(hosts=8, vms=40, seed=3, fail=("host:h0002",))).snapshot]
    made += [tiny_cluster(seed)[0] for seed in range(20)]
    paths = [tmp_path / f"{number}.json" for number in range(len(made))]
    for path, snapshot in zip(paths, made, strict=True):
        files.write_snapshot(path, snapshot)
    assert SAVED
    for path in (*SAVED, *paths):
        assert load_snapshot(path) == files.read_snapshot(path)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_changed_files_are_read_alike_or_refused(tmp_path: Path, data: st.DataObject) -> None:
    """Whatever one value of a file is replaced by: what is read is what the server reads; what it refuses is refused.

    The server's reader takes more: values of enums by number, numbers such as "1e3".
    """
    content = json.loads(json.dumps(GOOD))
    place: Any = content
    while True:
        key = data.draw(st.sampled_from(sorted(place) if isinstance(place, dict) else range(len(place))))
        inner = place[key]
        if not isinstance(inner, (dict, list)) or not inner or data.draw(st.booleans()):
            break
        place = inner
    place[key] = data.draw(st.sampled_from(VALUES))
    path = tmp_path / "s.json"
    path.write_text(json.dumps(content))
    try:
        snapshot = load_snapshot(path)
    except SnapshotRefusedError:
        return
    assert snapshot == files.read_snapshot(path)


def test_spellings_and_defaults(tmp_path: Path) -> None:
    """Names in both spellings, amounts as numbers or strings, 0 that is no default, null that is one."""
    path = tmp_path / "s.json"
    path.write_text(json.dumps(GOOD))
    snapshot = load_snapshot(path)
    assert snapshot == files.read_snapshot(path)
    failed, other = snapshot.hosts
    assert (failed.boot_s, failed.migration_slots, other.boot_s, other.cpu_generation) == (0, 3, 180, 2)
    assert (snapshot.taken_at, snapshot.hardware_failures, snapshot.vms[0].tier) == (1_769_857_200, 0, "")


@pytest.mark.parametrize(
    ("change", "where", "what", "fix"),
    [
        ({"racks": []}, "snapshot", 'has no field named "racks"', "use one of hosts, vms, "),
        ({"hosts": [{"id": "h", "state": "HOST_STATE_UP", "capacty": {}}]}, "hosts[0]", '"capacty"', "capacity"),
        ({"hosts": [{"id": "h", "state": "UP"}]}, "hosts[0].state", 'is "UP"', "use one of HOST_STATE_UP, "),
        ({"hosts": [{"id": "h"}]}, "hosts[0].state", "is not stated", "set it to one of HOST_STATE_UP, "),
        ({"hosts": [{"state": "HOST_STATE_DOWN"}]}, "hosts[0].fencing", "is not stated", "FENCING_STATE_UNFENCED"),
        ({"hosts": [7]}, "hosts[0]", "is 7", "write a JSON object"),
        ({"hosts": {}}, "hosts", "is {}", "write a list in []"),
        ({"domains": [{"id": 5}]}, "domains[0].id", "is 5", "write a text in quotes"),
        ({"hardwareFailures": 2**31}, "hardware_failures", "is 2147483648", "use -2^31 to 2^31 - 1"),
        ({"takenAt": "today"}, "taken_at", 'is "today"', "write it like 2026-01-31T12:00:00Z"),
        ({"takenAt": "2026-02-30T12:00:00Z"}, "taken_at", 'is "2026-02-30', "write it like"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_with_field_value_and_fix(
    tmp_path: Path, change: dict[str, Any], where: str, what: str, fix: str
) -> None:
    """The server's reader refuses the same file."""
    path = tmp_path / "s.json"
    path.write_text(json.dumps(GOOD | change))
    fault = _faults(path)[0]
    assert fault.path.startswith(f"{path} snapshot")
    assert fault.path.endswith(where)
    assert what in fault.message
    assert fix in fault.fix
    with pytest.raises(RefusedError):
        files.read_snapshot(path)


def test_two_spellings_of_a_field_are_refused(tmp_path: Path) -> None:
    """Which of them is meant nobody knows; protobuf takes the last."""
    path = tmp_path / "s.json"
    path.write_text(json.dumps(GOOD | {"storage_pools": []}))
    assert str(_faults(path)[0]) == f"{path} snapshot.storage_pools: is there in two spellings (keep one of them)"


def test_every_fault_is_listed(tmp_path: Path) -> None:
    """Not only the first; after a thousand they are counted."""
    path = tmp_path / "s.json"
    path.write_text(json.dumps({"hosts": [{"id": 1}, {"id": 2, "state": "x"}], "vms": 3}))
    assert len(_faults(path)) == 5
    path.write_text(json.dumps({"hosts": [{"state": "x"}] * 1500}))
    assert str(_faults(path)[-1]) == "snapshot: 500 more faults are not shown (correct these first)"


@pytest.mark.parametrize(
    ("name", "content", "what"),
    [
        ("s.json", b'{"hosts": [\n  {"id" "h1"}]}', "is not JSON: Expecting ':' delimiter at line 2, column 9"),
        ("s.json", b'{"vms": [], "vms": []}', 'has "vms" twice in one object'),
        ("s.json", b"\xff\xfe{}", "is not UTF-8 at byte 0"),
        ("s.json", b"[" * 100_000, "is nested too deeply"),
        ("s.json", b'{"takenAt": ' + b"1" * 5000 + b"}", "is not JSON: "),
        ("s.json.gz", b"{}", "cannot be decompressed"),
        ("s.json.gz", gzip.compress(b'{"vms": []}', mtime=0)[:-9], "cannot be decompressed"),
        ("s.pb", b"", "does not say its format"),
    ],
)
def test_malformed_files_are_refused(tmp_path: Path, name: str, content: bytes, what: str) -> None:
    """With the name of the file, and the position where there is one."""
    path = tmp_path / name
    path.write_bytes(content)
    (fault,) = _faults(path)
    assert (fault.reason, fault.path) == (Reason.MALFORMED_FILE, str(path))
    assert what in fault.message


def test_files_that_grow_beyond_the_limit_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A small compressed file cannot fill the memory."""
    monkeypatch.setattr(snapshot_file, "MAX_BYTES", 1 << 20)
    (tmp_path / "s.json.gz").write_bytes(gzip.compress(b" " * (2 << 20)))
    assert _faults(tmp_path / "s.json.gz")[0].message == "holds more than 1 MiB"


def test_a_missing_file_is_an_os_error(tmp_path: Path) -> None:
    """Whether a file exists is not a question of its format."""
    with pytest.raises(FileNotFoundError):
        load_snapshot(tmp_path / "none.json")
