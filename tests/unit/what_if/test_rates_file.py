"""Files that say how often parts fail."""

from __future__ import annotations

import math
import re
from pathlib import Path

import pytest

from trimtab_solver.errors import PolicyRefusedError
from trimtab_solver.what_if.availability.failure_rates import DEFAULT_RATES, Reliability, Upkeep
from trimtab_solver.what_if.availability.rates_file import read_rates

PAGE = Path(__file__).parents[3] / "docs" / "availability.md"


def test_the_file_of_the_page_is_read() -> None:
    """A part by name counts before its kind; what is not named is the default."""
    (text,) = re.findall(r"```yaml\n(.*?)```", PAGE.read_text(), re.DOTALL)
    rates = read_rates("rates.yaml", text.encode())
    assert rates.of("host:h1") == Reliability(26_280 * 3600, 4 * 3600)
    assert rates.of("host:h7") == Reliability(8760 * 3600, 24 * 3600)
    assert math.isinf(rates.of("rack:r1").mttf_s)
    assert rates.of("site:x") == DEFAULT_RATES["site"]
    assert rates.upkeep == Upkeep(30 * 86_400, 3600)
    assert rates.pause_s == 4 * 3600


def test_what_is_not_said_is_the_default() -> None:
    """And no host is emptied where the file says so."""
    assert read_rates("rates.yaml", b"pause: 1h").upkeep == Upkeep()
    assert read_rates("rates.yaml", b"maintenance: {every: never}").upkeep is None


@pytest.mark.parametrize(
    "text",
    [
        "components: {host: {mttf: soon}}",
        "components: {host: {mttf: 0h}}",
        "component: {}",
        "components: {host: {mttr: 1h}}",
        "components: {host: {mttf: 1h}}",
    ],
)
def test_what_makes_no_sense_is_refused(text: str) -> None:
    """With its place in the file."""
    with pytest.raises(PolicyRefusedError) as refusal:
        read_rates("rates.yaml", text.encode())
    assert all(fault.path.startswith("rates.yaml:1:") for fault in refusal.value.faults)
