"""``trimtab demo``."""

from __future__ import annotations

import typer

from .arguments import Seed

SEED = 4
"""Tells the story well: some guests shrink, some are suspended, some stay down, and it is proven how many."""


def demo(seed: Seed = SEED) -> None:
    """Watch a rack fail and the verified plan come back: a real server on loopback, in under a minute."""
    from ..reports.page import Page
    from .demonstration import Demonstration

    raise typer.Exit(Demonstration(Page(), seed).run())
