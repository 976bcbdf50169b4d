"""Where guests may arrive: suitability and the unary rules, per class of guests that they treat alike."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..policy.columns import EncodedColumn
from ..primitives.allowed import Allowed, HostRule
from ..primitives.encoding import Amounts, Bools
from ..snapshot import Host, Vm
from ..suitability import EQUIPMENT


@dataclass(frozen=True, slots=True, eq=False)
class Needs:
    """What guests [V] need of hosts, and which hosts meet each of the distinct needs: `equipped` [N, H]."""

    column: EncodedColumn
    equipped: Bools

    def extended(self, vms: Sequence[Vm], hosts: Sequence[Host]) -> Needs:
        """With these guests after the others; `hosts` are all there are, new ones after the others."""
        known, column = self.column.distinct, self.column.extended(_needs(vms))
        wider = np.hstack((self.equipped, _meeting(known, hosts[self.equipped.shape[1] :])))
        return Needs(column, np.vstack((wider, _meeting(column.distinct[len(known) :], hosts))))


def read_needs(vms: Sequence[Vm], hosts: Sequence[Host]) -> Needs:
    """The needs of these guests, and the hosts that satisfy them."""
    column = EncodedColumn.of(_needs(vms), len(vms))
    return Needs(column, _meeting(column.distinct, hosts))


def _needs(vms: Sequence[Vm]) -> Iterable[tuple[Hashable, ...]]:
    """Per guest, what it needs by each of the conditions."""
    return zip(*(map(condition.need, vms) for condition in EQUIPMENT), strict=True)


def _meeting(distinct: Sequence[tuple[Any, ...]], hosts: Sequence[Host]) -> Bools:
    """Which of the hosts meet each of the needs [n, h]."""
    equipped = np.ones((len(distinct), len(hosts)), dtype=np.bool_)
    for n, needs in enumerate(distinct):
        for condition, need in zip(EQUIPMENT, needs, strict=True):
            equipped[n] &= condition.offers(hosts, need)
    return equipped


def allowed_hosts(needs: Needs, receiving: Bools, rules: tuple[HostRule, ...]) -> Allowed:
    """Guests that the same rules select and that need the same equipment form a class."""
    classes = _classes(needs, rules)
    shape = (len(classes.distinct), len(receiving))
    broken, penalty = np.zeros(shape, dtype=np.int32), _no_penalty(classes, rules, shape)
    for c, (own, _) in enumerate(classes.distinct):
        for rule in (rules[i] for i in own):
            if rule.must:
                broken[c] += ~rule.mask
            else:
                penalty[c] += np.where(rule.mask, 0, rule.weight)
    suitable = _equipped(classes, needs) & receiving
    mask = suitable & (broken == 0)
    broken += ~suitable
    class_rules = tuple(own for own, _ in classes.distinct)
    return Allowed(classes.number.astype(np.int32), mask, broken, penalty, rules, class_rules)


def when_received(allowed: Allowed, needs: Needs, before: Bools, receiving: Bools) -> Allowed:
    """The same where other hosts than `before` are `receiving` guests, both [H]."""
    at = np.flatnonzero(before != receiving)
    if not len(at):
        return allowed
    first = np.zeros(len(allowed.mask), dtype=np.int64)
    first[allowed.class_of[::-1]] = np.arange(len(allowed.class_of))[::-1]
    equipped = needs.equipped[needs.column.number[first]][:, at]
    was, suitable = equipped & before[at], equipped & receiving[at]
    mask, breach = allowed.mask.copy(), allowed.breach.copy()
    broken = breach[:, at] - ~was
    mask[:, at], breach[:, at] = suitable & (broken == 0), broken + ~suitable
    return replace(allowed, mask=mask, breach=breach)


def _classes(needs: Needs, rules: tuple[HostRule, ...]) -> EncodedColumn:
    rules_of: dict[int, list[int]] = {}
    for i, rule in enumerate(rules):
        for v in rule.guests.tolist():
            rules_of.setdefault(v, []).append(i)
    need = needs.column.number.tolist()
    signatures: list[Hashable] = [((), n) for n in range(len(needs.column.distinct))]
    signature_of = list(map(signatures.__getitem__, need))  # one object for all who need the same and have no rules
    for v, own in rules_of.items():
        signature_of[v] = tuple(own), need[v]
    return EncodedColumn.of(signature_of, len(need))


def _no_penalty(classes: EncodedColumn, rules: tuple[HostRule, ...], shape: tuple[int, int]) -> Amounts:
    """Zeros, wide enough for a guest that breaks every should rule of its class."""
    most = max((sum(rules[i].weight for i in own) for own, _ in classes.distinct), default=0)
    return np.zeros(shape, np.int32) if most <= np.iinfo(np.int32).max else np.zeros(shape, np.int64)


def _equipped(classes: EncodedColumn, needs: Needs) -> Bools:
    found: list[Any] = [need for _, need in classes.distinct]
    return needs.equipped[np.array(found, dtype=np.int64)]
