"""The heaviest closed set: what gains are worth at most when each one has costs that come with it.

J. C. Picard, "Maximal closure of a graph and applications to combinatorial problems", Management Science 22 (1976): its
value is the sum of all gains less a maximum flow from gains to the costs they need, and it lies on the gains' side of a
minimum cut. The flow is found by augmenting paths (Ford and Fulkerson 1956), breadth first; sets are Python integers.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence


def heaviest_closed_set(gains: Sequence[tuple[int, int]], costs: Mapping[int, int]) -> tuple[int, int]:
    """The greatest worth of a closed set, and the costs in one that has it, as a set of bits; (0, 0) is the empty set.

    `gains` are pairs of a positive amount and the set of bits it needs; `costs` has a positive amount for each bit. A
    set of gains is worth their amounts less those of all bits that any of them needs.
    """
    merged: defaultdict[int, int] = defaultdict(int)
    for amount, needs in gains:
        merged[needs] += amount
    # smallest needs first: where each needs all that the one before does, the first flow is a maximum one
    order = sorted(merged, key=int.bit_count)
    flow = _Flow(order, [merged[needs] for needs in order], costs)
    flow.maximise()
    return sum(flow.rest), flow.dead


class _Flow:
    """Flow from gains, named by position, to costs, named by bit; `rest` is what of each gain flows nowhere."""

    def __init__(self, needs: Sequence[int], gains: Sequence[int], costs: Mapping[int, int]) -> None:
        self._needs = needs
        self.rest = list(gains)
        self._left = dict(costs)
        self._open = sum(1 << bit for bit in costs)
        """Costs that can take more."""
        self._into: defaultdict[int, dict[int, int]] = defaultdict(dict)
        """Cost -> gain -> how much flows."""
        self.dead = 0
        """Costs from which no way leads to an open one, nor will any: in the end what the heaviest set needs."""

    def maximise(self) -> None:
        """First what flows directly, then by ways that send some of it elsewhere."""
        for gain in range(len(self.rest)):
            while self.rest[gain] and (reached := self._needs[gain] & self._open):
                self._augment(_lowest(reached), gain, {}, {})
        for gain in range(len(self.rest)):
            while self.rest[gain] and self._find_way(gain):
                pass

    def _find_way(self, start: int) -> bool:
        """Sends more of the gain along a shortest way; whether there was one."""
        from_gain: dict[int, int] = {}
        from_cost: dict[int, int] = {}
        seen, queue = self.dead, [start]
        for gain in queue:
            reached = self._needs[gain] & ~seen
            if found := reached & self._open:
                self._augment(_lowest(found), gain, from_gain, from_cost)
                return True
            seen |= reached
            while reached:
                bit = _lowest(reached)
                reached ^= 1 << bit
                from_gain[bit] = gain
                for other, amount in self._into[bit].items():
                    if amount and other not in from_cost and other != start:
                        from_cost[other] = bit
                        queue.append(other)
        self.dead = seen
        return False

    def _augment(self, bit: int, gain: int, from_gain: Mapping[int, int], from_cost: Mapping[int, int]) -> None:
        """Sends as much as goes along the way that ends with `gain` and the open cost `bit`."""
        way = [(gain, bit)]
        amount = self._left[bit]
        while gain in from_cost:
            back = from_cost[gain]
            amount = min(amount, self._into[back][gain])
            way.append((gain, back))
            gain = from_gain[back]
            way.append((gain, back))
        amount = min(amount, self.rest[gain])
        self.rest[gain] -= amount
        for i, (at, to) in enumerate(way):
            # forward on even places of the way, back on odd ones
            self._into[to][at] = self._into[to].get(at, 0) + (amount if i % 2 == 0 else -amount)
        self._left[bit] -= amount
        if not self._left[bit]:
            self._open &= ~(1 << bit)


def _lowest(bits: int) -> int:
    return (bits & -bits).bit_length() - 1
