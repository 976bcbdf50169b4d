"""How kernels are compiled."""

from __future__ import annotations

from typing import Final

from ....jit import jit

compiled: Final = jit(error_model="numpy", _nrt=False)
"""Makes a kernel. It allocates nothing, so it counts no references: that would cost more than a small kernel."""
