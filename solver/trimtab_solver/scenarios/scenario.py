"""Scenarios as people write them: steps, in each of which parts fail, are drained, come back, are added or removed.

The same shape is read from files of scenarios and drills, and as part of every case of a `PolicyTest`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Final, Self

from pydantic import Field, model_validator

from ..policy.documents import Strict
from ..policy.durations import Duration
from ..policy.fields import ResourceName, VmSelector

MAX_ADDED: Final = 20_000
"""How many hosts, or guests, one entry may add."""
MAX_STEPS: Final = 100
"""How many steps a scenario may have."""

Amount = Annotated[int, Field(ge=0)]
Parts = Annotated[tuple[str, ...], Field(strict=False)]
"""Parts of a cluster, each as kind:id: a host, a failure domain or a storage pool."""
Percent = Annotated[int, Field(ge=0, le=10_000)]
Number = Annotated[int, Field(ge=1, le=MAX_ADDED)]


class Degradation(Strict):
    """Hosts that go on with a share of what they offer."""

    parts: Annotated[tuple[str, ...], Field(min_length=1, strict=False)]
    """Which hosts, as kind:id of hosts or failure domains."""
    capacity: Annotated[dict[ResourceName, Annotated[int, Field(ge=0, le=100)]], Field(min_length=1)]
    """Per resource, the percent of the capacity in the snapshot that is left."""


class MoreHosts(Strict):
    """Hosts that are added: up, empty, in all else like one that is there."""

    like: str
    """Id of the host."""
    number: Number = 1
    domains: Parts | None = None
    """Ids of the lowest failure domains they lie in, if not those of the host they are like."""


class MoreGuests(Strict):
    """Guests that are added: wanted, never started yet, in all else like one, or like all of an application group."""

    like: str | None = None
    """Id of the guest."""
    group: str | None = None
    """Name of the application group, whose guests are added once more, as a group of their own."""
    number: Number = 1
    """How many guests, or how many more such groups."""
    tier: str | None = None
    """The tier they have, if not that of the guests they are like."""

    @model_validator(mode="after")
    def _is_like_something(self) -> Self:
        if (self.like is None) == (self.group is None):
            raise ValueError("addGuests needs either like (a guest) or group (an application group)")
        return self


class Demand(Strict):
    """Guests that request more or less."""

    select: VmSelector
    percent: Annotated[dict[ResourceName, Percent], Field(min_length=1)]
    """Per resource, the percent of what they request until then, rounded up; 120 is a fifth more."""


class ScenarioStep(Strict):
    """What happens at one time: in the order of these fields, and before anything is planned."""

    after: Duration | None = None
    """How long after the step before it, or after the snapshot: windows and maintenance go by that time."""
    policy: str | None = None
    """From now on the cluster is under another policy: the folder or file, relative to the file of scenarios."""
    recover: Parts = ()
    """Hosts and domains that are up and whole again, and storage pools that are reached again."""
    remove: Parts = ()
    """Hosts, domains and storage pools that there are no more. Guests that ran there wait to be started."""
    add_hosts: Annotated[tuple[MoreHosts, ...], Field(strict=False)] = ()
    add_guests: Annotated[tuple[MoreGuests, ...], Field(strict=False)] = ()
    scale: Annotated[tuple[Demand, ...], Field(strict=False)] = ()
    """Guests that request more or less."""
    degrade: Annotated[tuple[Degradation, ...], Field(strict=False)] = ()
    """Hosts that offer less."""
    drain: Parts = ()
    """What is drained."""
    fail: Parts = ()
    """What fails, for example host:h1, rack:r2 or pool:p1. What ran there is DISPLACED.

    A storage pool that fails is reached by no host any more, and takes down what needs it.
    """
    hardware_failures: Amount | None = None
    """The number of root causes; without it they are counted, each failed storage pool as one."""

    @property
    def is_empty(self) -> bool:
        """Whether nothing happens."""
        return all(not getattr(self, name) for name in ScenarioStep.model_fields if name != "hardware_failures") and (
            self.hardware_failures is None
        )


class LaterStep(ScenarioStep):
    """A step after the first."""

    carry_out: bool = True
    """Whether the plan for the step before it has been carried out when it happens."""


class Scenario(ScenarioStep):
    """A first step, and steps that follow: before each the plan for what happened is carried out, unless it says no."""

    name: Annotated[str, Field(min_length=1)]
    steps: Annotated[tuple[LaterStep, ...], Field(max_length=MAX_STEPS, strict=False)] = ()
    """What follows. Where nothing happens at first, the first of these is the first step."""

    def each_step(self) -> Iterator[tuple[str, LaterStep]]:
        """All steps in order, each with its path within the scenario; at least one, which may be empty."""
        own = {name: getattr(self, name) for name in ScenarioStep.model_fields}
        first = LaterStep(carry_out=False, **own)
        if not first.is_empty or not self.steps:
            yield "", first
        for i, step in enumerate(self.steps):
            yield f"steps[{i}]", step
