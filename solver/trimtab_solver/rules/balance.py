"""Balance: how evenly load should lie on the hosts, once everything that matters more is decided."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Self

from pydantic import Field, field_validator, model_validator

from ..policy.documents import Policy, Strict, Switched
from ..policy.fields import ResourceName
from ..primitives.capacity import Capacity
from ..primitives.imbalance import AboveThreshold, Imbalance, Peak, Ratio

_PERCENT = re.compile(r"^(100|[1-9]?[0-9])%$")

Weight = Annotated[int, Field(ge=1, le=1_000_000)]


class Above(Strict):
    """Load above a share of a host's capacity costs `weight` per unit."""

    resource: ResourceName
    threshold: str
    """The share of the capacity that is still fine, such as "80%"."""
    weight: Weight = 1

    @field_validator("threshold")
    @classmethod
    def _percent(cls, value: str) -> str:
        if not _PERCENT.match(value):
            raise ValueError(f'threshold is "{value}"; write a whole percentage in quotes such as "80%"')
        return value

    @property
    def percent(self) -> int:
        """The threshold, 0 to 100."""
        return int(self.threshold[:-1])


class FreeRatio(Strict):
    """With each free unit of `left` on a host should come `target` free units of `right`; each missing one costs."""

    left: ResourceName
    right: ResourceName
    target: Annotated[int, Field(ge=1, le=1_000_000)]
    weight: Weight = 1

    @model_validator(mode="after")
    def _two_resources(self) -> Self:
        if self.left == self.right:
            raise ValueError(f"left and right are both {self.left}; name two resources")
        return self


class PeakLoad(Strict):
    """The load of the fullest host, in thousandths of its capacity, costs `weight` each."""

    resource: ResourceName
    weight: Weight = 1


class Balance(Switched):
    """Costs of the last level: load above thresholds, free resources that do not fit together, the fullest host.

    Several documents add up.
    """

    above: tuple[Above, ...] = Field(default=(), strict=False)
    """Load above a threshold."""
    ratios: tuple[FreeRatio, ...] = Field(default=(), strict=False)
    """Free amounts that should come together."""
    peaks: tuple[PeakLoad, ...] = Field(default=(), strict=False)
    """The fullest host."""

    @model_validator(mode="after")
    def _asks_for_something(self) -> Self:
        if not (self.above or self.ratios or self.peaks):
            raise ValueError("Balance needs above, ratios or peaks")
        return self

    def resources(self) -> Iterator[str]:
        """Every resource it names."""
        yield from (part.resource for part in self.above)
        yield from (part.resource for part in self.peaks)
        for ratio in self.ratios:
            yield from (ratio.left, ratio.right)


def compile_balance(policy: Policy, resources: tuple[str, ...], capacity: Capacity) -> Imbalance:
    """All documents in force together; `resources` hold every one that they name."""
    number = {resource: r for r, resource in enumerate(resources)}
    above, ratios, peaks = [], [], []
    for _, spec in policy.of(Balance):
        for part in spec.above:
            r = number[part.resource]
            above.append(AboveThreshold(r, capacity.limit[:, r] * part.percent // 100, part.weight))
        ratios += [Ratio(number[p.left], number[p.right], p.target, p.weight) for p in spec.ratios]
        peaks += [Peak(number[p.resource], p.weight) for p in spec.peaks]
    return Imbalance(tuple(above), tuple(ratios), tuple(peaks))
