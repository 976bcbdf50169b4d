"""Rights that a change of policy gives or takes away, in sentences."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from .quantities import plural

if TYPE_CHECKING:
    from trimtab_solver.review.right_changes import RightChange

_DONE = {"stop": "stopped", "suspend": "suspended", "cold": "moved cold"}


def right_sentence(change: RightChange) -> str:
    """Who may now be treated how, and when: ``71 silver guests may now be stopped at 1 hardware failure``."""
    who = plural(len(change.vm_ids), f"{change.tier} guest") if change.vm_ids else f"{change.tier} guests"
    return f"{who} {_what(change)} {spell_failures(change.failures)}"


def _what(change: RightChange) -> str:
    if change.resource:
        return _shrinking(change)
    old, new = _DONE.get(change.old, ""), _DONE.get(change.new, "")
    if not old:
        return f"may now be {new}"
    return f"may now be {new} instead of {old}" if new else f"may no longer be {old}"


def _shrinking(change: RightChange) -> str:
    if not change.new:
        return f"may no longer be shrunk in {change.resource} (to {change.old} before)"
    before = f" ({change.old} before)" if change.old else ""
    verb = (
        "may now be shrunk"
        if int(change.new.rstrip("%")) < int((change.old or "100%").rstrip("%"))
        else "may be shrunk only"
    )
    return f"{verb} to {change.new} of {change.resource}{before}"


def spell_failures(failures: Sequence[int]) -> str:
    """The numbers of hardware failures; those up to the largest that is tried stand for all beyond."""
    from trimtab_solver.review.right_changes import TRIED_FAILURES

    last = TRIED_FAILURES[-1]
    if tuple(failures) == tuple(TRIED_FAILURES):
        return "whatever fails"
    runs: list[tuple[int, int]] = []
    for number in failures:
        if runs and runs[-1][1] == number - 1:
            runs[-1] = runs[-1][0], number
        else:
            runs.append((number, number))
    return " and ".join(_run(first, end, last) for first, end in runs)


def _run(first: int, end: int, last: int) -> str:
    if first == end == 0:
        return "without a hardware failure"
    if end == last:
        return f"at {first} or more hardware failures"
    if first == end:
        return f"at {plural(first, 'hardware failure')}"
    return f"at {first} to {end} hardware failures"
