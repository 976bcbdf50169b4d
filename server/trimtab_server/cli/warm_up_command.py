"""``trimtab warm-up``, and the same before a first plan."""

from __future__ import annotations

import sys


def warm_up() -> None:
    """Compile what plans are made with, once per machine and version; plans do it by themselves if need be."""
    from trimtab_solver import warm_up as kernels
    from trimtab_solver.jit import cache_folder

    kernels.warm_up()
    print(f"Compiled code is in {cache_folder()}.")


def compile_first() -> None:
    """Compiles what is not compiled yet before the time of a plan begins, and says so: it takes up to a minute."""
    from trimtab_solver import warm_up as kernels

    if not kernels.is_warm():
        print("Compiling for this machine, once; this can take a minute ...", file=sys.stderr, flush=True)
        kernels.warm_up()
