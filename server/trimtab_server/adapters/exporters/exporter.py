"""What an exporter is."""

from __future__ import annotations

from typing import Protocol

from trimtab_solver.actions import Plan


class Exporter(Protocol):
    """Writes plans for one kind of executor."""

    @property
    def name(self) -> str:
        """The word for the target on the command line."""

    @property
    def writes(self) -> str:
        """What it writes, in a few words."""

    def write(self, plan: Plan) -> bytes:
        """The whole plan; equal plans give equal bytes.

        Every action is in it with all that it waits for, because any order that keeps `depends_on` is safe and others
        are not.
        """
