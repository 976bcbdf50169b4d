"""Shares of what guests request, as policies write them: whole percentages in quotes, by resource."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator

from ..policy.fields import ResourceName

_PERCENT = re.compile(r"^(100|[1-9]?[0-9])%$")


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
