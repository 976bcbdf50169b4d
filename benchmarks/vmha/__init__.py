"""vmha: a public, seeded benchmark of failures in clusters with service levels, from 10 to 5,000 hosts.

The recipe is frozen and described in ``benchmarks/README.md``; every instance has a pinned digest.
``python -m benchmarks.vmha --write DIR`` writes the instances for others to solve.
"""

from __future__ import annotations

from .instance import Instance as Instance
from .instance import generate as generate
from .recipe import FAILURES as FAILURES
from .recipe import LOADS as LOADS
from .recipe import SEEDS as SEEDS
from .recipe import SIZES as SIZES
from .recipe import SIZINGS as SIZINGS
from .recipe import Recipe as Recipe
from .recipe import Size as Size
from .recipe import recipes as recipes
