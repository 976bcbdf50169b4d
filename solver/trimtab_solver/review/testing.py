"""Runs `PolicyTest` documents. Same policy, same tests, same result: plans are made in reproducible mode."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from ..authoring.policy_test import Expectation, PolicyTest, PolicyTestCase
from ..errors import Fault, Reason, RefusedError, SnapshotRefusedError
from ..options import PlanOptions
from ..outcome import Answer
from ..placement import Placement
from ..planner import plan_prepared
from ..policy.documents import Document, Policy, Source
from ..policy.likeness import Spelling
from ..policy.moments import seconds_since_epoch
from ..prepared import Prepared, prepare_lazily
from ..scenarios.course import happen, states
from ..scenarios.expectation import PlanExpectation
from ..snapshot import Snapshot, VmState
from ..verify.replay import verify_plan
from .evidence import Evidence, Item, evictable, shrinkable
from .expectations import PlanCheck, PlanShown, Unmet, UnmetList
from .fixtures import snapshot_of

OPTIONS = PlanOptions(budget_s=10.0, reproducible=True)
"""How tests plan: an amount of work instead of a time, so that a slow machine gives the same answer."""


_SHOWN = 50
"""How many guests or rules a failure lists before it only counts."""
ReadSnapshot = Callable[[Document, str], Snapshot]
"""Reads the snapshot file that a test names."""


@dataclass(frozen=True, slots=True)
class Failure:
    """One expectation that does not hold. `field` is its path inside the case, such as ``expect.violations``."""

    source: Source
    field: str
    message: str


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan that was made for a case, and the cluster it was made for."""

    snapshot: Snapshot
    answer: Answer
    placement: Placement


@dataclass(frozen=True, slots=True)
class CaseResult:
    """What came of one case. `shown` is what it showed of the rules, for coverage."""

    test: str
    name: str
    source: Source
    failures: tuple[Failure, ...]
    shown: frozenset[Item] = frozenset()
    planned: Planned | None = None

    @property
    def passed(self) -> bool:
        """Whether every expectation holds."""
        return not self.failures


def run_tests(policy: Policy, read_snapshot: ReadSnapshot | None = None) -> list[CaseResult]:
    """The result of every case of every test document of `policy`, in order."""
    return list(iterate_tests(policy, read_snapshot))


def iterate_tests(
    policy: Policy,
    read_snapshot: ReadSnapshot | None = None,
    is_wanted: Callable[[str, str], bool] = lambda _test, _case: True,
) -> Iterator[CaseResult]:
    """As `run_tests`, one by one; `is_wanted` picks cases by the names of test and case.

    Raises
    ------
    RefusedError
        When a snapshot file cannot be read; a cluster that is wrong only fails its cases.
    """
    for document in policy.tests:
        spec = document.spec
        assert isinstance(spec, PolicyTest)
        if spec.fixtures is not None:
            cluster = snapshot_of(spec.fixtures)
        elif read_snapshot is None:
            raise ValueError(f"{document.source}: no reader for snapshot files was given")
        else:
            assert spec.snapshot is not None
            cluster = read_snapshot(document, spec.snapshot)
        for i, case in enumerate(spec.cases):
            if not is_wanted(document.name, case.name):
                continue
            yield _Run(policy, document, f"spec.cases[{i}]", case, spec.at, cluster).result()


class _Run:
    """One case on its way to a result."""

    def __init__(
        self, policy: Policy, document: Document, path: str, case: PolicyTestCase, at: str | None, cluster: Snapshot
    ) -> None:
        self._policy, self._document, self._path, self._case = policy, document, path, case
        self._at = case.at if case.at is not None else at
        self._cluster = cluster
        self._found = UnmetList()
        self._shown: set[Item] = set()
        self._planned: Planned | None = None

    def result(self) -> CaseResult:
        """Runs it."""
        try:
            self._run()
        except RefusedError as refusal:
            self._check_refusal(refusal)
        else:
            if self._case.expect.refused is not None:
                self._found.fail(
                    "expect.refused", f"expected to be refused with {self._case.expect.refused}; it is accepted"
                )
        return CaseResult(
            self._document.name,
            self._case.name,
            self._document.position(self._path),
            tuple(self._failure(one) for one in self._found.unmet),
            frozenset(self._shown),
            self._planned,
        )

    def _failure(self, unmet: Unmet) -> Failure:
        return Failure(self._document.position(f"{self._path}.{unmet.field}"), unmet.field, unmet.message)

    def _run(self) -> None:
        prepared = self._state()
        evidence = Evidence(prepared)
        self._shown.update(evidence.rights(), evidence.shown(evidence.now))
        expect = self._case.expect
        self._check_state(expect, evidence)
        if expect.plan is not None:
            self._plan(expect.plan, prepared, evidence)

    def _state(self) -> Prepared:
        """The cluster of the case: guests placed, then all that happens."""
        start, case = self._start(), self._case
        if any(step.carry_out for _, step in case.each_step()):
            course = states(
                prepare_lazily(start, self._policy), case, lambda now: plan_prepared(now, OPTIONS).plan, self._path
            )
            return deque(course, maxlen=1).pop()
        return prepare_lazily(happen(start, self._policy, case, self._path), self._policy)

    def _start(self) -> Snapshot:
        """The cluster with its guests placed, at the time of the case."""
        case, snapshot = self._case, self._cluster
        if self._at is not None:
            snapshot = replace(snapshot, taken_at=seconds_since_epoch(self._at))
        unknown = sorted(case.placement.keys() - {vm.id for vm in snapshot.vms})
        if unknown:
            known = Spelling(vm.id for vm in snapshot.vms)
            raise SnapshotRefusedError(_unknown_guest(f"{self._path}.placement", name, known) for name in unknown)
        vms = tuple(
            replace(
                vm,
                state=VmState.RUNNING if case.placement[vm.id] else VmState.PENDING,
                host_id=case.placement[vm.id],
                target_host_id="",
            )
            if vm.id in case.placement
            else vm
            for vm in snapshot.vms
        )
        return replace(snapshot, vms=vms)

    def _check_refusal(self, refusal: RefusedError) -> None:
        wanted = self._case.expect.refused
        reasons = {fault.reason for fault in refusal.faults}
        if wanted is None:
            for fault in refusal.faults:
                self._found.fail("expect", f"refused: {fault} [{fault.reason}]")
        elif wanted not in reasons:
            found = ", ".join(sorted(reasons))
            self._found.fail("expect.refused", f"expected to be refused with {wanted}; it is refused with {found}")

    # --- the state before any plan ---------------------------------------------------------------------------------

    def _check_state(self, expect: Expectation, evidence: Evidence) -> None:
        amounts = evidence.amounts(evidence.now)
        self._found.exactly("expect.violations", expect.violations, amounts)
        for rule, amount in expect.amounts.items():
            self._found.equal(f"expect.amounts.{rule}", amount, amounts.get(rule, 0))
        self._found.exactly("expect.evictable", expect.evictable, evictable(evidence.case))
        self._found.exactly("expect.shrinkable", expect.shrinkable, shrinkable(evidence.case))

    # --- the plan ----------------------------------------------------------------------------------------------------

    def _plan(self, expect: PlanExpectation, prepared: Prepared, evidence: Evidence) -> None:
        snapshot = prepared.snapshot
        answer = plan_prepared(prepared, OPTIONS)
        end = verify_plan(snapshot, self._policy, answer.plan, case=evidence.case).placement
        self._planned = Planned(snapshot, answer, end)
        self._shown.update(evidence.shown(end))
        check = PlanCheck(evidence, self._document, self._path, self._found)
        check.compare(expect, PlanShown(answer.plan, answer.outcome, answer.levels, end))


def _unknown_guest(path: str, name: str, known: Spelling) -> Fault:
    close = known.nearest(name)
    fix = f"did you mean {close}?" if close else "name a guest of the fixtures"
    return Fault(Reason.UNKNOWN_REFERENCE, path, f'the cluster has no guest "{name}"', fix)
