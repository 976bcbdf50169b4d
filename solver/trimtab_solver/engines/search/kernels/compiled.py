"""How kernels are compiled: cached on disk, without the interpreter lock."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from numba import njit

Kernel = TypeVar("Kernel", bound=Callable[..., object])


def compiled(function: Kernel) -> Kernel:
    """A kernel that is called from Python or is too large to be copied into its callers."""
    kernel: Kernel = njit(cache=True, nogil=True, error_model="numpy", boundscheck=False, _nrt=False)(function)
    return kernel


def inlined(function: Kernel) -> Kernel:
    """A small kernel that is copied into its callers: passing dozens of arrays would cost more than its work."""
    kernel: Kernel = njit(cache=True, nogil=True, error_model="numpy", boundscheck=False, _nrt=False, inline="always")(function)
    return kernel
