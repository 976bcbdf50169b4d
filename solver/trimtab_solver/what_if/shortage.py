"""Whether bounds prove that guests of some tiers cannot all run."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from types import MappingProxyType

from ..policy.documents import Policy
from ..rules.tier import Tier
from .verdicts import StepVerdict

_NOBODY: Mapping[str, int] = MappingProxyType({})


def is_proven_short(
    step: StepVerdict, policy: Policy, tiers: Collection[str], added: Mapping[str, int] = _NOBODY
) -> bool:
    """Whether no plan for the step lets everybody run, of the tiers, who ran before, or is among the `added` of a tier.

    `policy` is the one that the step is under. Such a plan misses at each rank no more than did not run before. Bounds
    hold for the values reached at the ranks above: the first rank with guests of other tiers, or at which something
    else is missed than did not run before, ends what they prove.
    """
    values = {document.name: tier.value for document, tier in policy.of(Tier)}
    fates = {fate.tier: fate for fate in step.tiers}
    for level in step.losses:
        names = [name for name in level.name.partition(":")[2].split("+") if name in fates]
        if not set(names) <= set(tiers) or not set(names) <= values.keys():
            return False
        missed = sum(values[n] * (fates[n].wanted - fates[n].ran_before - added.get(n, 0)) for n in names)
        if level.bound > missed:
            return True
        if level.value != missed:
            return False
    return False
