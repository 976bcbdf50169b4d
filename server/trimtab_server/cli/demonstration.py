"""The demo: a cluster is well, a rack fails, a server plans, a verifier checks, a forgery is caught."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from itertools import zip_longest
from typing import Final, TypeVar

from trimtab_solver.actions import Action, Phase, Plan
from trimtab_solver.authoring.loader import load_policy
from trimtab_solver.options import PlanOptions
from trimtab_solver.outcome import Answer
from trimtab_solver.policy.documents import Policy
from trimtab_solver.snapshot import Snapshot, Vm
from trimtab_solver.verify.replay import verify_plan
from trimtab_solver.verify.violation import Code

from ..reports.action_tables import phase_sections
from ..reports.answer import describe_event, stays_down_table, tier_blocks
from ..reports.levels import level_table
from ..reports.model import Section
from ..reports.page import Page
from ..reports.phrases import describe_action
from ..reports.quantities import plural, spell_seconds
from ..reports.sites import count_sites, site_table, tiers_of
from ..reports.terminal import write_blocks, write_parts
from ..reports.verdict import headline
from ..reports.verification import violation_table
from ..sampling import Sample, SampleOptions, generate, sample_policy_folder
from .exits import ExitCode
from .forgery import Forgery, forge
from .progress import CAPTION, ProgressLines
from .server_client import ServerClient
from .server_process import ServerProcess

BUDGET_S: Final = 8.0
_RACK: Final = "r03"
_GUARANTEED_PERCENT: Final = 80
_SHOWN: Final = 6
_REASONS_SHOWN: Final = 5
_VIOLATIONS_SHOWN: Final = 3
_REPORT_EVERY_S: Final = 1.0
_TIERS: Final = ("gold", "silver", "bronze")

ResultT = TypeVar("ResultT")


class Demonstration:
    """Everything that `trimtab demo` shows, in order."""

    def __init__(self, page: Page, seed: int) -> None:
        self._page = page
        self._seed = seed
        self._scenes = 0

    def run(self) -> ExitCode:
        """Show it; TESTS_FAILED when something does not come out as it must."""
        page = self._page
        began = time.monotonic()
        folder = sample_policy_folder()
        policy = load_policy(folder)
        sample = _scenario(self._seed)
        page.line("trimtab demo: a rack fails, and the plan that brings back what matters", "bold")
        self._scene("A server")
        with ServerProcess(folder) as server:
            page.line(
                f"Process {server.pid} serves planning on {server.address}, started in "
                f"{spell_seconds(server.started_s)}, policy {folder.name}.",
                indent=2,
            )
            self._show_cluster(sample, policy)
            snapshot = sample.snapshot
            answer, took_s = self._plan(server.address, snapshot)
            is_safe = self._verify(snapshot, policy, answer)
            self._show_answer(answer, took_s)
            is_caught = self._tamper(snapshot, policy, answer)
            self._scene("The end")
            code, stopping_s = _timed(server.stop)
        is_clean = code == 0
        how = "cleanly" if is_clean else f"with exit code {code}"
        page.line(f"The server stopped {how}, {spell_seconds(stopping_s)} after SIGTERM.", indent=2)
        page.line(f"All this took {spell_seconds(time.monotonic() - began)}.", indent=2)
        return ExitCode.OK if is_safe and is_caught and is_clean else ExitCode.TESTS_FAILED

    def _scene(self, title: str) -> None:
        self._scenes += 1
        self._page.title(f"{self._scenes}. {title}")

    def _show_cluster(self, sample: Sample, policy: Policy) -> None:
        page = self._page
        healthy, snapshot = sample.healthy, sample.snapshot
        self._scene("A healthy cluster")
        page.line(
            f"{plural(len(healthy.hosts), 'host')} on three sites, {plural(len(healthy.vms), 'guest')}. "
            f"Gold must run; the others may shrink to {_GUARANTEED_PERCENT} % of their size.",
            indent=2,
        )
        page.line()
        write_blocks(page, [site_table(count_sites(healthy, tiers_of(healthy, policy), _TIERS), _TIERS)])
        self._scene(f"Rack {_RACK} fails")
        page.line(describe_event(snapshot, 1), "bold red", indent=2)
        page.line(
            f"Everybody together would need {sample.load:.0%} of what still works. At one hardware failure the policy "
            "allows to shrink Silver and Bronze, and to suspend Bronze. Gold is never touched.",
            indent=2,
        )
        page.line()
        write_blocks(page, [site_table(count_sites(snapshot, tiers_of(snapshot, policy), _TIERS), _TIERS)])

    def _plan(self, address: str, snapshot: Snapshot) -> tuple[Answer, float]:
        page = self._page
        self._scene(f"The server plans, for at most {spell_seconds(BUDGET_S)}")
        page.line(f"{CAPTION}.", "dim", indent=2)
        page.line("Engines find states; the last row is what the plan reaches by safe steps.", "dim", indent=2)
        lines = ProgressLines(page, _REPORT_EVERY_S)
        with ServerClient(address) as client:
            options = PlanOptions(budget_s=BUDGET_S, seed=self._seed)
            answer, took_s = _timed(lambda: client.plan(snapshot, None, options, lines.show))
        lines.finish(answer.levels)
        page.line(f"Answer after {spell_seconds(took_s)}: {headline(answer)}.", "bold", indent=2)
        return answer, took_s

    def _verify(self, snapshot: Snapshot, policy: Policy, answer: Answer) -> bool:
        page = self._page
        self._scene("A verifier that uses nothing of what makes plans replays the plan")
        verdict, took_s = _timed(lambda: verify_plan(snapshot, policy, answer.plan))
        agrees = verdict.levels == tuple((level.name, level.value) for level in answer.levels)
        if verdict.is_valid and agrees:
            page.line(
                f"SAFE: {plural(len(answer.plan.actions), 'action')}, in any order they permit; all levels as the "
                f"server says. Took {spell_seconds(took_s)}, in this process.",
                "bold green",
                indent=2,
            )
        else:
            page.line("NOT SAFE, or of other value than the server says.", "bold red", indent=2)
            write_blocks(page, [violation_table(verdict.violations)], _SHOWN)
        return verdict.is_valid and agrees

    def _show_answer(self, answer: Answer, took_s: float) -> None:
        page = self._page
        self._scene("What becomes of the guests")
        write_blocks(page, tier_blocks(answer.tiers))
        number = plural(len(answer.plan.actions), "action")
        self._scene(f"The plan: {number}, done about {spell_seconds(answer.plan.makespan_s)} after the start")
        write_parts(page, Section("", sections=tuple(phase_sections(answer.plan, _varied(answer.plan)))))
        self._scene(f"Stays down: {plural(len(answer.stays_down), 'guest')}")
        if answer.stays_down:
            write_blocks(page, [stays_down_table(answer.stays_down)], _REASONS_SHOWN)
        self._scene(f"How good that is after {spell_seconds(took_s)} (smaller is better, first level first)")
        write_blocks(page, [level_table(answer.levels)])

    def _tamper(self, snapshot: Snapshot, policy: Policy, answer: Answer) -> bool:
        page = self._page
        self._scene("Somebody changes one action")
        forgery: Forgery | None = forge(snapshot, policy, answer.plan)
        if forgery is None:
            page.line("The plan starts nobody, so there is nothing to change.", indent=2)
            return True
        page.line(f"Action {forgery.before.id} was: {describe_action(forgery.before)}", indent=2)
        page.line(f"Action {forgery.after.id} is:  {describe_action(forgery.after)}", indent=2)
        is_caught = not forgery.verdict.is_valid
        if is_caught:
            violations = forgery.verdict.violations
            page.line(f"REFUSED by the verifier: {plural(len(violations), 'violation')}.", "bold green", indent=2)
            for rule in dict.fromkeys(one.rule for one in violations if one.code is Code.RULE):
                document = next(document for document in policy.documents if document.name == rule)
                page.line(f"{rule} says: {document.metadata.description}.", indent=2)
            page.line()
            write_blocks(page, [violation_table(violations)], _VIOLATIONS_SHOWN)
        else:
            page.line("NOT NOTICED by the verifier.", "bold red", indent=2)
        return is_caught


def _scenario(seed: int) -> Sample:
    """Three sites that are well filled, and a rack with Gold hosts that fails."""
    sample = generate(SampleOptions(hosts=24, vms=150, load=1.17, sites=3, fail=(f"rack:{_RACK}",), seed=seed))
    return replace(sample, healthy=_guarantee(sample.healthy), snapshot=_guarantee(sample.snapshot))


def _guarantee(snapshot: Snapshot) -> Snapshot:
    """The same with more guaranteed to the lower tiers, so that shrinking alone does not make enough room."""
    return replace(snapshot, vms=tuple(vm if vm.tier == "gold" else _guaranteed(vm) for vm in snapshot.vms))


def _guaranteed(vm: Vm) -> Vm:
    return replace(vm, guaranteed={name: amount * _GUARANTEED_PERCENT // 100 for name, amount in vm.requested.items()})


def _varied(plan: Plan) -> list[Action]:
    """Few actions of every phase, taken from all kinds in turn."""
    shown: list[Action] = []
    for phase in Phase:
        kinds: dict[str, list[Action]] = {}
        for action in plan.actions:
            if action.phase is phase:
                kinds.setdefault(action.kind, []).append(action)
        shown += [action for turn in zip_longest(*kinds.values()) for action in turn if action is not None][:_SHOWN]
    return shown


def _timed(work: Callable[[], ResultT]) -> tuple[ResultT, float]:
    began = time.monotonic()
    result = work()
    return result, time.monotonic() - began
