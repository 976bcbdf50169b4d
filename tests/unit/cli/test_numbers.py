"""Numbers and durations are read and written as people do."""

from __future__ import annotations

import pytest
import typer

from trimtab_server.cli.durations import parse_duration
from trimtab_server.reports.quantities import abbreviate, plural, spell_seconds


@pytest.mark.parametrize(
    ("text", "seconds"), [("500ms", 0.5), ("10s", 10.0), ("2m", 120.0), ("7", 7.0), (" 1.5s ", 1.5), ("0.25m", 15.0)]
)
def test_durations_are_read(text: str, seconds: float) -> None:
    """Milliseconds, seconds and minutes; a bare number counts seconds."""
    assert parse_duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["", "0", "0s", "-1s", "1h", "10 s", "s", "1e3s", "nan", "inf", "9999999s"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    """The refusal shows how to write one."""
    with pytest.raises(typer.BadParameter, match="500ms, 10s or 2m"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("number", "text"),
    [(0, "0"), (999, "999"), (1000, "1k"), (97_085, "97.1k"), (999_499, "999k"), (999_700, "1M"), (1_159_168, "1.16M")],
)
def test_numbers_are_abbreviated(number: int, text: str) -> None:
    """Three digits and a unit, also where rounding reaches the next unit."""
    assert abbreviate(number) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0 s"), (0.354, "0.35 s"), (48, "48 s"), (247, "4 min 07 s"), (7260, "2 h 01 min")]
)
def test_seconds_are_spelt(seconds: float, text: str) -> None:
    """The unit grows with the duration."""
    assert spell_seconds(seconds) == text


def test_nouns_agree_with_their_number() -> None:
    """One host, no hosts, two hosts."""
    assert [plural(number, "host") for number in (0, 1, 2)] == ["0 hosts", "1 host", "2 hosts"]
