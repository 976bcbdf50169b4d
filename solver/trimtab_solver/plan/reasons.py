"""Why each action is in the plan, in words an operator can act on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import assert_never

import numpy as np

from ..actions import ActionKind, Phase
from ..failures import Event
from ..problem import Problem
from ..snapshot import HostState, VmState
from .facts import Facts
from .purposes import find_purposes
from .steps import NO_VM, Step


class Reasons:
    """Looks at a whole list of steps and says what each step is for."""

    def __init__(
        self,
        facts: Facts,
        problem: Problem,
        steps: Sequence[Step],
        event: Event,
    ) -> None:
        self._problem = problem
        self._steps = steps
        self._event = event
        self._facts = facts
        self._purposes = find_purposes(steps)
        self._overfull = np.any(problem.capacity.start > problem.capacity.limit, axis=1).tolist()
        self._last_of_vm = {step.v: i for i, step in enumerate(steps) if step.v != NO_VM}
        self._last_move_of_vm = {step.v: i for i, step in enumerate(steps) if step.is_migration}
        self._arrivals = Counter(step.enters for step in steps)

    def phase(self, i: int) -> Phase:
        """Restore, reclaim or rebalance."""
        return self._purposes[i].phase

    def _host(self, h: int) -> str:
        return self._problem.host_ids[h]

    def _makes_room(self, i: int) -> str:
        """For whom; empty if for nobody."""
        served = self._purposes[i].served
        if not served.count:
            return ""
        names = ", ".join(self._problem.vm_ids[v] for v in served.first)
        more = served.count - len(served.first)
        return f"makes room on {self._host(self._steps[i].host)} for {names}" + (f" and {more} more" if more else "")

    def _broken(self, v: int, h: int) -> list[str]:
        """Names of unary rules the guest breaks on the host."""
        return [rule.rule for rule in self._problem.rules_of(v) if not rule.serves(h)]

    def rules(self, i: int) -> tuple[str, ...]:
        """Policy documents behind the step: the tier, and rules broken at the place it leaves."""
        step = self._steps[i]
        if step.v == NO_VM:
            return ()
        found = [self._problem.tiers[self._problem.tier[step.v]].name]
        if step.is_migration:
            found += self._broken(step.v, step.host)
        return tuple(dict.fromkeys(found))

    def text(self, i: int) -> str:
        """One sentence."""
        step = self._steps[i]
        match step.kind:
            case ActionKind.FENCE_HOST:
                return f"{self._host(step.host)} is down; nothing of it may start elsewhere before it is fenced"
            case ActionKind.BOOT_HOST:
                return self._boot(step)
            case ActionKind.SHUTDOWN_HOST:
                return f"{self._host(step.host)} runs nothing any more"
            case ActionKind.START | ActionKind.RESUME:
                return self._start(step)
            case ActionKind.STOP | ActionKind.SUSPEND:
                return self._stop(i, step)
            case ActionKind.RESIZE:
                return self._resize(i, step)
            case ActionKind.MIGRATE_LIVE | ActionKind.MIGRATE_COLD:
                return self._migrate(i, step)
            case _:
                assert_never(step.kind)

    def _boot(self, step: Step) -> str:
        guests = self._arrivals[step.host]
        return f"cold spare {self._host(step.host)} takes {guests} guest{'s' if guests != 1 else ''}"

    def _start(self, step: Step) -> str:
        vm = self._facts.vms[step.v]
        shrunk = step.size is not None and bool((step.size < self._problem.requested[step.v]).any())
        tail = ", smaller than requested for lack of room" if shrunk else ""
        if vm.is_running:
            return f"runs again after making way in a cycle{tail}"
        if vm.state is VmState.DISPLACED:
            cause = f"its host {vm.host_id} failed" if vm.host_id else "its host failed"
            return f"{cause}; restarts on {self._host(step.host)}{tail}"
        if vm.state is VmState.SUSPENDED:
            return f"was suspended; there is room for it on {self._host(step.host)}{tail}"
        return f"wanted and not running; there is room on {self._host(step.host)}{tail}"

    def _stop(self, i: int, step: Step) -> str:
        if self._last_of_vm[step.v] > i:
            goal = self._host(self._steps[self._last_of_vm[step.v]].host)
            return f"breaks a cycle of moves; runs again on {goal}"
        tier = self._problem.tiers[self._problem.tier[step.v]].name
        failures = self._event.hardware_failures
        verb = "suspended" if step.kind is ActionKind.SUSPEND else "stopped"
        right = f"{tier} may be {verb} at {failures} hardware failure{'s' if failures != 1 else ''}"
        return f"{self._makes_room(i) or 'a rule or the room on its host demands it'}; {right}"

    def _resize(self, i: int, step: Step) -> str:
        if step.grows:
            assert step.size is not None
            whole = bool((step.size >= self._problem.requested[step.v]).all())
            return "gets back what it requested" if whole else "gets back part of what it requested"
        too_little = f"{self._host(step.host)} has too little room for what its guests hold or get back"
        return f"{self._makes_room(i) or too_little}; keeps its floor"

    def _migrate(self, i: int, step: Step) -> str:
        v = step.v
        if self._last_move_of_vm[v] > i:
            return f"parks on {self._host(step.goal)} to break a cycle of moves"
        state = self._facts.hosts[step.host].state
        if state in (HostState.DRAINING, HostState.MAINTENANCE):
            return f"leaves {self._host(step.host)}, which is {state.lower()}"
        broken = self._broken(v, step.host)
        if broken:
            return f"breaks {', '.join(broken)} where it is"
        if for_whom := self._makes_room(i):
            return for_whom
        groups = [self._problem.groups[g].rule for g in self._problem.groups_of.get(v, ())]
        if groups:
            return f"brings its group closer to {', '.join(dict.fromkeys(groups))}"
        if self._overfull[step.host]:
            return f"{self._host(step.host)} holds more than it has room for"
        return f"relieves {self._host(step.host)}, so that guests there get back their size or need not shrink"
