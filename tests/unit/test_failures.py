"""Counting hardware failures: root causes, not victims."""

from __future__ import annotations

from dataclasses import replace

import pytest

from trimtab_solver.failures import event_of
from trimtab_solver.snapshot import (
    FailureDomain,
    Host,
    HostState,
    Snapshot,
    Vm,
    VmState,
)

DOMAINS = (
    FailureDomain("site-1", "site"),
    FailureDomain("site-2", "site"),
    *(FailureDomain(f"rack-{i}", "rack", f"site-{1 + i // 2}") for i in range(4)),
    FailureDomain("feed-a", "feed", "site-1"),
)
RACK_OF = {"a": 0, "b": 0, "c": 1, "d": 1, "e": 2, "f": 2, "g": 3}
"""Hosts a to d are on site 1, the others on site 2; a and c share a power feed."""


def cluster(down: str, stated: int | None = None, **states: HostState) -> Snapshot:
    """The cluster with the hosts named in `down` failed."""
    hosts = tuple(
        Host(
            name,
            (f"rack-{rack}", "feed-a") if name in "ac" else (f"rack-{rack}",),
            state=HostState.DOWN if name in down else states.get(name, HostState.UP),
        )
        for name, rack in RACK_OF.items()
    )
    return Snapshot(hosts, domains=DOMAINS, hardware_failures=stated)


@pytest.mark.parametrize(
    ("down", "failures", "causes"),
    [
        ("", 0, ()),
        ("a", 1, ()),
        ("ad", 2, ()),
        ("ab", 1, ("rack-0",)),
        # rack 0 and the feed explain two hosts each: the first by name counts, the host that is left explains itself
        ("abc", 2, ("feed-a",)),
        ("abcd", 1, ("site-1",)),
        ("abcde", 2, ("site-1",)),
        ("abcdefg", 2, ("site-1", "site-2")),
        ("ac", 1, ("feed-a",)),
        # rack 3 has one host: its failure is the host's own
        ("g", 1, ()),
    ],
)
def test_a_failed_domain_counts_once(down: str, failures: int, causes: tuple[str, ...]) -> None:
    """The largest domains that are wholly down are the causes; every other failed host is one of its own."""
    event = event_of(cluster(down))
    assert (event.hardware_failures, event.failed_domains, event.failed_hosts) == (
        failures,
        causes,
        len(down),
    )


@pytest.mark.parametrize("state", [HostState.STANDBY, HostState.MAINTENANCE])
def test_hosts_that_were_off_anyway_do_not_hide_a_failed_domain(
    state: HostState,
) -> None:
    """A cold spare or a host in maintenance on a dead site proves nothing about the site."""
    assert event_of(cluster("abc", d=state)).failed_domains == ("site-1",)


@pytest.mark.parametrize(
    "guest",
    [Vm("m", state=VmState.RUNNING, host_id="d"), Vm("m", state=VmState.MIGRATING, host_id="d", target_host_id="e")],
)
def test_a_host_in_maintenance_that_runs_guests_shows_that_its_domain_is_alive(guest: Vm) -> None:
    """Then rack 0 is the largest domain that has failed, and c a failure of its own (or of the feed)."""
    event = event_of(replace(cluster("abc", d=HostState.MAINTENANCE), vms=(guest,)))
    assert (event.hardware_failures, event.failed_domains) == (2, ("feed-a",))


def test_a_draining_host_shows_that_its_domain_is_alive() -> None:
    """What still runs guests has not failed."""
    assert event_of(cluster("a", b=HostState.DRAINING)).failed_domains == ()


def test_a_stated_number_wins_over_the_count() -> None:
    """A monitor that knows better is believed; the rest of the event is still what the snapshot shows."""
    event = event_of(cluster("ab", stated=5))
    assert (event.hardware_failures, event.failed_hosts, event.failed_domains) == (
        5,
        2,
        ("rack-0",),
    )
    assert event_of(cluster("ab", stated=0)).hardware_failures == 0


def test_displaced_guests_are_counted() -> None:
    """Only guests whose host failed count, not those that were stopped."""
    vms = (
        Vm("a", state=VmState.DISPLACED),
        Vm("b", state=VmState.STOPPED),
        Vm("c", state=VmState.PENDING),
    )
    assert event_of(Snapshot(vms=vms)).displaced_vms == 1


def test_the_order_of_hosts_and_domains_does_not_matter() -> None:
    """The same failures in another order are the same event."""
    snapshot = cluster("abce")
    turned = Snapshot(snapshot.hosts[::-1], domains=snapshot.domains[::-1])
    assert event_of(turned) == event_of(snapshot)
