"""Records of guests that make no sense: where the guest may run, and how much it may hold there."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.support.valid_snapshot import GOOD, VM, with_host, with_vm
from trimtab_solver.errors import Reason, SnapshotRefusedError
from trimtab_solver.snapshot import Snapshot, VmState
from trimtab_solver.validation import check_snapshot, set_aside

_MIGRATING: dict[str, Any] = {"state": VmState.MIGRATING, "host_id": "h1"}


@pytest.mark.parametrize(
    ("changes", "reason", "hosts"),
    [
        ({"host_id": "down"}, Reason.INCONSISTENT_STATE, ()),
        ({"host_id": "spare"}, Reason.INCONSISTENT_STATE, ()),
        ({"host_id": "lost"}, Reason.UNKNOWN_REFERENCE, ("h1", "h2")),
        ({"host_id": "lost", "device_needs": ("gpu",)}, Reason.UNKNOWN_REFERENCE, ()),
        ({"host_id": ""}, Reason.INCONSISTENT_STATE, ("h1", "h2")),
        ({"target_host_id": "h2"}, Reason.INCONSISTENT_STATE, ("h1", "h2")),
        ({**_MIGRATING, "target_host_id": "down"}, Reason.INCONSISTENT_STATE, ("h1",)),
        ({**_MIGRATING, "host_id": "down", "target_host_id": "h2"}, Reason.INCONSISTENT_STATE, ("h2",)),
        ({**_MIGRATING, "target_host_id": "h1"}, Reason.INCONSISTENT_STATE, ("h1",)),
        ({**_MIGRATING, "target_host_id": "lost"}, Reason.UNKNOWN_REFERENCE, ("h1", "h2")),
        ({"state": VmState.DISPLACED}, Reason.INCONSISTENT_STATE, ("h1",)),
        ({"state": VmState.DISPLACED, "host_id": "lost"}, Reason.UNKNOWN_REFERENCE, ()),
        ({"state": VmState.PENDING, "storage_pool_id": "p2"}, Reason.UNKNOWN_REFERENCE, ()),
        ({"storage_pool_id": "p2"}, Reason.UNKNOWN_REFERENCE, ("h1",)),
        ({"home_host_id": "lost"}, Reason.UNKNOWN_REFERENCE, ("h1",)),
        ({"restart_s": -1}, Reason.OUT_OF_RANGE, ("h1",)),
    ],
)
def test_a_guest_may_run_where_its_record_does_not_exclude_it(
    changes: dict[str, Any], reason: Reason, hosts: tuple[str, ...]
) -> None:
    """On the hosts that it names and that are on; anywhere if one is not known. It counts as switched off."""
    cleared, (record,) = set_aside(with_vm(**changes))
    assert (record.vm_id, record.reason, record.hosts, record.is_wanted) == ("a", reason, hosts, True)
    check_snapshot(cleared)
    assert cleared.vms[0].state is VmState.STOPPED


@pytest.mark.parametrize(
    ("changes", "size", "unknown"),
    [
        ({"allocated": {"cpu_milli": 1500}}, {"cpu_milli": 1500, "memory_mib": 2048}, set()),
        ({"guaranteed": {"memory_mib": 4096}}, {"cpu_milli": 1000, "memory_mib": 4096}, set()),
        ({"requested": {"cpu_milli": 1000, "memory_mib": -1}}, {"cpu_milli": 1000}, {"memory_mib"}),
        ({"requested": {"cpu_milli": 1000, "memory_mib": 2**40 + 1}}, {"cpu_milli": 1000}, {"memory_mib"}),
        ({"requested": {"cpu_milli": 1000, "": 7}}, {}, {"cpu_milli", "memory_mib"}),
        ({"requested": {"cpu_milli": 1000, "gpu": 7}, "guaranteed": {}}, {"cpu_milli": 1000}, set()),
    ],
)
def test_a_guest_may_hold_the_largest_of_its_amounts(
    changes: dict[str, Any], size: dict[str, int], unknown: set[str]
) -> None:
    """Where one of them cannot be, nothing is known of the resource; a resource without hosts takes no room."""
    _, (record,) = set_aside(with_vm(**changes))
    assert dict(record.size) == size
    assert set(record.unknown) == unknown


def test_a_guest_that_is_switched_off_is_not_wanted() -> None:
    """A share of those that should run does not count it."""
    _, (record,) = set_aside(with_vm(state=VmState.STOPPED, storage_pool_id="p2"))
    assert not record.is_wanted


def test_what_makes_sense_stays_as_it_is() -> None:
    """A good snapshot is the very same afterwards; of several records only the bad ones are set aside."""
    assert set_aside(GOOD) == (GOOD, ())
    several = replace(GOOD, vms=(VM, replace(VM, id="b", host_id="down"), replace(VM, id="c")))
    cleared, records = set_aside(several)
    assert [record.vm_id for record in records] == ["b"]
    assert (cleared.vms[0], cleared.vms[2]) == (several.vms[0], several.vms[2])


def test_amounts_that_are_not_believed_add_up_to_nothing() -> None:
    """An absurd amount does not make the sum over all guests absurd."""
    _, (record,) = set_aside(with_vm(requested={"cpu_milli": 2**61}, guaranteed={}, allocated={}))
    assert record.unknown == {"cpu_milli"}


@pytest.mark.parametrize(
    "bad",
    [
        with_host(capacity={"cpu_milli": -1}),
        with_vm(id=""),
        replace(GOOD, vms=(VM, VM)),
        replace(GOOD, vms=(VM, replace(VM, host_id="down"))),
        replace(GOOD, hosts=()),
        replace(GOOD, taken_at=-1),
    ],
)
def test_what_others_rest_on_is_refused_all_the_same(bad: Snapshot) -> None:
    """Hosts, ids and what concerns the whole snapshot."""
    with pytest.raises(SnapshotRefusedError):
        set_aside(bad)
