"""What a sample cluster should look like."""

from __future__ import annotations

from dataclasses import dataclass

from trimtab_solver.errors import Fault, Reason, RefusedError


@dataclass(frozen=True, slots=True)
class SampleOptions:
    """Size, load and failure of a sample cluster.

    `load` is the share of the surviving capacity (after `fail`; of the scarcest resource) that would be in use if every
    guest ran: above 1.0 somebody must stay down. Each entry of `fail` is ``KIND:ID`` with kind ``host``, ``rack``,
    ``room``, ``site`` or ``feed``. The last `spares` hosts are cold spares. Without `resizable` every guest's
    guaranteed amount is its request. The share `misplaced` of the Gold and Silver guests has its disks on storage below
    what their tier is promised.
    """

    hosts: int = 100
    vms: int = 1000
    load: float = 0.9
    sites: int = 3
    fail: tuple[str, ...] = ()
    seed: int = 1
    resizable: bool = True
    spares: int = 0
    misplaced: float = 0.0

    def check(self) -> None:
        """Raise `RefusedError` naming every option that cannot be met."""
        faults = []
        if self.sites < 1:
            faults.append(_out_of_range("sites", self.sites, "use 1 or more"))
        if self.hosts < max(1, self.sites):
            faults.append(
                _out_of_range("hosts", self.hosts, f"use at least one per site: {max(1, self.sites)} or more")
            )
        if self.vms < 1:
            faults.append(_out_of_range("vms", self.vms, "use 1 or more"))
        if not 0.05 <= self.load <= 3.0:
            faults.append(_out_of_range("load", self.load, "use a share such as 0.9 (from 0.05 to 3.0)"))
        if not 0 <= self.spares <= max(0, self.hosts - self.sites):
            faults.append(
                _out_of_range(
                    "spares", self.spares, f"use 0 to {max(0, self.hosts - self.sites)}: one host per site runs"
                )
            )
        if not 0 <= self.misplaced <= 1:
            faults.append(_out_of_range("misplaced", self.misplaced, "use a share such as 0.1 (from 0 to 1)"))
        if faults:
            raise RefusedError(faults)


def _out_of_range(option: str, value: float, fix: str) -> Fault:
    return Fault(Reason.OUT_OF_RANGE, f"sample.{option}", f"{value} is out of range", fix)
