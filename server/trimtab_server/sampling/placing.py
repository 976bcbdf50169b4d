"""Places the guests of a sample cluster while it is still healthy: no overload, no must rule broken."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from .draw import Draw
from .guests import Guest
from .infrastructure import CPU_OVERCOMMIT_PERCENT, HostPlan

_TRIES = 10
_JITTER = 0.08
"""Keeps utilisation uneven, as it is in clusters that have lived for a while."""


def cpu_weight(guest: Guest) -> int:
    """CPU that the guest takes of the hardware, in units of ``cpu_milli / overcommit``: gold is never overcommitted."""
    return guest.flavour.cpu_milli * (CPU_OVERCOMMIT_PERCENT if guest.tier == "gold" else 100)


class Placer:
    """Fills hosts evenly; `usable` gives each host's (cpu_milli, memory_mib) after what is reserved."""

    def __init__(self, hosts: Sequence[HostPlan], usable: Sequence[tuple[int, int]], draw: Draw) -> None:
        self._hosts = hosts
        self._draw = draw
        self._cpu = [cpu * CPU_OVERCOMMIT_PERCENT for cpu, _ in usable]
        self._memory = [memory for _, memory in usable]
        self._cpu_left = list(self._cpu)
        self._memory_left = list(self._memory)
        self._by_need: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
        self._zones_on: defaultdict[tuple[str, int], set[str]] = defaultdict(set)
        self._zone_sites: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
        self._web_racks: defaultdict[str, set[str]] = defaultdict(set)
        for index, host in enumerate(hosts):
            if host.is_spare:
                continue
            for need in _offers(host):
                self._by_need[need, host.site].append(index)
                self._by_need[need, ""].append(index)
        self._sites = sorted({host.site for host in hosts if not host.is_spare})

    def place(self, guests: Sequence[Guest]) -> dict[str, int]:
        """Host index per guest id. A guest for which there is no room is left out."""
        placed: dict[str, int] = {}
        order = sorted(
            range(len(guests)),
            key=lambda index: (not guests[index].is_licensed, -guests[index].flavour.memory_mib, index),
        )
        for index in order:
            guest = guests[index]
            host = self._find(guest)
            if host is not None:
                self._take(guest, host)
                placed[guest.id] = host
        return placed

    def _find(self, guest: Guest) -> int | None:
        need = _need(guest)
        everywhere = self._by_need[need, ""]
        near = self._by_need[need, self._preferred_site(guest)] if guest.tier == "gold" else everywhere
        best = self._best([self._draw.one_of(near) for _ in range(_TRIES)] if near else [], guest)
        if best is None and everywhere:
            start = self._draw.below(len(everywhere))
            best = next((h for h in everywhere[start:] + everywhere[:start] if self._may_run(guest, h)), None)
        return best

    def _preferred_site(self, guest: Guest) -> str:
        own = self._zone_sites[guest.app, guest.zone]
        if own:
            return min(own)
        other = self._zone_sites[guest.app, "B" if guest.zone == "A" else "A"]
        return self._draw.one_of([site for site in self._sites if site not in other] or self._sites)

    def _best(self, candidates: Sequence[int], guest: Guest) -> int | None:
        best, best_score = None, 10.0
        for host in candidates:
            if not self._may_run(guest, host):
                continue
            score = 1.0 - min(self._cpu_left[host] / self._cpu[host], self._memory_left[host] / self._memory[host])
            score += self._draw.fraction() * _JITTER
            if guest.role == "web" and self._hosts[host].rack in self._web_racks[guest.app]:
                score += 1.0
            if score < best_score:
                best, best_score = host, score
        return best

    def _may_run(self, guest: Guest, host: int) -> bool:
        if self._memory_left[host] < guest.flavour.memory_mib or self._cpu_left[host] < cpu_weight(guest):
            return False
        other = "B" if guest.zone == "A" else "A"
        if guest.tier == "gold" and self._hosts[host].site in self._zone_sites[guest.app, other]:
            return False
        return other not in self._zones_on[guest.app, host]

    def _take(self, guest: Guest, host: int) -> None:
        self._memory_left[host] -= guest.flavour.memory_mib
        self._cpu_left[host] -= cpu_weight(guest)
        self._zones_on[guest.app, host].add(guest.zone)
        self._zone_sites[guest.app, guest.zone].add(self._hosts[host].site)
        if guest.role == "web":
            self._web_racks[guest.app].add(self._hosts[host].rack)


def _offers(host: HostPlan) -> list[str]:
    offers = ["any"]
    if host.hardware.reaches_mirror:
        offers.append("mirror")
    if host.hardware.power_feeds > 1:
        offers.append("ha")
        if host.is_licensed:
            offers.append("licence")
    else:
        offers.append("local")
    return offers


def _need(guest: Guest) -> str:
    # licensed hosts are of the HA class, and devices are where the mirror is
    if guest.is_licensed:
        return "licence"
    if guest.tier == "gold":
        return "ha"
    if guest.on_mirror:
        return "mirror"
    return "local" if guest.on_local_disk else "any"
