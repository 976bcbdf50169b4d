"""Every rule of a policy, compiled to primitives."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from ..errors import PolicyRefusedError
from ..policy.documents import Policy, RuleSpec
from ..primitives.allowed import HostRule
from ..primitives.attraction import Wish
from ..primitives.group import GroupPrimitive
from ..primitives.size_floor import SizeFloor
from .action_budget import MoveRules, compile_action_budget
from .context import Context, Primitive
from .host_requirement import HostRequirement, compile_host_requirement
from .maintenance import Maintenance, compile_maintenance
from .pin import Pin, compile_pin
from .quorum import Quorum, compile_quorum
from .reserve import Reserve, compile_reserve
from .resize import Resize, compile_resize
from .separate import Separate, compile_separate
from .spread import Spread, compile_spread
from .together import Together, compile_together

Compiler = Callable[[Any, Any, Context], Iterator[Primitive]]

COMPILERS: Final[dict[type[RuleSpec], Compiler]] = {
    Separate: compile_separate,
    Spread: compile_spread,
    Together: compile_together,
    Pin: compile_pin,
    HostRequirement: compile_host_requirement,
    Maintenance: compile_maintenance,
    Quorum: compile_quorum,
    Reserve: compile_reserve,
    Resize: compile_resize,
}
"""Rule kind to the function that yields the primitives of one document."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What all documents in force compile to, by the kind of primitive, and what is worth knowing of them."""

    groups: tuple[GroupPrimitive, ...]
    hosts: tuple[HostRule, ...]
    wishes: tuple[Wish, ...]
    floors: tuple[SizeFloor, ...]
    moves: MoveRules
    warnings: tuple[str, ...]


def compile_rules(policy: Policy, context: Context, groups: Mapping[str, str]) -> Rules:
    """All rules in force, in the order of the documents within each kind; `groups` as for `compile_action_budget`.

    Raises
    ------
    PolicyRefusedError
        When an expression fails, or rules contradict themselves or the snapshot; of the latter all are named.
    """
    documents = [
        context.compiled(document.name, partial(compiler, document, spec, context))
        for kind, compiler in COMPILERS.items()
        for document, spec in policy.of(kind)
    ]
    moves = compile_action_budget(policy, context, groups)
    faults = [fault for one in documents for fault in one.faults]
    if faults:
        raise PolicyRefusedError(faults)
    primitives = [primitive for one in documents for primitive in one.parts]
    return Rules(
        groups=tuple(p for p in primitives if isinstance(p, GroupPrimitive)),
        hosts=tuple(p for p in primitives if isinstance(p, HostRule)),
        wishes=tuple(p for p in primitives if isinstance(p, Wish)),
        floors=tuple(p for p in primitives if isinstance(p, SizeFloor)),
        moves=moves,
        warnings=(*(warning for one in documents for warning in one.warnings), *moves.warnings),
    )
