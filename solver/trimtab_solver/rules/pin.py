"""Pin: guests run on named hosts only."""

from __future__ import annotations

from ..policy.documents import RuleSpec, Selector


class Pin(RuleSpec):
    """Selected guests run only on selected hosts. A breach counts each guest that runs elsewhere."""

    select: Selector
    hosts: Selector
