"""Whether a plan is what was expected of it: for tests of policies, and for drills."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from ..actions import Plan
from ..outcome import LevelValue, Outcome
from ..placement import Placement
from ..policy.documents import Document, Selector
from ..policy.omissions import named
from ..scenarios.expectation import PlanExpectation
from .evidence import Evidence

_SHOWN: Final = 50
"""How many guests or rules are listed before the others are only counted."""


@dataclass(frozen=True, slots=True)
class Unmet:
    """One expectation that does not hold. `field` is its path, such as ``expect.violations``."""

    field: str
    message: str


@dataclass(frozen=True, slots=True)
class PlanShown:
    """A verified plan as an expectation looks at it: `end` is where it leaves everybody."""

    plan: Plan
    outcome: Outcome
    levels: Sequence[LevelValue]
    end: Placement


class UnmetList:
    """What was expected beside what was found; keeps what does not hold."""

    def __init__(self) -> None:
        self.unmet: list[Unmet] = []

    def fail(self, field: str, message: str) -> None:
        """The expectation in this field does not hold."""
        self.unmet.append(Unmet(field, message))

    def equal(self, field: str, wanted: object, found: object) -> None:
        """Both are to be the same."""
        if wanted != found:
            self.fail(field, f"expected {wanted}; found {found}")

    def exactly(self, field: str, wanted: Sequence[str] | None, found: Collection[str]) -> None:
        """Both are to have the same names; None expects nothing."""
        if wanted is not None and set(wanted) != set(found):
            self.fail(field, f"expected {_listed(wanted)}; found {_listed(found)}")

    def at_most(self, field: str, most: int | None, found: int) -> None:
        """No more than that is to be found; None expects nothing."""
        if most is not None and found > most:
            self.fail(field, f"expected at most {most}; found {found}")

    def none_of(self, field: str, chosen: Collection[str], wrong: Collection[str], what: str) -> None:
        """None is to be wrong."""
        if wrong:
            self.fail(field, f"selects {len(chosen)}; {named(sorted(wrong))} {what}")


class PlanCheck:
    """Compares a plan with what is expected of it, in the document that says so; `path` leads to the expectation."""

    def __init__(self, evidence: Evidence, document: Document, path: str, unmet: UnmetList) -> None:
        self._evidence, self._document, self._path, self._unmet = evidence, document, path, unmet

    def compare(self, expect: PlanExpectation, shown: PlanShown) -> None:
        """Everything that is expected."""
        unmet, actions = self._unmet, shown.plan.actions
        if expect.outcome is not None:
            unmet.equal("expect.plan.outcome", str(expect.outcome), str(shown.outcome))
        self._compare_guests(expect, shown.plan, shown.end)
        self._compare_places(expect, shown.end)
        unmet.at_most("expect.plan.maxMigrations", expect.max_migrations, sum(a.kind.moves for a in actions))
        unmet.at_most("expect.plan.maxActions", expect.max_actions, len(actions))
        unmet.exactly("expect.plan.violations", expect.violations, self._evidence.amounts(shown.end))
        values = {level.name: level.value for level in shown.levels}
        for name, value in expect.levels.items():
            if name not in values:
                unmet.fail("expect.plan.levels", f'there is no level "{name}"; there are {", ".join(values)}')
            else:
                unmet.equal(f"expect.plan.levels.{name}", value, values[name])

    def _compare_guests(self, expect: PlanExpectation, plan: Plan, end: Placement) -> None:
        unmet, vms = self._unmet, self._evidence.case.vms
        stopped = sorted({action.vm_id for action in plan.actions if action.kind.departs})
        unmet.exactly("expect.plan.stopped", expect.stopped, stopped)
        down = [vm.id for vm in vms.values() if vm.is_wanted and vm.id not in end.hosts]
        unmet.exactly("expect.plan.down", expect.down, down)
        if expect.stays_up is not None:
            chosen = self._chosen("staysUp", expect.stays_up)
            kept = {i for i in chosen if vms[i].is_running and i in end.hosts} - set(stopped)
            unmet.none_of("expect.plan.staysUp", chosen, set(chosen) - kept, "do not stay up")
        if expect.runs is not None:
            chosen = self._chosen("runs", expect.runs)
            unmet.none_of("expect.plan.runs", chosen, set(chosen) - end.hosts.keys(), "do not run in the end")
        if expect.may_stop is not None:
            chosen = self._chosen("mayStop", expect.may_stop)
            wrong = set(stopped) - set(chosen)
            unmet.none_of("expect.plan.mayStop", chosen, wrong, "are stopped or suspended as well")
        if expect.may_shrink is not None:
            chosen = self._chosen("mayShrink", expect.may_shrink)
            small = {i for i, size in end.sizes.items() if _is_short(vms[i].requested, size)}
            wrong = small - set(chosen)
            unmet.none_of("expect.plan.mayShrink", chosen, wrong, "have less than they request as well")

    def _compare_places(self, expect: PlanExpectation, end: Placement) -> None:
        case = self._evidence.case
        for vm_id, selector in expect.ends_on.items():
            field = f"expect.plan.endsOn.{vm_id}"
            if vm_id not in case.vms:
                self._unmet.fail(field, f'the cluster has no guest "{vm_id}"')
                continue
            wanted = case.selection.hosts(self._document, f"{self._path}.{field}", selector)
            host_id = end.hosts.get(vm_id)
            if host_id not in wanted:
                where = f"on {host_id}" if host_id else "nowhere"
                self._unmet.fail(field, f"expected on one of {named(sorted(wanted)) or 'no host'}; it runs {where}")

    def _chosen(self, field: str, selector: Selector) -> tuple[str, ...]:
        case, field = self._evidence.case, f"expect.plan.{field}"
        found = case.selection.vms(self._document, f"{self._path}.{field}", selector)
        unknown = sorted(set(selector.ids or ()) - case.vms.keys())
        if unknown:
            self._unmet.fail(field, f"the cluster has no guests {named(unknown)}")
        elif not found and field.endswith((".staysUp", ".runs")):
            self._unmet.fail(field, "selects no guest, so it shows nothing")
        return found


def _listed(names: Collection[str]) -> str:
    shown = ", ".join(sorted(names)[:_SHOWN]) or "none"
    return shown if len(names) <= _SHOWN else f"{shown} and {len(names) - _SHOWN} more"


def _is_short(requested: Mapping[str, int], size: Mapping[str, int]) -> bool:
    return any(size.get(resource, 0) < amount for resource, amount in requested.items())
