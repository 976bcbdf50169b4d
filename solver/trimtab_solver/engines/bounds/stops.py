"""What evictions cost at least: what must be stopped for the losses that the levels above permit.

Valid as for losses (see `relaxations`): every target is one of the relaxation too. Where no breach may be left, it does
without rules that stay broken, which leaves fewer targets.
"""

from __future__ import annotations

from .caps import Caps
from .relaxations import Relaxations


def fewest_stops(relaxations: Relaxations, caps: Caps) -> int:
    """In eviction costs of tiers; what stops on the way and runs again would only add to it."""
    return relaxations.least(relaxations.relaxation(caps=caps), relaxations.tiers("eviction_cost"), None, caps)
