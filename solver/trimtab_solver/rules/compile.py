"""Every rule of a policy, compiled to primitives."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

from ..policy.documents import Policy, RuleSpec
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


def compile_rules(policy: Policy, context: Context) -> tuple[Primitive, ...]:
    """The primitives of all rules in force, in the order of the documents within each kind.

    Raises
    ------
    PolicyRefusedError
        When rules contradict themselves or the snapshot; all of them are named.
    """
    primitives = [
        primitive
        for kind, compiler in COMPILERS.items()
        for document, spec in policy.of(kind)
        for primitive in compiler(document, spec, context)
    ]
    context.raise_faults()
    return tuple(primitives)
