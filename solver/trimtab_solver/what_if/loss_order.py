"""Which losses are worse: no number of guests of a lower rank outweighs one of a higher."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from ..policy.selection import Selection
from ..rules.tier import ranked_tiers


class LossOrder:
    """Compares losses by tier, as the objective of a policy does."""

    def __init__(self, selection: Selection) -> None:
        self._tiers = {document.name: tier for document, tier in ranked_tiers(selection)}
        self._ranks = sorted({tier.rank for tier in self._tiers.values()}, reverse=True)

    @property
    def tiers(self) -> tuple[str, ...]:
        """The names of all tiers, highest rank first."""
        return tuple(self._tiers)

    def weight(self, lost: Mapping[str, int]) -> tuple[int, ...]:
        """The value that is lost at each rank, highest first: larger is worse."""
        values: defaultdict[int, int] = defaultdict(int)
        for name, number in lost.items():
            # a tier of another policy, which a step has brought, counts for nothing here
            if tier := self._tiers.get(name):
                values[tier.rank] += number * tier.value
        return tuple(values[rank] for rank in self._ranks)
