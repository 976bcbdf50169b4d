"""Help and refusals need no knowledge of how usage lines are written."""

from __future__ import annotations

import pytest

from tests.support.case_files import run
from trimtab_server.cli.usage import plain_refusal


@pytest.mark.parametrize(
    ("command", "usage"),
    [
        ("plan", "[OPTIONS] SNAPSHOT"),
        ("whatif", "[OPTIONS] [SNAPSHOT]"),
        ("explain", "[OPTIONS] PLAN [VM|HOST|ACTION]"),
        ("import", "[OPTIONS] TOOL FILE"),
        ("policy test", "[OPTIONS] PATH..."),
        ("policy diff", "[OPTIONS] OLD [NEW]"),
    ],
)
def test_usage_has_brackets_around_what_may_be_left_out_only(command: str, usage: str) -> None:
    """No braces, no brackets within brackets, no dots after dots."""
    assert run(*command.split(), "--help").out.splitlines()[0] == f"Usage: trimtab {command} {usage}"


@pytest.mark.parametrize(
    ("message", "plain"),
    [
        (
            "Value error, 'jsn' is not one of 'table', 'json'.",
            "'jsn' is not one of 'table', 'json'; did you mean \"json\"?",
        ),
        ("Value error, 'x' is not one of 'table', 'json'.", "'x' is not one of 'table', 'json'."),
        ("'it's' is not one of 'its', 'json'.", "'it's' is not one of 'its', 'json'; did you mean \"its\"?"),
        ("Input should be greater than 1", "Input should be greater than 1"),
    ],
)
def test_refusals_are_plain(message: str, plain: str) -> None:
    """Without the words of the library; a choice that is close is proposed."""
    assert plain_refusal(message) == plain
