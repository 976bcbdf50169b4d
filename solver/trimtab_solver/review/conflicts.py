"""Minimal sets of must rules that cannot hold together, with the guests and hosts that show it.

A set of rules is in conflict when some guests cannot all run while every rule of the set holds, however much room there
is and whichever other guests run or not. Each verdict is CP-SAT's on the exact model, with all guests down at first.
Sets are shrunk by deletion until dropping any rule, or any guest, ends the conflict: a minimal unsatisfiable subset
(Liffiton and Sakallah, "Algorithms for Computing Minimal Unsatisfiable Subsets of Constraints", JAR 2008, section 2).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import TypeVar

import numpy as np

from ..compilation import compile_problem
from ..engines.runner import Runner
from ..measures import Key, Measure
from ..options import PlanOptions
from ..policy.documents import Document, Level, Policy, RuleSpec
from ..policy.selection import Selection
from ..prepared import prepare_lazily
from ..primitives.group import GroupPrimitive
from ..problem import ObjectiveLevel, Problem
from ..rules.tier import Tier
from ..snapshot import Host, HostState, Snapshot, VmState
from ..verify.room import ROOM
from ..verify.suitability import SUITABILITY

ItemT = TypeVar("ItemT")

OPTIONS = PlanOptions(budget_s=10.0, reproducible=True)
"""How much work one verdict may cost."""

_MOST = 20
"""So many conflicts are looked for among guests that rules relate."""


@dataclass(frozen=True, slots=True)
class Conflict:
    """Rules that cannot hold together while `guests` run.

    `rules` may include ``(suitability)``, the storage and devices of the guests, and ``(room)``, the size of the hosts.
    `hosts` says per guest which hosts each rule about single guests leaves it. `is_minimal`: proven that every rule and
    every guest is needed. `more` counts further guests that are in the same conflict.
    """

    rules: tuple[Document | str, ...]
    guests: tuple[str, ...]
    hosts: tuple[tuple[str, tuple[tuple[str, tuple[str, ...]], ...]], ...] = ()
    more: int = 0
    is_minimal: bool = True

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the rules."""
        return tuple(rule if isinstance(rule, str) else rule.name for rule in self.rules)


@dataclass(frozen=True, slots=True)
class Findings:
    """Every conflict found. `is_complete` is False when a verdict took more work than allowed."""

    conflicts: tuple[Conflict, ...]
    is_complete: bool


def find_conflicts(policy: Policy, snapshot: Snapshot, options: PlanOptions = OPTIONS) -> Findings:
    """Conflicts of the policy on a cluster in which every host works and every wanted guest should run.

    Guests that no rule relates are looked at apart, and those that look alike once. Conflicts that only the size of the
    hosts makes are looked for when there is no other: then the rules must leave room for all guests that fit without.

    Raises
    ------
    SnapshotRefusedError, PolicyRefusedError
        The snapshot is wrong, or the policy cannot be evaluated on it.
    """
    return ConflictSearch(prepare_lazily(snapshot, policy).selection, options).run()


class ConflictSearch:
    """Verdicts on sets of rules and guests of the cluster of a selection."""

    def __init__(self, selection: Selection, options: PlanOptions = OPTIONS) -> None:
        self._options = options
        self._selection = selection
        snapshot, in_force = selection.snapshot, selection.policy
        self._rules = must_rules(in_force)
        others = [document for document in in_force.documents if isinstance(document.spec, Tier)]
        self._frame = replace(in_force, documents=tuple(others))
        self._vms = {
            vm.id: replace(vm, state=VmState.PENDING, host_id="", target_host_id="", allocated={})
            for vm in snapshot.vms
            if vm.is_wanted
        }
        self._cluster = replace(snapshot, hosts=tuple(map(_working, snapshot.hosts)), vms=())
        self._is_complete = True
        self._context: tuple[str, ...] = ()
        """Guests that may run as well, where that helps: some rules want company."""

    def run(self) -> Findings:
        """Every conflict."""
        problem = self._compile(self._rules, tuple(self._vms))
        found: dict[tuple[str, ...], Conflict] = {}
        verdicts: dict[object, tuple[Conflict, ...]] = {}
        for members in _components(problem):
            if len(members) == 1 and problem.allowed.mask[problem.allowed.class_of[members[0]]].any():
                continue
            signature = _signature(problem, members)
            if signature not in verdicts:
                verdicts[signature] = self.conflicts_among(tuple(problem.vm_ids[v] for v in members))
                for conflict in verdicts[signature]:
                    found.setdefault(conflict.names, replace(conflict, more=-len(conflict.guests)))
            for conflict in verdicts[signature]:
                first = found[conflict.names]
                found[conflict.names] = replace(first, more=first.more + len(conflict.guests))
        if not found and (shortage := self._shortage()):
            found[shortage.names] = shortage
        return Findings(tuple(found.values()), self._is_complete)

    # --- one conflict --------------------------------------------------------------------------------------------

    def conflicts_among(self, guests: tuple[str, ...]) -> tuple[Conflict, ...]:
        """Conflicts among these guests, each with other guests than the ones before."""
        self._context = guests
        found: list[Conflict] = []
        while guests and len(found) < _MOST and (conflict := self._conflict(guests)):
            found.append(conflict)
            guests = tuple(vm_id for vm_id in guests if vm_id not in conflict.guests)
        return tuple(found)

    def _conflict(self, guests: tuple[str, ...]) -> Conflict | None:
        """The conflict among these guests, if there is one."""
        if not self.is_impossible(self._rules, guests):
            return None
        for vm_id in guests:
            if self.is_impossible([], (vm_id,)):
                return Conflict((SUITABILITY,), (vm_id,), self._leaves([], [vm_id]))
        rules, guests, sure = self._shrink(self._rules, guests)
        needs_suitability = not self.is_impossible(rules, guests, is_suitable=True)
        named: tuple[Document | str, ...] = (*rules, SUITABILITY) if needs_suitability else tuple(rules)
        return Conflict(named, guests, self._leaves(rules, guests), is_minimal=sure)

    def _shrink(
        self, rules: Sequence[Document], guests: tuple[str, ...]
    ) -> tuple[tuple[Document, ...], tuple[str, ...], bool]:
        """Drops guests, rules, and guests again, as long as the rest is still in conflict."""
        before = self._is_complete
        self._is_complete = True
        guests = tuple(_needed(guests, lambda rest: self.is_impossible(rules, tuple(rest))))
        rules = tuple(_needed(rules, lambda rest: self.is_impossible(rest, guests)))
        guests = tuple(_needed(guests, lambda rest: self.is_impossible(rules, tuple(rest))))
        sure, self._is_complete = self._is_complete, self._is_complete and before
        return rules, guests, sure

    def _shortage(self) -> Conflict | None:
        """The rules that leave no room for all guests, though all of them fit without rules."""
        self._context = guests = tuple(self._vms)
        if not self._rules or self._verdict(self._rules, guests, has_room=False) is not True:
            return None
        if self._verdict([], guests, has_room=False) is not False:
            return None
        rules = _needed(self._rules, lambda rest: self._verdict(rest, guests, has_room=False) is True)
        concerned = self._compile(rules, guests)
        members = sorted(
            {v for group in concerned.groups for v in group.guests.tolist()}
            | {v for rule in concerned.allowed.rules for v in rule.guests.tolist()}
            | set(np.flatnonzero((concerned.floor > self._compile([], guests).floor).any(axis=1)).tolist())
        )
        ids = tuple(concerned.vm_ids[v] for v in members)
        return Conflict((*rules, ROOM), ids, (), is_minimal=self._is_complete)

    def concerning(self, rules: Sequence[Document], guests: tuple[str, ...]) -> set[str]:
        """The names of the rules that concern these guests together."""
        problem = self._compile(rules, guests)
        everybody = set(range(len(guests)))
        found = {group.rule for group in problem.groups if set(group.guests.tolist()) == everybody}
        return found | {rule.rule for rule in problem.allowed.rules if set(rule.guests.tolist()) == everybody}

    # --- verdicts ----------------------------------------------------------------------------------------------------

    def wants_company(self, rule: Document, guests: tuple[str, ...]) -> bool:
        """Whether the rule, which relates guests, is broken by itself when only these run, or nobody."""
        problem = self._compile([rule], guests)
        if not problem.groups:
            return False
        nobody = problem.stay()
        return problem.measure(nobody).inherited > 0 or self.is_impossible([rule], guests)

    def is_impossible(self, rules: Sequence[Document], guests: tuple[str, ...], *, is_suitable: bool = False) -> bool:
        """Whether it is proven that the guests cannot all run under the rules, with any amount of room.

        Other guests of the group that is looked at run or not, as it suits them.
        """
        if not guests:
            return False
        return self._verdict(rules, guests, is_suitable=is_suitable) is True

    def _verdict(
        self, rules: Sequence[Document], guests: tuple[str, ...], *, has_room: bool = True, is_suitable: bool = False
    ) -> bool | None:
        """True: proven that they cannot all run. False: they can. None: not decided."""
        others = tuple(vm_id for vm_id in self._context if vm_id not in guests)
        problem = self._compile(rules, (*guests, *others), has_room=has_room, is_suitable=is_suitable)
        runner = Runner(_required(problem, len(guests)), self._options)
        for _ in runner.candidates():
            if (best := runner.incumbent.best) is not None and best.values[0] == 0:
                return False
        if (best := runner.incumbent.best) is not None and runner.ledger.levels(best.values)[0].bound > 0:
            return True
        self._is_complete = False
        return None

    def _compile(
        self, rules: Sequence[Document], guests: tuple[str, ...], *, has_room: bool = True, is_suitable: bool = False
    ) -> Problem:
        """The problem of these guests under these rules alone."""
        policy = replace(self._frame, documents=(*self._frame.documents, *rules))
        vms = [self._vms[vm_id] for vm_id in guests]
        if has_room:
            vms = [replace(vm, requested=dict.fromkeys(vm.requested, 0), guaranteed={}) for vm in vms]
        if is_suitable:
            vms = [replace(vm, storage_pool_id="", device_needs=()) for vm in vms]
        return compile_problem(replace(self._cluster, vms=tuple(vms)), policy, self._selection)

    def _leaves(
        self, rules: Iterable[Document], guests: Sequence[str]
    ) -> tuple[tuple[str, tuple[tuple[str, tuple[str, ...]], ...]], ...]:
        """Per guest and rule about single guests, the hosts that the rule leaves it."""
        problem = self._compile(tuple(rules), tuple(guests))
        found = []
        for v, vm_id in enumerate(problem.vm_ids):
            left = [
                (rule.rule, tuple(problem.host_ids[h] for h in np.flatnonzero(rule.mask)))
                for rule in problem.allowed.rules_of(v)
                if rule.must
            ]
            equipped = self._compile((), (vm_id,)).allowed.mask[0]
            if not equipped.all():
                left.append((SUITABILITY, tuple(problem.host_ids[h] for h in np.flatnonzero(equipped))))
            found.append((vm_id, tuple(left)))
        return tuple(found)


def _required(problem: Problem, count: int) -> Problem:
    """The problem in which only the first `count` guests matter.

    Its one level counts those of them that do not run, and how far must rules are broken: a rule may be broken while
    nobody runs (Quorum), which plans tolerate and a conflict does not.
    """
    row = replace(problem.tiers[0], name="required", rank=1, value=1)
    tier = np.ones(problem.vm_count, dtype=np.int32)
    tier[:count] = 0
    problem = replace(problem, tiers=(row, replace(row, name="optional", rank=0)), tier=tier)
    lacking = ObjectiveLevel("lacking", ((Key(Measure.RUNNING, problem.ranks[0]), 1), (Key(Measure.INHERITED), 1)))
    return replace(problem, levels=(lacking,))


def must_rules(policy: Policy) -> list[Document]:
    """The enabled rules that no plan may break."""
    return [document for document, spec in policy.of(RuleSpec) if spec.level is Level.MUST]


def _working(host: Host) -> Host:
    return host if host.state is HostState.STANDBY else replace(host, state=HostState.UP)


def _needed(items: Sequence[ItemT], is_conflict: Callable[[list[ItemT]], bool]) -> list[ItemT]:
    """A part of `items`, which is in conflict, of which nothing can be left out.

    Tries to leave out halves, then quarters, and so on, so that few needed items among many are found in few verdicts.
    """
    kept = list(items)
    size = max(1, len(kept) // 2)
    while True:
        at = 0
        while at < len(kept):
            rest = kept[:at] + kept[at + size :]
            if rest and is_conflict(rest):
                kept = rest
            else:
                at += size
        if size == 1:
            return kept
        size //= 2


def _components(problem: Problem) -> list[list[int]]:
    """Guests that groups relate, directly or through others, in order of their first guest."""
    parent = list(range(problem.vm_count))

    def root(v: int) -> int:
        while parent[v] != v:
            parent[v] = parent[parent[v]]
            v = parent[v]
        return v

    for group in problem.groups:
        if group.must:
            first, *others = group.guests.tolist()
            for other in others:
                parent[root(other)] = root(first)
    found: dict[int, list[int]] = {}
    for v in range(problem.vm_count):
        found.setdefault(root(v), []).append(v)
    return list(found.values())


def _signature(problem: Problem, members: Sequence[int]) -> object:
    """What components that have the same verdict have in common: classes of hosts, and groups by position."""
    place = {v: i for i, v in enumerate(members)}
    groups = sorted({g for v in members for g in problem.groups_of.get(v, ()) if problem.groups[g].must})
    return (
        tuple(int(problem.allowed.class_of[v]) for v in members),
        tuple((problem.groups[g].rule, type(problem.groups[g]), *_shape(problem.groups[g], place)) for g in groups),
    )


def _shape(group: GroupPrimitive, place: Mapping[int, int]) -> Iterator[object]:
    """What tells a group from others of its rule: numbers as they are, guests by their place in the component."""
    for field in fields(group):
        value = getattr(group, field.name)
        if isinstance(value, int):
            yield value
        elif isinstance(value, np.ndarray) and field.name != "domain":
            yield tuple(place[v] for v in value.tolist())
