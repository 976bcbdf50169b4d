"""Exit codes of every command, and how a command ends early."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from trimtab_solver.outcome import Answer


class ExitCode(enum.IntEnum):
    """What scripts may rely on."""

    OK = 0
    """The plan serves everybody and leaves no must rule broken, or there is nothing to do; wishes may be unmet."""
    FLAWED = 1
    """A must rule stays broken, a host overfull or not emptied, a guest stays down, or its record makes no sense.

    For `verify`: the plan is not safe, was made for other input, or its file says of its end what is not so.
    """
    USAGE = 2
    """Wrong arguments, files or policies."""
    IMPOSSIBLE = 3
    """Proven: a guest that must run cannot, or no safe order of actions leads to the best state."""
    TESTS_FAILED = 4
    """Policy tests failed, or the demo did not do what it shows."""
    SERVER_UNAVAILABLE = 5
    """The server does not answer, is too busy, or failed."""
    INTERRUPTED = 130
    """Ended by Ctrl-C."""
    NOBODY_READS = 141
    """Whoever was to read standard output has gone, as shells say it of a process that a closed pipe has ended."""


class CommandError(Exception):
    """Ends a command with an exit code and lines for stderr; nothing that a user does is shown as a traceback."""

    def __init__(self, code: ExitCode, lines: Iterable[str]) -> None:
        self.code = code
        self.lines = tuple(lines)
        super().__init__("\n".join(self.lines))


def exit_code_of(answer: Answer) -> ExitCode:
    """The exit code for an answer."""
    from trimtab_solver.outcome import Outcome

    if answer.outcome in (Outcome.INFEASIBLE, Outcome.UNREACHABLE):
        return ExitCode.IMPOSSIBLE
    # the level says it in plan files that were written before broken rules were listed
    is_broken = any(one.is_must for one in answer.broken_rules) or any(
        level.value for level in answer.levels if level.name == "inherited"
    )
    return ExitCode.FLAWED if is_broken or answer.stays_down or answer.quarantined else ExitCode.OK
