"""Policy kinds, one per file: the meaning (a pydantic model) and its compilation to primitives.

The judge of each rule kind has the same name in `trimtab_solver.verify`. `KINDS` is the registry: adding a kind is
adding a file and a line.
"""

from __future__ import annotations

from typing import Final

from ..policy.documents import Spec
from .action_budget import ActionBudget
from .balance import Balance
from .host_requirement import HostRequirement
from .maintenance import Maintenance
from .objectives import Objectives
from .pin import Pin
from .policy_set import PolicySet
from .quorum import Quorum
from .reserve import Reserve
from .resize import Resize
from .separate import Separate
from .spread import Spread
from .tier import Tier
from .together import Together

KINDS: Final[dict[str, type[Spec]]] = {
    "PolicySet": PolicySet,
    "Tier": Tier,
    "Separate": Separate,
    "Spread": Spread,
    "Together": Together,
    "Pin": Pin,
    "HostRequirement": HostRequirement,
    "Maintenance": Maintenance,
    "Quorum": Quorum,
    "Reserve": Reserve,
    "Resize": Resize,
    "Balance": Balance,
    "ActionBudget": ActionBudget,
    "Objectives": Objectives,
}
