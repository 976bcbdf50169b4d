"""The tree of failure domains, seen from a host."""

from __future__ import annotations

from trimtab_solver.snapshot import FailureDomain, Host, Snapshot
from trimtab_solver.topology import HOST_KIND, Topology

SNAPSHOT = Snapshot(
    hosts=(
        Host("h1", ("rack-1", "feed-a")),
        Host("h2", ("rack-2",)),
        Host("h3"),
        Host("h4", ("nowhere",)),
    ),
    domains=(
        FailureDomain("site-1", "site"),
        FailureDomain("room-1", "room", "site-1"),
        FailureDomain("rack-1", "rack", "room-1"),
        FailureDomain("rack-2", "rack", "site-1"),
        FailureDomain("feed-a", "feed", "site-1"),
    ),
)


def test_domains_are_found_by_following_parents_in_every_tree() -> None:
    """A host lies in its rack, the rack's room and site, and in its power feed."""
    assert Topology(SNAPSHOT).domains("h1") == {
        HOST_KIND: "h1",
        "rack": "rack-1",
        "room": "room-1",
        "site": "site-1",
        "feed": "feed-a",
    }


def test_every_host_is_a_domain_of_its_own() -> None:
    """The kind host needs no failure domains in the snapshot."""
    topology = Topology(SNAPSHOT)
    assert [topology.domain(host.id, HOST_KIND) for host in SNAPSHOT.hosts] == [
        "h1",
        "h2",
        "h3",
        "h4",
    ]
    assert Topology(Snapshot()).kinds == {HOST_KIND}


def test_a_host_without_a_domain_of_a_kind_shares_with_nobody() -> None:
    """What lies in no room fails alone, and two such hosts do not share one."""
    topology = Topology(SNAPSHOT)
    assert [topology.domain(name, "room") for name in ("h1", "h2", "h3", "h4")] == [
        "room-1",
        "host/h2",
        "host/h3",
        "host/h4",
    ]


def test_the_kinds_are_those_of_the_snapshot_and_host() -> None:
    """Rules may name these."""
    assert Topology(SNAPSHOT).kinds == {HOST_KIND, "site", "room", "rack", "feed"}
