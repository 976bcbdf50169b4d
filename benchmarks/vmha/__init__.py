"""vmha: a public, seeded benchmark of failures in clusters with service levels, from 10 to 5,000 hosts.

The recipe is frozen and described in ``benchmarks/README.md``; every instance has a pinned digest.
``python -m benchmarks.vmha --write DIR`` writes the instances for others to solve.
"""

from __future__ import annotations

from benchmarks.vmha.instance import Instance as Instance
from benchmarks.vmha.instance import generate as generate
from benchmarks.vmha.recipe import FAILURES as FAILURES
from benchmarks.vmha.recipe import LOADS as LOADS
from benchmarks.vmha.recipe import SEEDS as SEEDS
from benchmarks.vmha.recipe import SIZES as SIZES
from benchmarks.vmha.recipe import SIZINGS as SIZINGS
from benchmarks.vmha.recipe import Recipe as Recipe
from benchmarks.vmha.recipe import Size as Size
from benchmarks.vmha.recipe import recipes as recipes
