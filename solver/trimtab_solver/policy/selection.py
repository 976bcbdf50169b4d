"""Policy x snapshot: which guests and hosts every selector means, and which rights the event gives."""

from __future__ import annotations

from ..failures import Event
from ..rules.tier import Tier
from ..snapshot import Snapshot
from .documents import Document, Policy, Selector


class Selection:
    """Evaluates selectors and expressions of `policy` on `snapshot`, once each; results are cached.

    Raises
    ------
    PolicyRefusedError
        From any method, when an expression of a must rule (or a tier) fails on some guest or host: the fault names
        file, line, field and the first few ids. In a should rule the guest is left out and `warnings` says so.
    """

    policy: Policy
    snapshot: Snapshot
    event: Event
    warnings: list[str]

    def tiers(self) -> tuple[tuple[Document, Tier], ...]: ...  # by rank, highest first; then by name
    def tier_of(self) -> dict[str, Document]: ...  # vm id -> its tier's document; faults: NO_TIER, AMBIGUOUS_TIER
    def vms(self, document: Document, path: str, selector: Selector) -> tuple[str, ...]: ...  # ids, snapshot order
    def hosts(self, document: Document, path: str, selector: Selector) -> frozenset[str]: ...
    def hosts_where(self, document: Document, path: str, expression: str) -> frozenset[str]: ...  # bool over host, event
    def groups(
        self, document: Document, path: str, vm_ids: tuple[str, ...], expression: str | None
    ) -> dict[str, tuple[str, ...]]: ...  # key -> members; None: one group under the key ""
    def holds(self, document: Document, path: str, expression: str) -> bool: ...  # bool over event
