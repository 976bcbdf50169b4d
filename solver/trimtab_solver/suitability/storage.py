"""The host reaches the storage pool of the guest, if it names one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from ..primitives.encoding import Bools
from ..snapshot import Host, Vm
from .condition import Equipment, hosts_with


def _need(vm: Vm) -> str:
    return vm.storage_pool_id


def _offers(hosts: Sequence[Host], pool: str) -> Bools:
    if not pool:
        return np.ones(len(hosts), dtype=np.bool_)
    return hosts_with([host.storage_pool_ids for host in hosts], pool)


def _reason(vm: Vm, host: Host) -> str:
    pool = vm.storage_pool_id
    if not pool or pool in host.storage_pool_ids:
        return ""
    return f"it does not reach storage pool {pool} (it reaches {', '.join(sorted(host.storage_pool_ids)) or 'none'})"


REACHES_STORAGE: Final = Equipment("STORAGE", _reason, _need, _offers)
