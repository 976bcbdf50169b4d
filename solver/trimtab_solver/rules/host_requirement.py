"""HostRequirement: what the infrastructure under a guest must offer."""

from __future__ import annotations

from ..policy.documents import Expression, RuleSpec, Selector


class HostRequirement(RuleSpec):
    """Selected guests run only on hosts for which `require` holds (CEL over ``host`` and ``event``, returns bool).

    A breach counts each guest that runs on another host.
    """

    select: Selector
    require: Expression
