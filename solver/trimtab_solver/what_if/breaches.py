"""How far documents are broken before a scenario and after its plan."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping

from ..placement import Placement
from ..prepared import Prepared
from ..verify.case import Case
from ..verify.room import ROOM


class BreachCount:
    """The amounts of breach before a scenario, which are counted once for all scenarios."""

    def __init__(self, start: Prepared) -> None:
        case = start.case
        self._before = _by_rule(case, case.totals)
        self._before[ROOM] += case.rooms().breaches()

    def compare(self, state: Prepared, end: Placement, changed: Collection[str]) -> Mapping[str, tuple[int, int]]:
        """By rule, how far it is broken before and after; in `end` only `changed` guests are not as in the state."""
        case = state.case
        totals = list(case.totals)
        for index in {index for vm_id in changed for index in case.scopes_of(vm_id)}:
            if not case.is_frozen[index]:
                scope, also = case.scopes[index], case.also[index]
                totals[index] = sum(scope.amounts({**end.hosts, **also} if also else end.hosts).values())
        after = _by_rule(case, totals)
        after[ROOM] += case.rooms_holding(end.hosts, end.sizes).breaches()
        names = sorted(name for name in self._before.keys() | after.keys() if self._before[name] or after[name])
        return {name: (self._before[name], after[name]) for name in names}


def _by_rule(case: Case, totals: Collection[int]) -> Counter[str]:
    amounts: Counter[str] = Counter()
    for scope, total in zip(case.scopes, totals, strict=True):
        if total:
            amounts[scope.rule] += total
    return amounts
