"""The course of a scenario: how a cluster is after each of its steps, with plans carried out in between."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from types import MappingProxyType

from ..actions import Plan
from ..errors import Fault, Reason, SnapshotRefusedError
from ..execution.carry_out import after_plan
from ..policy.documents import Document, Metadata, Policy, Selector, Source, Spec
from ..policy.selection import Selection
from ..prepared import Prepared, prepare
from ..snapshot import Snapshot
from .happening import Happenings
from .scenario import Scenario, ScenarioStep

MakePlan = Callable[[Prepared], Plan]
_NO_POLICIES: Mapping[str, Policy] = MappingProxyType({})


def happen(start: Snapshot, policy: Policy, scenario: Scenario, path: str = "") -> Snapshot:
    """The cluster after all steps of the scenario, found at `path`, with no plan carried out in between.

    Raises
    ------
    SnapshotRefusedError
        When a step names what the cluster does not have.
    PolicyRefusedError
        When a selector of the scenario cannot be evaluated.
    """
    happenings, state = Happenings(start), start
    for at, step in scenario.each_step():
        state = happenings.happen(state, step, _join(path, at), partial(_select, policy))
    return state


def states(
    start: Prepared,
    scenario: Scenario,
    make_plan: MakePlan,
    path: str = "",
    policies: Mapping[str, Policy] = _NO_POLICIES,
) -> Iterator[Prepared]:
    """The cluster after each step of the scenario, found at `path`, with plans carried out where steps say so.

    `policies` are those that steps name. What follows is made as it is asked for.

    Raises
    ------
    SnapshotRefusedError, PolicyRefusedError
        As `happen`; also when a step names a policy that is not among `policies`, or the cluster is refused as it is
        then.
    """
    happenings, state = Happenings(start.source), start
    for i, (at, step) in enumerate(scenario.each_step()):
        plan = make_plan(state) if i and step.carry_out else Plan()
        state = _after(state, plan, happenings, step, _join(path, at), policies)
        yield state


def _after(
    state: Prepared, plan: Plan, happenings: Happenings, step: ScenarioStep, path: str, policies: Mapping[str, Policy]
) -> Prepared:
    policy = _policy(state, step, path, policies)

    def later(snapshot: Snapshot) -> Snapshot:
        now = after_plan(snapshot, plan) if plan.actions else snapshot
        return happenings.happen(now, step, path, partial(_select, policy))

    if policy is state.policy:
        return state.after(later)
    return prepare(later(state.source), policy, is_strict=False)


def _policy(state: Prepared, step: ScenarioStep, path: str, policies: Mapping[str, Policy]) -> Policy:
    if step.policy is None:
        return state.policy
    if step.policy not in policies:
        message = f'names the policy "{step.policy}", which was not given'
        where = _join(path, "policy")
        raise SnapshotRefusedError([Fault(Reason.UNKNOWN_REFERENCE, where, message, "send it along, or leave it out")])
    return policies[step.policy]


def _select(policy: Policy, snapshot: Snapshot, selector: Selector, path: str) -> Iterable[str]:
    """The guests that a selector of a scenario picks: as one of a document of the policy would."""
    asking = Document("Scenario", Metadata(name="scenario"), Spec(), Source(path))
    return Selection(policy, snapshot).vms(asking, path, selector)


def _join(path: str, at: str) -> str:
    return ".".join(part for part in (path, at) if part)
