"""Random numbers inside kernels: xorshift64* (Vigna 2016, "An experimental exploration of Marsaglia's xorshift")."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from .kernels.compiled import compiled
from .rows import Whole

Bits = npt.NDArray[np.uint64]

_MULTIPLIER = np.uint64(0x2545F4914F6CDD1D)


@compiled
def draw(random: Bits) -> Whole:
    """The next 32 random bits; `random` [1] holds the state."""
    x = random[0]
    x ^= x >> np.uint64(12)
    x ^= x << np.uint64(25)
    x ^= x >> np.uint64(27)
    random[0] = x
    return np.int64((x * _MULTIPLIER) >> np.uint64(32))


@compiled
def below(random: Bits, n: Whole) -> Whole:
    """A random integer in [0, n)."""
    return np.int64((draw(random) * np.int64(n)) >> 32)


@compiled
def unit(random: Bits) -> float:
    """A random number in (0, 1]."""
    return (draw(random) + 1) / 4294967296.0
