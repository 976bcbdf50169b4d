"""Storage of a sample cluster: pools of several classes, and which of them holds whose disks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Final

from trimtab_solver.snapshot import PoolKind, StoragePool

from .draw import Draw
from .guests import Guest
from .infrastructure import HostClass, HostPlan


class Disks(StrEnum):
    """A class of storage, as the gold-silver-bronze policy tells them apart."""

    FAST_MIRROR = "fast mirror"
    MIRROR = "mirror"
    SITE = "site"
    PLAIN = "plain"
    LOCAL = "local"


_LABELS: Final = {
    Disks.FAST_MIRROR: {"raid": "10", "snapshots": "yes"},
    Disks.MIRROR: {"raid": "6", "snapshots": "yes"},
    Disks.SITE: {"raid": "6", "snapshots": "yes"},
    Disks.PLAIN: {"raid": "5", "snapshots": "no"},
}


def choose_disks(guests: Sequence[Guest], misplaced: float, draw: Draw) -> dict[str, Disks]:
    """The class of storage of each guest by id: what its tier is promised, the same for a whole application.

    Of Gold and Silver guests the share `misplaced` is on a class below its tier. Hosts that reach the one reach the
    other, but for a Silver guest that ought to be mirrored: it is left on its site.
    """
    of_application: dict[str, Disks] = {}
    chosen = {}
    for guest in guests:
        if guest.app not in of_application:
            of_application[guest.app] = _promised(guest, draw)
        disks = Disks.LOCAL if guest.on_local_disk else of_application[guest.app]
        if guest.tier != "bronze" and draw.chance(misplaced):
            disks = Disks.MIRROR if guest.tier == "gold" else Disks.PLAIN
        chosen[guest.id] = disks
    return chosen


def _promised(guest: Guest, draw: Draw) -> Disks:
    better = draw.chance(0.25)
    if guest.on_mirror:
        return Disks.FAST_MIRROR if guest.tier == "gold" or better else Disks.MIRROR
    return Disks.SITE if guest.tier == "silver" or better else Disks.PLAIN


def pool_of(disks: Disks, site: str, host_id: str) -> str:
    """The id of the pool of this class for a guest that was placed on this host of this site."""
    return {
        Disks.FAST_MIRROR: "metro",
        Disks.MIRROR: "metro-raid6",
        Disks.SITE: f"san-{site}",
        Disks.PLAIN: f"san-{site}-raid5",
        Disks.LOCAL: f"local-{host_id}",
    }[disks]


def pools_reached(host: HostPlan, *, has_local: bool) -> tuple[str, ...]:
    """Ids of the pools that the host reaches: those of its site, the mirrored ones if it can, and its own."""
    reached = [Disks.SITE, Disks.PLAIN]
    if host.hardware.reaches_mirror:
        reached += [Disks.FAST_MIRROR, Disks.MIRROR]
    if has_local:
        reached.append(Disks.LOCAL)
    return tuple(pool_of(disks, host.site, host.id) for disks in reached)


def build_pools(sites: Sequence[str], local: Mapping[str, HostClass]) -> tuple[StoragePool, ...]:
    """The pools of all sites and those on the disks of single hosts, `local` being the hardware by host id."""
    shared = [
        StoragePool(pool_of(disks, site, ""), PoolKind.SHARED, _LABELS[disks])
        for site in sites
        for disks in (Disks.SITE, Disks.PLAIN)
    ]
    mirrored = [
        StoragePool(pool_of(disks, "", ""), PoolKind.MIRRORED, _LABELS[disks])
        for disks in (Disks.FAST_MIRROR, Disks.MIRROR)
    ]
    single = [
        StoragePool(pool_of(Disks.LOCAL, "", host_id), PoolKind.LOCAL, {"raid": hardware.raid, "snapshots": "no"})
        for host_id, hardware in local.items()
    ]
    return (*shared, *mirrored, *single)
