"""``trimtab demo``."""

from __future__ import annotations

import signal

import typer

from .arguments import Seed

SEED = 4
"""Tells the story well: some guests shrink, some are suspended, some stay down, and it is proven how many."""


def demo(seed: Seed = SEED) -> None:
    """Watch a rack fail and the verified plan come back: a real server on loopback, in under a minute."""
    # the server is stopped on the way out
    signal.signal(signal.SIGINT, signal.default_int_handler)
    from ..reports.page import Page
    from .demonstration import Demonstration

    raise typer.Exit(Demonstration(Page(), seed).run())
