"""Actions, levels and outcomes in words; clusters counted by site."""

from __future__ import annotations

import dataclasses

import pytest

from tests.support.case_files import DISPLACED, FAILED, H2, A
from trimtab_server.cli.exits import ExitCode, exit_code_of
from trimtab_server.reports.levels import describe_level, describe_proof, spell_value, unit_of
from trimtab_server.reports.phrases import OUTCOMES, PHASES, describe_action
from trimtab_server.reports.sites import count_sites
from trimtab_server.reports.waves import DONE
from trimtab_solver.actions import Action, ActionKind, Phase, Plan, Undo
from trimtab_solver.outcome import Answer, BrokenRule, Certificate, LevelValue, Outcome, StaysDown
from trimtab_solver.snapshot import FailureDomain, Snapshot

LEVELS = (LevelValue("running:top", 0, 0), LevelValue("running:low+mid", 2, 1), LevelValue("should", 0, 0))
ANSWER = Answer(Outcome.FEASIBLE, Plan(), LEVELS, (), Certificate("s", "p", (), 0, False, True), "exact", 1)
DOWN = (StaysDown("v", "low", "no room"),)


def _resize(before: dict[str, int], after: dict[str, int]) -> Action:
    return Action(1, ActionKind.RESIZE, "v", "h1", size=after, undo=Undo(ActionKind.RESIZE, "v", "h1", size=before))


@pytest.mark.parametrize(
    ("action", "text"),
    [
        (Action(1, ActionKind.FENCE_HOST, host_id="h1"), "fence h1"),
        (Action(1, ActionKind.BOOT_HOST, host_id="h1"), "boot h1"),
        (Action(1, ActionKind.SHUTDOWN_HOST, host_id="h1"), "shut down h1"),
        (Action(1, ActionKind.START, "v", "h1"), "start v on h1"),
        (Action(1, ActionKind.STOP, "v", "h1"), "stop v on h1"),
        (Action(1, ActionKind.SUSPEND, "v", "h1"), "suspend v on h1"),
        (Action(1, ActionKind.RESUME, "v", "h1"), "resume v on h1"),
        (Action(1, ActionKind.MIGRATE_LIVE, "v", "h1", "h2"), "migrate v h1 -> h2"),
        (Action(1, ActionKind.MIGRATE_COLD, "v", "h1", "h2"), "move cold v h1 -> h2"),
        (
            _resize({"memory_mib": 8192, "cpu_milli": 2000}, {"memory_mib": 6554, "cpu_milli": 2000}),
            "shrink v memory 8 -> 6.4 GiB on h1",
        ),
        (
            _resize({"cpu_milli": 1500, "gpu": 1}, {"cpu_milli": 2000, "gpu": 2}),
            "grow v CPU 1.5 -> 2, gpu 1 -> 2 on h1",
        ),
        (_resize({"memory_mib": 3270}, {"memory_mib": 3271}), "grow v memory 3270 -> 3271 MiB on h1"),
    ],
)
def test_actions_are_described(action: Action, text: str) -> None:
    """Verb, guest, change and host."""
    assert describe_action(action) == text


def test_nothing_lacks_words() -> None:
    """Every outcome, phase, kind of action and level has a description."""
    assert set(OUTCOMES) == set(Outcome)
    assert set(PHASES) == set(Phase)
    assert set(DONE) == set(ActionKind)
    assert all(describe_action(Action(1, kind, "v", "h1", "h2")) for kind in ActionKind)
    names = ("running:a+b", "inherited", "stops", "shrinkage", "should", "disruption", "balance")
    assert all(describe_level(name) and unit_of(name).name and unit_of(name).key for name in (*names, "a sum"))
    assert [describe_proof(level) for level in LEVELS] == ["proven best", "1 at best", "proven best"]


@pytest.mark.parametrize(
    ("name", "value", "text", "as_bound"),
    [
        ("disruption", 16_384, "16", "16"),
        ("disruption", 1_025_536, "1001.5", "1001.5"),
        ("disruption", 16_385, "16.01", "16"),
        ("disruption", 1, "0.01", "0"),
        ("shrinkage", 79_656, "79656", "79656"),
    ],
)
def test_values_are_written_in_their_unit(name: str, value: int, text: str, as_bound: str) -> None:
    """Memory in GiB; a value is never said to be smaller than it is, a bound never larger."""
    assert (spell_value(name, value), spell_value(name, value, is_bound=True)) == (text, as_bound)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({}, ExitCode.OK),
        ({"outcome": Outcome.NO_ACTION_NEEDED}, ExitCode.OK),
        ({"stays_down": DOWN}, ExitCode.FLAWED),
        ({"levels": (LevelValue("should", 1, 0),)}, ExitCode.OK),
        ({"broken_rules": (BrokenRule("r", "should", "a on h1", 1, 1),)}, ExitCode.OK),
        ({"broken_rules": (BrokenRule("r", "must", "a on h1", 1, 1),)}, ExitCode.FLAWED),
        ({"levels": (LevelValue("inherited", 1, 1),)}, ExitCode.FLAWED),
        ({"levels": (LevelValue("disruption", 9, 0), LevelValue("shrinkage", 9, 0))}, ExitCode.OK),
        ({"outcome": Outcome.INFEASIBLE, "stays_down": DOWN}, ExitCode.IMPOSSIBLE),
        ({"outcome": Outcome.UNREACHABLE}, ExitCode.IMPOSSIBLE),
    ],
)
def test_exit_code_says_what_came_of_it(changes: dict[str, object], code: ExitCode) -> None:
    """Impossible before flawed before fine; shrinkage, moves and wishes that are not met are no flaw."""
    answer = dataclasses.replace(ANSWER, **changes)  # type: ignore[arg-type]  # any field
    assert exit_code_of(answer) is code


def test_sites_show_what_works_and_runs() -> None:
    """Memory of failed hosts is no room; the last row is the whole cluster."""
    domains = (FailureDomain("s1", "site"), FailureDomain("s2", "site"))
    hosts = (dataclasses.replace(FAILED, domain_ids=("s1",)), dataclasses.replace(H2, domain_ids=("s2",)))
    state = Snapshot(hosts, (DISPLACED, dataclasses.replace(A, id="b", host_id="h2")), domains)
    one, two, whole = count_sites(state, {"a": "low", "b": "low"}, ["low"])
    assert (one.site, one.hosts, one.down, one.load) == ("s1", 1, 1, 0.0)
    assert (two.site, two.running, two.load) == ("s2", {"low": 1}, 0.75)
    assert (whole.site, whole.hosts, whole.down, whole.load) == ("all", 2, 1, 0.75)
