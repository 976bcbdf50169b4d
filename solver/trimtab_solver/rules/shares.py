"""Shares as policies write them, as percentages in quotes: of what guests request, and of all time."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Annotated

from pydantic import AfterValidator

from ..policy.fields import ResourceName

_PERCENT = re.compile(r"^(100|[1-9]?[0-9])%$")
_OF_TIME = re.compile(r"^[0-9]{1,2}(\.[0-9]{1,9})?%$")


def _whole_percentages(shares: dict[str, str]) -> dict[str, str]:
    for resource, share in shares.items():
        if not _PERCENT.match(share):
            raise ValueError(f'floor of {resource} is "{share}"; write a whole percentage in quotes such as "75%"')
    return shares


Floor = Annotated[dict[ResourceName, str], AfterValidator(_whole_percentages)]
"""By resource, the share of the request that always stays, such as ``"75%"``."""


def percent(share: str) -> int:
    """The share as a number, 0 to 100."""
    return int(share[:-1])


def _is_share_of_time(share: str) -> str:
    if not _OF_TIME.match(share) or not Fraction(share[:-1]):
        raise ValueError(
            f'"{share}" is no target; write a percentage above 0 and below 100 in quotes, such as "99.99%"'
        )
    return share


Percentage = Annotated[str, AfterValidator(_is_share_of_time)]
"""A share of all time, above none and below all of it, such as ``"99.99%"``."""


def unavailable_share(share: str) -> Fraction:
    """What is left of all time: a ten-thousandth for ``"99.99%"``."""
    return 1 - Fraction(share[:-1]) / 100
