"""What is lost at a rank at least: what finds no room even if guests came in fractions and hosts of a type were one.

Valid because every target is one of the relaxation too, and keeps the limits of the levels above; its prices are the
dual's (see `relaxations`). What rules about groups keep down is another argument (`crowding`).
"""

from __future__ import annotations

from .caps import Caps
from .relaxations import Relaxations


def least_loss(relaxations: Relaxations, caps: Caps, rank: int) -> int:
    """In values of guests of the rank."""
    return relaxations.least_loss(rank, caps)
