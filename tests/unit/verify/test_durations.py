"""How long actions should take, by hand from the table of docs/concepts.md."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.cluster import policy, snapshot, vm
from trimtab_solver.actions import Action, ActionKind, Plan
from trimtab_solver.verify import Code
from trimtab_solver.verify.case import Case
from trimtab_solver.verify.durations import duration_faults, seconds_of

_K = ActionKind
_GIB = {"memory_mib": 1024}


def _seconds(
    kind: ActionKind, *, links: tuple[int, int] = (1000, 1000), boot_s: int = 77, **changes: Any
) -> int | None:
    """Of an action on guest v of 1 GiB on h1, to h2; `links` are the bandwidths of the two."""
    guest = vm("v", "h1", **{"requested": _GIB, "restart_s": 20, **changes})
    hosts = {n: {"migration_bandwidth_mbps": link, "boot_s": boot_s} for n, link in enumerate(links, 1)}
    state = snapshot([guest], hosts)
    action = Action(1, kind, "" if kind.acts_on_host else "v", "h1", "h2" if kind.moves else "")
    return seconds_of(action, {"v": guest}, {host.id: host for host in state.hosts})


@pytest.mark.parametrize(
    ("kind", "seconds"),
    [
        (_K.FENCE_HOST, 15),
        (_K.SHUTDOWN_HOST, 15),
        (_K.BOOT_HOST, 77),
        (_K.START, 20),
        (_K.STOP, 5),
        (_K.RESIZE, 1),
        (_K.SUSPEND, 9),
        (_K.RESUME, 9),
        (_K.MIGRATE_LIVE, 9),
        (_K.MIGRATE_COLD, 5 + 9 + 20),
    ],
)
def test_each_kind_has_its_time(kind: ActionKind, seconds: int) -> None:
    """1 GiB is 8590 Mbit, 8.6 s over 1000 Mbit/s."""
    assert _seconds(kind) == seconds


def test_every_kind_has_a_time() -> None:
    """There is none that the judge leaves out."""
    assert all(_seconds(kind) is not None for kind in ActionKind)


@pytest.mark.parametrize(
    ("dirty_rate_mbps", "seconds"), [(0, 9), (500, 17), (899, 85), (900, 86), (999, 86), (5000, 86)]
)
def test_a_live_migration_has_what_writing_leaves_of_the_link(dirty_rate_mbps: int, seconds: int) -> None:
    """At least a tenth; suspending and moving cold do not mind."""
    assert _seconds(_K.MIGRATE_LIVE, dirty_rate_mbps=dirty_rate_mbps) == seconds
    assert _seconds(_K.MIGRATE_COLD, dirty_rate_mbps=dirty_rate_mbps) == 34
    assert _seconds(_K.SUSPEND, dirty_rate_mbps=dirty_rate_mbps) == 9


def test_the_slower_end_counts() -> None:
    """Of a migration; what happens on one host goes by that host. No bandwidth is taken for 1 Mbit/s."""
    assert _seconds(_K.MIGRATE_LIVE, links=(1000, 100)) == 86
    assert _seconds(_K.MIGRATE_LIVE, links=(100, 1000)) == 86
    assert _seconds(_K.SUSPEND, links=(1000, 100)) == 9
    assert _seconds(_K.MIGRATE_LIVE, links=(1000, 0)) == 8590


@pytest.mark.parametrize(
    ("memory_mib", "mbps", "seconds"), [(15625, 2**19, 1), (15625 * 3, 2**18, 2), (15625 * 5, 2**18, 3)]
)
def test_halves_are_rounded_up(memory_mib: int, mbps: int, seconds: int) -> None:
    """15625 MiB are 131072 Mbit: 0.25 s, 1.5 s and 2.5 s."""
    assert _seconds(_K.SUSPEND, links=(mbps, mbps), requested={"memory_mib": memory_mib}) == seconds


def test_nothing_takes_no_time_but_a_boot() -> None:
    """A guest without memory, or that starts at once, takes a second; a host may boot in none."""
    empty: dict[str, Any] = {"requested": {"cpu_milli": 1}, "restart_s": 0}
    assert [_seconds(kind, **empty) for kind in (_K.SUSPEND, _K.RESUME, _K.MIGRATE_LIVE, _K.START)] == [1, 1, 1, 1]
    assert _seconds(_K.MIGRATE_COLD, **empty) == 6
    assert _seconds(_K.BOOT_HOST, boot_s=0) == 0


def test_what_a_guest_holds_does_not_matter() -> None:
    """It is its request that is copied."""
    assert _seconds(_K.MIGRATE_LIVE, allocated={"memory_mib": 512}) == 9


def test_a_wrong_duration_is_a_violation_that_names_both() -> None:
    """The step, what the plan says and what it should say; unknown guests and hosts are left to others."""
    case = Case(snapshot([vm("v", "h1")]), policy())
    plan = Plan(
        (
            Action(1, _K.STOP, "v", "h1", duration_s=4),
            Action(2, _K.STOP, "nobody", "h1"),
            Action(3, _K.MIGRATE_LIVE, "v", "h1", "h9"),
            Action(4, _K.FENCE_HOST, "", "h9"),
        )
    )
    (fault,) = duration_faults(case, plan)
    assert (fault.step, fault.code, fault.amount, fault.limit) == (1, Code.TIMING, 4, 5)
    assert fault.message == "takes 4 s; STOP of v takes 5 s"
