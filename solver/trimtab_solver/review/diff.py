"""What a change of policy does: to the documents, to what they select on a cluster, and to the plans made there."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from ..actions import Action, Plan
from ..authoring.expression_fields import selectors_in
from ..errors import Fault, PolicyRefusedError, Reason, RefusedError, SnapshotRefusedError
from ..execution.carry_out import places_after
from ..options import PlanOptions
from ..outcome import Outcome
from ..planner import plan_prepared
from ..policy.documents import Policy, Selector
from ..prepared import Prepared, prepare_lazily
from ..rules.tier import guest_tiers, ranked_tiers
from ..scenarios.course import happen, states
from ..scenarios.scenario import Scenario
from ..snapshot import Snapshot
from ..verify.replay import Verdict, verify_plan
from .document_changes import DocumentChange, document_changes
from .evidence import Evidence
from .right_changes import RightChange, guest_right_changes, tier_right_changes
from .testing import OPTIONS

_Refused = tuple[Fault, ...]


@dataclass(frozen=True, slots=True)
class SelectionChange:
    """What a selector of a rule picks on the cluster, or which guests a tier holds (`path` is then ``guests``)."""

    name: str
    path: str
    gained: tuple[str, ...]
    lost: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PlanSide:
    """What one policy makes of a scenario; `refused` holds why it makes nothing of it."""

    outcome: str = ""
    levels: Mapping[str, int] | None = None
    refused: tuple[Fault, ...] = ()
    is_proven: bool = True
    """Whether no plan can be better; if not, more search might have found another one."""


@dataclass(frozen=True, slots=True)
class PlanChange:
    """One scenario under both policies.

    `added` and `removed` are actions; `down` and `up` guests that only the new, or only the old policy leaves down;
    `stops` counts guests stopped or suspended by tier, old and new; `broken` the rules of the new policy that its plan
    leaves broken further than the old plan does, with both amounts.
    """

    scenario: str
    old: PlanSide
    new: PlanSide
    added: tuple[Action, ...] = ()
    removed: tuple[Action, ...] = ()
    down: tuple[str, ...] = ()
    up: tuple[str, ...] = ()
    stops: tuple[tuple[str, int, int], ...] = ()
    broken: tuple[tuple[str, int, int], ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether the policies come to the same. That only one of the plans could be proven best is no difference."""
        one, other = (replace(side, outcome=_what(side), is_proven=True) for side in (self.old, self.new))
        return one == other and not (self.added or self.removed or self.broken)

    @property
    def is_proven(self) -> bool:
        """Whether both plans are proven best. If not, more search could still change what differs."""
        return self.old.is_proven and self.new.is_proven


def _what(side: PlanSide) -> str:
    """The outcome, whether proven or not."""
    return str(Outcome.FEASIBLE if side.outcome == Outcome.OPTIMAL else side.outcome)


@dataclass(frozen=True, slots=True)
class PolicyDiff:
    """Everything that differs. Without a cluster only `documents` and the `rights` of tiers are filled."""

    old_digest: str
    new_digest: str
    documents: tuple[DocumentChange, ...]
    rights: tuple[RightChange, ...] = ()
    selections: tuple[SelectionChange, ...] = ()
    plans: tuple[PlanChange, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether nothing differs."""
        return not (self.documents or self.rights or self.selections) and all(plan.is_empty for plan in self.plans)


def diff_policies(
    old: Policy,
    new: Policy,
    snapshot: Snapshot | None = None,
    scenarios: Sequence[Scenario] = (Scenario(name="as it is"),),
    options: PlanOptions = OPTIONS,
) -> PolicyDiff:
    """What changes from `old` to `new`; with a snapshot also what that means there. Plans are reproducible by default.

    Raises
    ------
    SnapshotRefusedError
        When the snapshot is wrong, or a scenario names parts that the cluster does not have.
    """
    if snapshot is None:
        return PolicyDiff(old.digest, new.digest, tuple(document_changes(old, new)), tier_right_changes(old, new))
    comparison = PolicyComparison(old, new, snapshot)
    return replace(comparison.diff, plans=tuple(comparison.plan_changes(scenarios, options)))


class PolicyComparison:
    """Two policies on one cluster. `diff` holds what differs without any plan. Raises as `diff_policies`."""

    def __init__(self, old: Policy, new: Policy, snapshot: Snapshot) -> None:
        self._snapshot, self._old = snapshot, old
        self._before = _prepared(snapshot, old)
        self._after = self._before if old.digest == new.digest else _prepared(snapshot, new)
        self.diff = PolicyDiff(
            old.digest,
            new.digest,
            tuple(document_changes(old, new)),
            _right_changes(self._before, self._after),
            tuple(_selection_changes(self._before, self._after)),
        )

    def plan_changes(self, scenarios: Sequence[Scenario], options: PlanOptions = OPTIONS) -> Iterator[PlanChange]:
        """What each scenario comes to, one after the other. Raises as `diff_policies`, before any plan is made."""
        for i, scenario in enumerate(scenarios):
            self._check(scenario, f"scenarios[{i}]")
        for scenario in scenarios:
            # not kept from above: states of thousands of scenarios are too much at a time
            yield _plan_change(self._before, self._after, scenario, self._last_state(scenario, options), options)

    def _check(self, scenario: Scenario, path: str) -> None:
        """Raises what is wrong with the scenario, found at `path`."""
        for at, step in scenario.each_step():
            if step.policy is not None:
                message, fix = "changes the policy, and two are compared already", "leave it out"
                where = ".".join(part for part in (path, at, "policy") if part)
                raise SnapshotRefusedError([Fault(Reason.INVALID_REQUEST, where, message, fix)])
        happen(self._snapshot, self._old, scenario, path)

    def _last_state(self, scenario: Scenario, options: PlanOptions) -> Snapshot:
        """The cluster after all steps; in between, plans under the old policy are carried out if it is not refused."""
        if isinstance(self._before, Prepared) and any(step.carry_out for _, step in scenario.each_step()):
            course = states(self._before, scenario, lambda state: plan_prepared(state, options).plan)
            return deque(course, maxlen=1).pop().source
        return happen(self._snapshot, self._old, scenario)


def _prepared(snapshot: Snapshot, policy: Policy) -> Prepared | _Refused:
    try:
        return prepare_lazily(snapshot, policy)
    except PolicyRefusedError as refusal:
        return refusal.faults


def _right_changes(old: Prepared | _Refused, new: Prepared | _Refused) -> tuple[RightChange, ...]:
    """None where a policy is refused: the plans say why."""
    if not isinstance(old, Prepared) or not isinstance(new, Prepared):
        return ()
    try:
        return guest_right_changes(old.selection, new.selection)
    except PolicyRefusedError:
        return ()


# --- selections -----------------------------------------------------------------------------------------------------


def _selection_changes(old: Prepared | _Refused, new: Prepared | _Refused) -> Iterator[SelectionChange]:
    before, after = _selected(old), _selected(new)
    for name, path in sorted(before.keys() | after.keys()):
        one, other = before.get((name, path), frozenset()), after.get((name, path), frozenset())
        if one != other:
            yield SelectionChange(name, path, tuple(sorted(other - one)), tuple(sorted(one - other)))


def _selected(prepared: Prepared | _Refused) -> dict[tuple[str, str], frozenset[str]]:
    """What each selector picks, and each tier holds; what is refused is left out (the plans say why)."""
    if not isinstance(prepared, Prepared):
        return {}
    selection = prepared.selection
    found: dict[tuple[str, str], frozenset[str]] = {}
    for document in prepared.policy.documents:
        for use in selectors_in(type(document.spec), document.content.get("spec")):
            selector = Selector.model_validate(use.content, by_alias=True, by_name=False)
            try:
                found[document.name, use.path] = frozenset(selection.picks(use.scope, document, use.path, selector))
            except RefusedError:
                continue
    try:
        tiers = guest_tiers(selection)
    except RefusedError:
        return found
    for document, _ in ranked_tiers(selection):
        found[document.name, "guests"] = frozenset(vm_id for vm_id, tier in tiers.items() if tier is document)
    return found


# --- plans ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Made:
    """A plan, judged under the policy that it is compared for."""

    prepared: Prepared
    outcome: str
    is_proven: bool
    plan: Plan
    verdict: Verdict

    @property
    def values(self) -> tuple[int, ...]:
        """The value of every level."""
        return tuple(value for _, value in self.verdict.levels)


def _plan_change(
    old: Prepared | _Refused, new: Prepared | _Refused, scenario: Scenario, state: Snapshot, options: PlanOptions
) -> PlanChange:
    """The plans of both, and what only one of them has.

    Of two plans that a policy likes as well, or that were not proven best, it is chance which one is found. So the new
    plan begins from the old one, and where one plan is as good under both policies both have it: what then differs is
    what each policy prefers.
    """
    before = _make(old, state, options)
    if new is old:
        after = before
    elif isinstance(before, _Made):
        after = _make(new, state, replace(options, warm_start=places_after(before.plan)))
        before, after = _agreed(before, after)
    else:
        after = _make(new, state, options)
    one, other = _side(before), _side(after)
    if not isinstance(before, _Made) or not isinstance(after, _Made):
        return PlanChange(scenario.name, one, other)
    mine, theirs = _by_content(before.plan), _by_content(after.plan)
    wanted = {vm.id for vm in state.vms if vm.is_wanted}
    down, up = (wanted - made.verdict.placement.hosts.keys() for made in (after, before))
    return PlanChange(
        scenario.name,
        one,
        other,
        added=tuple(action for content, action in theirs.items() if content not in mine),
        removed=tuple(action for content, action in mine.items() if content not in theirs),
        down=tuple(sorted(down - up)),
        up=tuple(sorted(up - down)),
        stops=tuple(_stops(before, after)),
        broken=tuple(_broken(before, after)),
    )


def _make(cluster: Prepared | _Refused, state: Snapshot, options: PlanOptions) -> _Made | _Refused:
    """The plan for `state`, which is what has become of the cluster."""
    if not isinstance(cluster, Prepared):
        return cluster
    try:
        prepared = cluster.after(lambda _: state)
        answer = plan_prepared(prepared, options)
    except RefusedError as refusal:
        return refusal.faults
    proven = all(level.gap == 0 for level in answer.levels)
    return _Made(prepared, str(answer.outcome), proven, answer.plan, _verdict(prepared, answer.plan))


def _verdict(prepared: Prepared, plan: Plan) -> Verdict:
    return verify_plan(prepared.snapshot, prepared.policy, plan, case=prepared.case)


def _agreed(before: _Made, after: _Made | _Refused) -> tuple[_Made, _Made | _Refused]:
    """Both with one plan, if it is valid and as good as the other one under both policies."""
    if isinstance(after, _Made):
        verdict = _verdict(after.prepared, before.plan)
        if _is_as_good(verdict, after):
            return before, replace(after, plan=before.plan, verdict=verdict)
        verdict = _verdict(before.prepared, after.plan)
        if _is_as_good(verdict, before):
            return replace(before, plan=after.plan, verdict=verdict), after
    return before, after


def _is_as_good(verdict: Verdict, made: _Made) -> bool:
    return verdict.is_valid and tuple(value for _, value in verdict.levels) <= made.values


def _side(made: _Made | _Refused) -> PlanSide:
    if not isinstance(made, _Made):
        return PlanSide(refused=made)
    return PlanSide(made.outcome, dict(made.verdict.levels), is_proven=made.is_proven)


def _by_content(plan: Plan) -> dict[tuple[object, ...], Action]:
    """Actions by what they do, whatever their place in the plan."""
    return {
        (
            action.kind,
            action.vm_id,
            action.host_id,
            action.target_host_id,
            tuple(sorted(action.size.items())),
        ): action
        for action in plan.actions
    }


def _stops(before: _Made, after: _Made) -> Iterator[tuple[str, int, int]]:
    one, other = _stops_by_tier(before), _stops_by_tier(after)
    for tier in sorted(one.keys() | other.keys()):
        if one[tier] != other[tier]:
            yield tier, one[tier], other[tier]


def _stops_by_tier(made: _Made) -> Counter[str]:
    tier_of = guest_tiers(made.prepared.selection)
    stopped = {action.vm_id for action in made.plan.actions if action.kind.departs}
    return Counter(tier_of[vm_id].name for vm_id in stopped)


def _broken(before: _Made, after: _Made) -> Iterator[tuple[str, int, int]]:
    """Rules of the new policy: how far the old plan and the new plan leave them broken, where that grows."""
    evidence = Evidence(after.prepared)
    one, other = (evidence.amounts(made.verdict.placement) for made in (before, after))
    for rule, amount in other.items():
        if amount > one.get(rule, 0):
            yield rule, one.get(rule, 0), amount
