"""Headroom: how many more guests like one fit, now and while a promise holds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from ..errors import Fault, Reason, SnapshotRefusedError
from ..execution.additions import add_guests
from ..execution.parts import Parts
from ..policy.documents import Document, Metadata, Policy, Selector, Source
from ..policy.likeness import suggestion
from ..prepared import Prepared
from ..rules.pin import Pin
from ..rules.spread import Spread
from ..rules.tier import ranked_tiers
from ..rules.together import Together
from ..scenarios.scenario import MAX_ADDED, MoreGuests, Scenario
from ..snapshot import Vm
from .changing import Changed, ChangePlanner
from .number_search import largest
from .promise import BrokenPromise, Promise, broken_by
from .runners.runner import Assignment, ScenarioRunner

_PLACE = "headroom.within"
"""The name of the Pin that keeps added guests within a part."""


@dataclass(frozen=True, slots=True)
class GuestHeadroom:
    """How many more guests fit."""

    like: str
    """Id of the guest that they are like."""
    tier: str
    """The tier that they have, if not that of the guest; else empty."""
    within: str
    """The part in which they are to run, as kind:id; empty: anywhere."""
    least: int | None
    """So many fit: all start and nobody is lost, by a verified plan, and the promise is kept in each of its scenarios.

    None: the promise is not kept even if no guest is added.
    """
    fails: int | None
    """The smallest number above that was tried and not shown to fit; None: the limit of the search was reached."""
    most: int | None
    """Bounds prove that one more than so many cannot all start without loss; None: of no number that was tried."""
    broken: tuple[BrokenPromise, ...] = ()
    """Scenarios in which the promise is broken with `fails` guests; those that were looked at until one was."""
    caveats: tuple[str, ...] = ()
    """Why a larger number may fit though a smaller one does not, in words."""

    @property
    def is_exact(self) -> bool:
        """Whether one more is proven not to start."""
        return self.least is not None and self.least == self.most


@dataclass(frozen=True, slots=True)
class GuestFlavour:
    """Guests like one, of its tier or of another, within a part (as kind:id) or anywhere."""

    like: str
    tier: str | None = None
    within: str = ""


def headroom(
    cluster: Assignment, flavour: GuestFlavour, promise: Promise, runner: ScenarioRunner, limit: int = 1024
) -> GuestHeadroom:
    """Searches for the largest number of guests of the flavour, of up to `limit`, that is shown to fit.

    Guests are added and their plan is carried out; then the scenarios of the promise run. A promise without scenarios
    asks how many fit now. Within a part guests stay there when something fails as well.

    Raises
    ------
    SnapshotRefusedError, PolicyRefusedError
        When the cluster cannot be planned for as it is, or has no such guest or part.
    """
    limit = min(limit, MAX_ADDED)
    like = _guest(cluster, flavour)
    if flavour.within:
        cluster = replace(cluster, policy=_pinned(cluster, like, flavour.within, limit))
    probe = _Probe(cluster, flavour, promise, runner)
    found = largest(probe.fits, limit)
    return GuestHeadroom(
        like=flavour.like,
        tier=flavour.tier or "",
        within=flavour.within,
        least=found.passes,
        fails=found.fails,
        most=probe.most(found.passes or 0, found.fails, limit),
        broken=probe.broken.get(found.fails, ()) if found.fails is not None else (),
        caveats=tuple(_caveats(probe.start, like)),
    )


class _Probe:
    """Tries numbers, and remembers what spoke against each."""

    def __init__(self, cluster: Assignment, flavour: GuestFlavour, promise: Promise, runner: ScenarioRunner) -> None:
        self._planner = ChangePlanner(cluster)
        self._cluster, self._flavour = cluster, flavour
        self._promise, self._runner = promise, runner
        self.broken: dict[int, tuple[BrokenPromise, ...]] = {}
        self._worst = ""
        """A scenario in which the promise was broken before: it is looked at first."""

    @property
    def start(self) -> Prepared:
        """The cluster as it is."""
        return self._planner.start

    def fits(self, number: int) -> bool:
        """Whether it is shown that so many fit."""
        changed = self._add(number)
        if changed.cluster is None or changed.not_started or changed.verdict.last.lost:
            return False
        for only in ((self._worst,), ()) if self._worst else ((),):
            if broken := broken_by(self._runner, changed.cluster, self._promise, only):
                self.broken[number], self._worst = broken, broken[0].scenario
                return False
        return True

    def most(self, fits: int, fails: int | None, limit: int) -> int | None:
        """One less than the smallest number found of which bounds prove that not all can start."""
        if fails is None:
            return None
        proven = max(fails, 1)
        while not self._is_proven_short(proven):
            if proven == limit:
                return None
            proven = min(2 * proven, limit)
        low = max(fits, 0)
        while proven - low > 1:
            middle = (low + proven) // 2
            low, proven = (low, middle) if self._is_proven_short(middle) else (middle, proven)
        return proven - 1

    def _add(self, number: int) -> Changed:
        more = MoreGuests(like=self._flavour.like, number=number, tier=self._flavour.tier) if number else None
        change = Scenario(name=f"{number} more like {self._flavour.like}", add_guests=(more,) if more else ())
        return self._planner.make(change, is_searched=False)

    def _is_proven_short(self, number: int) -> bool:
        changed = self._add(number)
        return changed.is_proven_short({fate.tier for fate in changed.verdict.last.tiers})


def _guest(cluster: Assignment, flavour: GuestFlavour) -> Vm:
    for vm in cluster.snapshot.vms:
        if vm.id == flavour.like:
            return vm
    close = suggestion(flavour.like, (vm.id for vm in cluster.snapshot.vms))
    raise SnapshotRefusedError(
        [Fault(Reason.UNKNOWN_REFERENCE, "like", f'the cluster has no guest "{flavour.like}"', close)]
    )


def _pinned(cluster: Assignment, like: Vm, within: str, limit: int) -> Policy:
    """The policy, and that guests which are added run within the part."""
    hosts = Parts(cluster.snapshot).within([within], "within", only_hosts=True).hosts
    known = {vm.id for vm in cluster.snapshot.vms}
    added = tuple(vm.id for vm in add_guests(cluster.snapshot, like, limit).vms if vm.id not in known)
    pin = Pin(select=Selector(ids=added), hosts=Selector(ids=tuple(sorted(hosts))))
    document = Document("Pin", Metadata(name=_PLACE), pin, Source(_PLACE))
    return replace(cluster.policy, documents=(*cluster.policy.documents, document))


def _caveats(start: Prepared, like: Vm) -> Iterator[str]:
    for document, tier in ranked_tiers(start.selection):
        rights = (right.when for right in (tier.evict, tier.resize) if right is not None)
        if any(when.strip() != "true" for when in rights):
            yield f"rights of tier {document.name} depend on what has happened: they may open with more guests down"
    policy = start.selection.policy
    counting = [(document, spec.is_must, spec.select) for document, spec in policy.of(Spread)]
    counting += [(document, spec.is_must, spec.select) for document, spec in policy.of(Together)]
    for document, is_must, select in counting:
        if is_must and like.id in start.selection.vms(document, "spec.select", select):
            yield f"{document.kind} {document.name} counts such guests: with one more of them it may be easier to keep"
