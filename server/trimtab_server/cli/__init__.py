"""The command line ``trimtab``."""

from __future__ import annotations


def main() -> None:
    """Run the command line on the arguments of the process, and leave with its exit code."""
    from .application import application

    application(prog_name="trimtab")
