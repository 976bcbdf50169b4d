"""The host has every capability among the device needs of the guest."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from ..primitives.encoding import Bools
from ..snapshot import Host, Vm
from .condition import Equipment, hosts_with


def _need(vm: Vm) -> frozenset[str]:
    return frozenset(vm.device_needs)


def _offers(hosts: Sequence[Host], needs: frozenset[str]) -> Bools:
    owned = [host.capabilities for host in hosts]
    found = np.ones(len(hosts), dtype=np.bool_)
    for name in needs:
        found &= hosts_with(owned, name)
    return found


def _reason(vm: Vm, host: Host) -> str:
    lacking = sorted(set(vm.device_needs).difference(host.capabilities))
    return f"it lacks what the guest needs: {', '.join(lacking)}" if lacking else ""


HAS_DEVICES: Final = Equipment("DEVICES", _reason, _need, _offers)
