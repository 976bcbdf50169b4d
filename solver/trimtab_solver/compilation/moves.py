"""What it costs to move guests, and how many may move."""

from __future__ import annotations

import numpy as np

from ..primitives.allowed import Allowed
from ..primitives.disruption import Disruption
from ..primitives.encoding import Bools
from ..rules.action_budget import MoveRules
from .guests import Doings, Guests
from .hosts import Hosts, HostStates


def exempt(doings: Doings, allowed: Allowed) -> Bools:
    """Guests [V] that a must rule, or the state of their host, makes leave."""
    return np.asarray((doings.place >= 0) & (allowed.breach[allowed.class_of, doings.place] > 0))


def disruption(
    guests: Guests, doings: Doings, hosts: Hosts, states: HostStates, cold: Bools, moves: MoveRules, leaving: Bools
) -> Disruption:
    """The costs and rights; `cold` [T] says which tiers permit cold migration, `leaving` [V] who is exempt."""
    return Disruption(
        move_cost=guests.move_cost,
        live=guests.live & ~doings.migrating,
        cold=guests.movable & cold[guests.tier] & ~doings.migrating,
        generation=hosts.generation,
        spare=states.spare,
        pair_class=moves.pair_class,
        pair_cost=moves.pair_cost,
        group=moves.group,
        group_weight=moves.group_weight,
        group_limit=moves.group_limit,
        budget=moves.budget(int(doings.running.sum())),
        exempt=leaving,
    )
