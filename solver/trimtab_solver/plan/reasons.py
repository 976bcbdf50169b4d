"""Why each action is in the plan, in words an operator can act on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import assert_never

from ..actions import ActionKind, Phase
from ..amounts import name_resource
from ..failures import Event
from ..problem import NOWHERE, Problem
from ..snapshot import HostState, VmState
from .facts import Facts
from .gains import Gains
from .purposes import find_purposes
from .steps import NO_VM, Step

_NAMED = 3
_LEAVING = {HostState.DRAINING: "draining", HostState.MAINTENANCE: "in maintenance"}


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
        self._gains = Gains(problem, steps)
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

    def _mended(self, v: int, h: int, goal: int) -> list[str]:
        """Names of unary rules that the guest breaks on the host, and on its goal (`NOWHERE`: stopped) no more."""
        rules = [rule for rule in self._problem.rules_of(v) if not rule.serves(h)]
        return [rule.rule for rule in rules if goal == NOWHERE or rule.serves(goal)]

    def rules(self, i: int) -> tuple[str, ...]:
        """Policy documents behind the step: the tier, and rules that it mends by leaving its place."""
        step = self._steps[i]
        if step.v == NO_VM:
            return ()
        found = [self._problem.tiers[self._problem.tier[step.v]].name]
        if step.is_migration:
            found += self._mended(step.v, step.host, step.goal)
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
            return f"runs again, on {self._host(step.host)}{tail}"
        if vm.state is VmState.DISPLACED:
            cause = f"its host {vm.host_id} failed" if vm.host_id else "its host failed"
            return f"{cause}; restarts on {self._host(step.host)}{tail}"
        if vm.state is VmState.SUSPENDED:
            return f"was suspended; there is room for it on {self._host(step.host)}{tail}"
        return f"wanted and not running; there is room on {self._host(step.host)}{tail}"

    def _stop(self, i: int, step: Step) -> str:
        v, goal = step.v, int(self._gains.place[step.v])
        if goal != NOWHERE:
            host = self._host(goal)
            if goal != self._problem.current[v] and self._problem.needs_restart(v, goal):
                return f"restarts on {host}, as it cannot be migrated there: {self._cause(i, step, goal)}"
            way = "breaks a cycle of moves" if self._gains.is_cyclic(v) else "makes way for others"
            return f"{way}; runs again on {host}"
        tier = self._problem.tiers[self._problem.tier[v]].name
        failures = self._event.hardware_failures
        verb = "suspended" if step.kind is ActionKind.SUSPEND else "stopped"
        right = f"{tier} may be {verb} at {failures} hardware failure{'s' if failures != 1 else ''}"
        return f"{self._cause(i, step, NOWHERE)}; {right}"

    def _resize(self, i: int, step: Step) -> str:
        assert step.size is not None
        v, host = step.v, self._host(step.host)
        if step.grows:
            whole = bool((step.size >= self._problem.requested[v]).all())
            return "gets back what it requested" if whole else "gets back part of what it requested"
        assert step.before is not None
        if self._gains.place[v] != step.host:
            return f"shrinks for its move to {self._host(int(self._gains.place[v]))}; keeps its floor"
        if (arriving := self._arriving(i)) and self._gains.needs_shrinking(v, step.host, step.before, arriving):
            return f"{self._makes_room(i)}; keeps its floor"
        if self._gains.needs_shrinking(v, step.host, step.before):
            return f"{host} has too little room for what its guests hold or get back; keeps its floor"
        return "shrinks for a while so that others can move; keeps its floor"

    def _migrate(self, i: int, step: Step) -> str:
        v = step.v
        if self._last_move_of_vm[v] > i:
            why = " to break a cycle of moves" if self._gains.is_cyclic(v) else ""
            return f"parks on {self._host(step.goal)}{why}, on its way to {self._host(int(self._gains.place[v]))}"
        return self._cause(i, step, step.goal) + self._doubt(step)

    def _doubt(self, step: Step) -> str:
        """That a live migration may not end; empty where nothing says so."""
        ends = (self._facts.hosts[h].migration_bandwidth_mbps for h in (step.host, step.goal))
        rate, dirty = max(1, min(ends)), self._facts.vms[step.v].dirty_rate_mbps
        if step.kind is not ActionKind.MIGRATE_LIVE or dirty < rate:
            return ""
        return f"; it writes {dirty} Mbit/s and the link carries {rate}: a live migration may never end"

    def _cause(self, i: int, step: Step, goal: int) -> str:
        """Why the guest does not stay on the host: the first fact of these that holds, the worst evil first."""
        v, gains = step.v, self._gains
        source = int(self._problem.current[v])
        if source != step.host:
            return f"goes on from {self._host(step.host)}, where it had parked"
        host = self._host(source)
        if (unfit := self._unfit(step, source)) or (unfit := self._breach(v, source, goal)):
            return unfit
        served = self._purposes[i].served
        if served.count and gains.needs_room_of(v, self._arriving(i)):
            return self._makes_room(i)
        mended, kept = gains.mended_groups(v)
        if mended:
            return f"mends {', '.join(mended)}"
        if kept:
            return f"keeps {', '.join(kept)}, which would be broken with it on {host}"
        if gains.has_no_room(v):
            return self._relief(source)
        if goal != NOWHERE and gains.outgrows(v):
            return f"gets more on {self._host(goal)} than {host} has room for"
        if gains.evens_out(v):
            return f"evens out the load of {host}" + (f" and {self._host(goal)}" if goal != NOWHERE else "")
        level = gains.worse_level(v)
        return f"without it {level} would be worse" if level else "goes along with the others; alone it gains nothing"

    def _unfit(self, step: Step, source: int) -> str:
        """What is wrong with the host for this guest whoever else runs there; empty if nothing is."""
        vm, host = self._facts.vms[step.v], self._facts.hosts[source]
        if host.state in _LEAVING:
            return f"leaves {host.id}, which is {_LEAVING[host.state]}"
        pool = vm.storage_pool_id
        if pool and pool not in host.storage_pool_ids:
            doubt = "; without its disk a live migration may fail" if step.kind is ActionKind.MIGRATE_LIVE else ""
            return f"{host.id} does not reach its storage pool {pool}{doubt}"
        if lacking := sorted(set(vm.device_needs).difference(host.capabilities)):
            return f"{host.id} lacks what it needs: {', '.join(lacking)}"
        return ""

    def _breach(self, v: int, source: int, goal: int) -> str:
        """The rules about it alone that it breaks no more, or the room that its host lacks; empty if neither."""
        if mended := self._mended(v, source, goal):
            return f"breaks {', '.join(mended)} where it is"
        if lacking := self._gains.overfull(v):
            return f"{self._host(source)} lacks room ({', '.join(map(name_resource, lacking))})"
        return ""

    def _relief(self, source: int) -> str:
        """Whom it serves that the host holds less."""
        host = self._host(source)
        if grown := self._gains.grown(source):
            return f"relieves {host}, so that guests there get back their size: {self._some(grown)}"
        if shrinkable := self._gains.shrinkable(source):
            return f"relieves {host}, so that guests there need not shrink: {self._some(shrinkable)}"
        return f"with it {host} would lack room for what it runs in the end"

    def _arriving(self, i: int) -> list[int]:
        """All guests that arrive on its host after the step."""
        h = self._steps[i].host
        return [later.v for later in self._steps[i + 1 :] if later.enters == h and later.v != self._steps[i].v]

    def _some(self, guests: Sequence[int]) -> str:
        names = [self._problem.vm_ids[v] for v in guests]
        rest = len(names) - _NAMED
        return ", ".join(names[:_NAMED]) + (f" and {rest} more" if rest > 0 else "")
