"""Which hosts are switched on and which are known to be dead, while a plan is replayed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import assert_never

from ..actions import ActionKind
from ..snapshot import FencingState, Host, HostState, Vm, VmState
from .case import Case
from .dependencies import Dependencies
from .kinds import OfHost
from .violation import Code, Violation

_ON = frozenset({HostState.UP, HostState.DEGRADED, HostState.DRAINING, HostState.MAINTENANCE})


class Power:
    """Starts as the snapshot; `Dependencies` hears which action an arrival relies on."""

    def __init__(self, case: Case, dependencies: Dependencies) -> None:
        self._case = case
        self._dependencies = dependencies
        self._on = {host.id for host in case.snapshot.hosts if host.state in _ON}
        self._switched: dict[str, int] = {}
        self._fenced: dict[str, int] = {
            host.id: 0
            for host in case.snapshot.hosts
            if host.state is HostState.DOWN and host.fencing is FencingState.FENCED
        }

    def perform(self, place: int, kind: OfHost, host: Host, guests: int) -> Iterator[Violation]:
        """Fences, boots or shuts down the host, on which `guests` hold room."""
        match kind:
            case ActionKind.FENCE_HOST:
                yield from self._fence(place, host)
            case ActionKind.BOOT_HOST:
                if host.id in self._on or host.state is HostState.DOWN:
                    yield _unmet(place, host, "is not a host that can be booted")
                yield from self._switch(place, host)
                self._on.add(host.id)
            case ActionKind.SHUTDOWN_HOST:
                if host.id not in self._on:
                    yield _unmet(place, host, "is not switched on")
                if guests:
                    yield _unmet(place, host, f"still runs {guests} guests")
                yield from self._switch(place, host)
                yield from self._dependencies.shutdown(place, host.id)
                self._on.discard(host.id)
            case _:
                assert_never(kind)

    def _fence(self, place: int, host: Host) -> Iterator[Violation]:
        if host.state is not HostState.DOWN:
            yield _unmet(place, host, "is not down")
        elif host.fencing is FencingState.UNFENCEABLE:
            yield Violation(place, Code.FENCING, f"{host.id} cannot be fenced", host_id=host.id)
        elif host.id in self._fenced:
            yield _unmet(place, host, "is fenced already")
        else:
            self._fenced[host.id] = 1 << place

    def _switch(self, place: int, host: Host) -> Iterator[Violation]:
        yield from self._dependencies.require(place, self._switched.get(host.id, 0), f"{host.id} is switched before")
        self._switched[host.id] = 1 << place

    def arrival(self, place: int, host: Host) -> Iterator[Violation]:
        """A guest comes to the host, which must be on."""
        if host.id not in self._on:
            yield Violation(place, Code.POWER, f"{host.id} is not switched on", host_id=host.id)
        elif host.id in self._switched:
            yield from self._dependencies.require(place, self._switched[host.id], f"{host.id} is booted by then")

    def restart(self, place: int, vm: Vm) -> Iterator[Violation]:
        """A displaced guest starts elsewhere, so its old host must be known to be dead."""
        if vm.state is not VmState.DISPLACED:
            return
        fence = self._fenced.get(vm.host_id)
        if fence is None:
            message = f"{vm.id} starts before {vm.host_id} is fenced"
            yield Violation(place, Code.FENCING, message, host_id=vm.host_id, vm_id=vm.id)
        else:
            yield from self._dependencies.require(place, fence, f"{vm.host_id} is fenced by then")


def _unmet(place: int, host: Host, message: str) -> Violation:
    return Violation(place, Code.PRECONDITION, f"{host.id} {message}", host_id=host.id)
