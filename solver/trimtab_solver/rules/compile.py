"""Every rule of a policy, compiled to primitives."""

from __future__ import annotations

from collections.abc import Iterator

from ..policy.documents import Policy
from .ground import Ground, Primitive
from .host_requirement import HostRequirement, compile_host_requirement
from .pin import Pin, compile_pin
from .separate import Separate, compile_separate
from .spread import Spread, compile_spread
from .together import Together, compile_together


def compile_rules(policy: Policy, ground: Ground) -> Iterator[Primitive]:
    """The primitives of all enabled rules, in the order of the documents within each kind."""
    for document, separate in policy.of(Separate):
        yield from compile_separate(document, separate, ground)
    for document, spread in policy.of(Spread):
        yield from compile_spread(document, spread, ground)
    for document, together in policy.of(Together):
        yield from compile_together(document, together, ground)
    for document, pin in policy.of(Pin):
        yield from compile_pin(document, pin, ground)
    for document, requirement in policy.of(HostRequirement):
        yield from compile_host_requirement(document, requirement, ground)
