"""Which random clusters a property is checked on."""

from __future__ import annotations

import os
from typing import Final

SEED_COUNT: Final = int(os.environ.get("TRIMTAB_TEST_SEEDS", "1500"))
"""Random clusters per property; set ``TRIMTAB_TEST_SEEDS`` to some thousands for a soak."""

SEEDS_BEFORE: Final = int(os.environ.get("TRIMTAB_TEST_SEEDS_BEFORE", "0"))
"""How many clusters per property earlier soaks have seen: this one goes on behind them."""

_CHUNK: Final = 50


def chunks(share: float = 1.0, first: int = 0) -> list[range]:
    """The seeds from `first` on, in pieces that test workers can share; `share` for properties that take longer."""
    first += round(SEEDS_BEFORE * share)
    end = first + max(1, round(SEED_COUNT * share))
    return [range(at, min(at + _CHUNK, end)) for at in range(first, end, _CHUNK)]


def assert_checked(count: int, seeds: range, per_seed: float) -> None:
    """Fails when fewer cases of these seeds were really put to the test than `per_seed`, so that none passes unseen."""
    assert count >= int(per_seed * len(seeds)), f"only {count} were checked of {len(seeds)} clusters"


def named(seeds: range) -> str:
    """The id of a piece in test names."""
    return f"{seeds.start}-{seeds.stop - 1}"
