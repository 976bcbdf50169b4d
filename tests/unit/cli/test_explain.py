"""``trimtab explain`` says in words why a guest runs or not, and what a host objects to."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.support import case_files as case
from tests.support.case_files import run, written
from trimtab_solver.snapshot import FencingState, HostState, Migratability, Snapshot, VmState

PIN = """---
apiVersion: trimtab/v1
kind: Pin
metadata: {name: a-at-home, description: The licence is bound to h1}
spec: {select: {ids: [a]}, hosts: {ids: [h1]}, level: must}
"""
APART = """---
apiVersion: trimtab/v1
kind: Separate
metadata: {name: apart}
spec: {between: [{ids: [a]}, {ids: [b]}], topology: host, level: must}
"""
SHRINKS = """---
apiVersion: trimtab/v1
kind: Tier
metadata: {name: soft}
spec: {rank: 5, resize: {floor: {memory_mib: "25%"}}}
"""
SMALL = {"memory_mib": 512}


def _explain(folder: Path, snapshot: Snapshot, *arguments: str, policy: str = case.TIERS) -> case.Result:
    state, rules = written(folder, snapshot, policy)
    return run("explain", state, *arguments, "--policy", rules)


def test_a_restart_is_explained(tmp_path: Path) -> None:
    """What the plan does with the guest, and why."""
    result = _explain(tmp_path, case.RESTART, "a")
    assert result.code == 0
    assert "a: tier low, displaced on h1 in the snapshot, requests 3 GiB memory." in result.words
    assert "start a on h2 its host h1 failed; restarts on h2" in result.words
    assert "It runs after the plan." in result.words


def test_a_guest_that_stays_down_is_explained(tmp_path: Path) -> None:
    """Why no host can take it, and how much is missing; exit code 1."""
    result = _explain(tmp_path, case.STAYS_DOWN, "a")
    assert result.code == 1
    assert "It does not run after the plan: in this plan no host of 2 has a place for it: " in result.words
    assert "nearest is h2, which lacks 2 GiB memory" in result.words


def test_an_empty_host_is_too_small_and_not_too_full(tmp_path: Path) -> None:
    """Where nobody runs, nobody takes the room of a guest that is larger than the host."""
    whale = replace(case.A, state=VmState.PENDING, host_id="", requested={"memory_mib": 307_200})
    words = _explain(tmp_path, Snapshot((case.H1, case.H2), (whale,)), "a").words
    assert "it needs 300 GiB memory, none has more than 4 GiB memory" in words
    assert "h1, h2 larger than the host" in words
    assert "full" not in words
    host = _explain(tmp_path, Snapshot((case.H1, case.H2), (whale,)), "a", "--host", "h1").words
    assert "larger than the host: it needs 300 GiB memory, and the host has 4 GiB memory" in host


def test_an_eviction_is_explained(tmp_path: Path) -> None:
    """The action that takes it down, and for whom."""
    result = _explain(tmp_path, case.EVICTION, "b")
    assert result.code == 1
    assert "suspend b on h2 makes room on h2 for a" in result.words
    assert "It does not run after the plan: suspended by this plan" in result.words


def test_a_guest_that_is_left_alone_is_explained(tmp_path: Path) -> None:
    """Running or switched off, nothing happens to it."""
    assert "The plan leaves it as it is: it runs on h1." in _explain(tmp_path, case.WELL, "a").words
    off = replace(case.A, id="off", state=VmState.STOPPED, host_id="")
    result = _explain(tmp_path, Snapshot((case.H1,), (off,)), "off")
    assert result.code == 0
    assert "It is switched off on purpose: plans never touch it." in result.words


def test_unknown_names_are_guessed(tmp_path: Path) -> None:
    """Exit code 2, and the nearest name of the snapshot."""
    result = _explain(tmp_path, case.WELL, "a", "--host", "h11")
    assert (result.code, result.out) == (2, "")
    assert "the snapshot holds no host 'h11' (did you mean h1?)" in result.err
    assert "holds no guest 'zzz' (it holds a)" in _explain(tmp_path, case.WELL, "zzz").err


SMALL_A, SMALL_B = replace(case.A, requested=SMALL), replace(case.B, requested=SMALL)
REFUSED: dict[str, tuple[Snapshot, dict[str, Any], str, str]] = {
    "down": (case.RESTART, {}, "h1", "it is down"),
    "draining": (case.WELL, {"state": HostState.DRAINING}, "h2", "it is draining"),
    "maintenance": (case.WELL, {"state": HostState.MAINTENANCE}, "h2", "it is in maintenance"),
    "full": (
        case.CROSSED, {}, "h2",
        "too full: it needs 3 GiB memory, and 1 GiB memory would be free with every guest there at its floor",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_a_host_that_refuses_says_why(tmp_path: Path, name: str) -> None:
    """Its state or its lack of room, in numbers; exit code 1."""
    snapshot, changes, host, words = REFUSED[name]
    hosts = tuple(replace(one, **changes) if one.id == host else one for one in snapshot.hosts)
    result = _explain(tmp_path, replace(snapshot, hosts=hosts), "a", "--host", host)
    assert result.code == 1
    assert f"{host} may not take it now: - {words}" in result.words


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"migratability": Migratability.NONE}, "it cannot be migrated while it runs (migratability NONE)"),
        (
            {"migratability": Migratability.COLD},
            "it cannot be migrated live (migratability COLD), and tier low does not",
        ),
        ({"device_needs": ("gpu",)}, "it lacks what the guest needs: gpu"),
        ({"state": VmState.STOPPED, "host_id": ""}, "a is switched off on purpose; plans never start it"),
        ({"state": VmState.MIGRATING, "target_host_id": "h3"}, "a is migrating from h1 to h3, and left alone"),
    ],
)
def test_a_guest_that_may_not_go_says_why(tmp_path: Path, changes: dict[str, Any], words: str) -> None:
    """Migratability, devices, and states that plans leave alone."""
    hosts = (replace(case.H1, capabilities=("gpu",)), case.H2, replace(case.H1, id="h3"))
    snapshot = Snapshot(hosts, (replace(SMALL_A, **changes),))
    result = _explain(tmp_path, snapshot, "a", "--host", "h2")
    assert result.code == 1
    assert words in result.words


def test_an_older_processor_is_named(tmp_path: Path) -> None:
    """Both generations, and that the tier does not allow a cold migration."""
    snapshot = Snapshot((replace(case.H1, cpu_generation=3), case.H2), (SMALL_A,))
    words = _explain(tmp_path, snapshot, "a", "--host", "h2").words
    assert "CPU generation 0 is lower than 3 of h1, and tier low does not allow cold migration" in words


def test_a_host_that_cannot_be_fenced_is_named(tmp_path: Path) -> None:
    """The guest could run twice."""
    hosts = (replace(case.FAILED, fencing=FencingState.UNFENCEABLE), case.H2)
    words = _explain(tmp_path, replace(case.RESTART, hosts=hosts), "a", "--host", "h2").words
    assert "its failed host h1 cannot be fenced: started elsewhere, the guest could run twice" in words


def test_storage_out_of_reach_is_named(tmp_path: Path) -> None:
    """The pool that the guest needs, and those that the host reaches."""
    state, rules = written(tmp_path, case.WELL)
    text = state.read_text().replace('"id": "h1",', '"id": "h1", "storagePoolIds": ["san"],')
    text = text.replace('"hostId": "h1"', '"hostId": "h1", "storagePoolId": "san"')
    state.write_text('{"storagePools": [{"id": "san", "kind": "STORAGE_POOL_KIND_SHARED"}],' + text.lstrip()[1:])
    words = run("explain", state, "a", "--host", "h2", "--policy", rules).words
    assert "it does not reach storage pool san (it reaches none)" in words


def test_hosts_with_pools_of_their_own_are_told_together(tmp_path: Path) -> None:
    """Each reaches another pool than the guest needs: that is one row; programs are told the pools of each."""
    state, rules = written(tmp_path, replace(case.WELL, hosts=(*case.WELL.hosts, replace(case.H2, id="h3"))))
    data = json.loads(state.read_text())
    for host, pool in zip(data["hosts"], ("san", "local2", "local3"), strict=True):
        host["storagePoolIds"] = [pool]
    data["vms"][0]["storagePoolId"] = "san"
    data["storagePools"] = [{"id": pool, "kind": "STORAGE_POOL_KIND_SHARED"} for pool in ("san", "local2", "local3")]
    state.write_text(json.dumps(data))
    words = run("explain", state, "a", "--policy", rules).words
    assert "h2, h3 it does not reach storage pool san" in words
    assert "it reaches" not in words
    text = run("explain", state, "a", "--policy", rules, "--format", "json").out
    assert "(it reaches local2)" in text
    assert "(it reaches local3)" in text


def test_rules_that_refuse_are_named_with_their_place(tmp_path: Path) -> None:
    """Kind, file and line, and what the document says about itself; groups too."""
    running = Snapshot((case.H1, case.H2), (SMALL_A, SMALL_B))
    words = _explain(tmp_path, running, "a", "--host", "h2", policy=case.TIERS + PIN).words
    assert "p.yaml:12:1)refusesit:Thelicenceisboundtoh1" in words.replace(" ", "")
    assert "rule a-at-home (Pin, " in words
    words = _explain(tmp_path, running, "a", "--host", "h2", policy=case.TIERS + APART).words
    assert "rule apart (Separate, " in words


def test_a_host_that_may_take_it_says_at_what_price(tmp_path: Path) -> None:
    """Shrinking, should rules, a cold spare, and how it would move; exit code 0."""
    soft = Snapshot(case.WELL.hosts, (replace(case.A, tier="soft"), replace(case.B, tier="soft")))
    result = _explain(tmp_path, soft, "a", "--host", "h2", policy=case.TIERS + SHRINKS + case.PREFERS_SSD)
    assert result.code == 0
    assert "h2 may take it now." in result.words
    assert "guests there, or the guest itself, must shrink for it" in result.words
    assert "it would break prefers-ssd (level should)" in result.words
    assert "it would migrate live" in result.words
    spare = replace(case.RESTART, hosts=(case.FAILED, replace(case.H2, state=HostState.STANDBY)))
    assert "h2 is a cold spare and takes 180 s to boot" in _explain(tmp_path, spare, "a", "--host", "h2").words


def test_the_host_it_runs_on_is_where_it_is(tmp_path: Path) -> None:
    """Nothing to refuse."""
    result = _explain(tmp_path, case.WELL, "a", "--host", "h1")
    assert result.code == 0
    assert "h1 is where it is: - a runs there now" in result.words


def test_without_a_host_all_hosts_are_told(tmp_path: Path) -> None:
    """Where it could run at what price, and why not elsewhere."""
    state = Snapshot((case.H1, case.H2, replace(case.H2, id="h3")), (SMALL_A, SMALL_B))
    words = _explain(tmp_path, state, "a", policy=case.TIERS + APART).words
    assert "Where it could run (as the cluster is now, without the plan)" in words
    assert "h3 it would migrate live" in words
    assert "h2 rule apart refuses it" in words


def test_explanations_are_for_programs_too(tmp_path: Path) -> None:
    """Facts and tables; of one host as well."""
    data = json.loads(_explain(tmp_path, case.RESTART, "a", "--format", "json").out)
    assert data["facts"]["runsAfter"] is True
    assert [section["blocks"][0]["table"] for section in data["sections"]] == ["admitting", "refusing"]
    data = json.loads(_explain(tmp_path, case.RESTART, "a", "--host", "h1", "--format", "json").out)
    (host,) = data["facts"]["hosts"]
    assert (host["hostId"], host["admitted"], host["objections"][0]["condition"]) == ("h1", False, "POWER")


# --- of a plan in hand ------------------------------------------------------------------------------------------------


def _planned(folder: Path, snapshot: Snapshot, policy: str = case.TIERS) -> tuple[Path, list[str | Path]]:
    """A plan file, and the arguments that say what it was made of."""
    state, rules = written(folder, snapshot, policy)
    run("plan", state, "--policy", rules, "-o", folder / "plan.json")
    return folder / "plan.json", ["--snapshot", state, "--policy", rules]


def test_a_plan_in_hand_is_explained_and_not_another(tmp_path: Path) -> None:
    """The reason in the file is told, whatever a new plan would say; without a file it is said that one is made."""
    plan, inputs = _planned(tmp_path, case.RESTART)
    plan.write_text(plan.read_text().replace("restarts on h2", "restarts on h2 on a Monday"))
    assert "restarts on h2 on a Monday" in run("explain", plan, "a", *inputs).words
    anew = _explain(tmp_path, case.RESTART, "a").words
    assert "Planned anew, as no plan was given: OPTIMAL" in anew
    assert "Monday" not in anew


def test_hosts_and_actions_of_a_plan_are_explained(tmp_path: Path) -> None:
    """What happens on a host; why an action is there, what waits for what, how it is taken back; or the whole plan."""
    plan, inputs = _planned(tmp_path, case.EVICTION)
    host = run("explain", plan, "h2", *inputs)
    assert "h2: up in the snapshot, has 4 GiB memory. " in host.words
    assert "Before: 1 guest (b). After: 1 guest (a)." in host.words
    assert "suspend b on h2" in host.words
    action = run("explain", plan, "2", *inputs).words
    assert action.startswith("Action 2: suspend b on h2. Why: makes room on h2 for a; ")
    assert "Waits for: nothing. Waiting for it: 3 (start a on h2)." in action
    assert "Taken back by: RESUME b on h2." in action
    assert run("explain", plan, *inputs).out.startswith("OPTIMAL; 1 guest stays down\n")


def test_a_blocker_is_explained(tmp_path: Path) -> None:
    """Of the guest and of its host it is said that it stays, and why."""
    plan, inputs = _planned(tmp_path, case.STUCK)
    words = "it cannot be migrated while it runs (migratability NONE)"
    assert f"It keeps h1 from being emptied: {words}" in run("explain", plan, "a", *inputs).words
    assert "Stays although the host is to be emptied" in run("explain", plan, "h1", *inputs).words


def test_a_plan_of_other_input_is_not_explained(tmp_path: Path) -> None:
    """What would be said of it need not be true; exit code 1, a line that says which input differs."""
    plan, inputs = _planned(tmp_path, case.RESTART)
    written(tmp_path, case.EVICTION)
    result = run("explain", plan, "a", *inputs)
    assert (result.code, result.out) == (1, "")
    assert "the plan was made for another snapshot" in result.err
    assert run("explain", plan, "nobody", *inputs).code != 0
