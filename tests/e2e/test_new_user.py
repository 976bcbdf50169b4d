"""What a new user does: make a cluster, plan, check the plan, ask about a guest; here and through a server."""

from __future__ import annotations

import json
import re
import signal
from pathlib import Path

import pytest

from tests.e2e.processes import PATIENCE_S, serving, started, trimtab, wait_for_the_end_of
from trimtab_server.files import read_answer, read_snapshot
from trimtab_solver.snapshot import VmState


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a sample cluster with a failed rack that everybody survives."""
    folder = tmp_path_factory.mktemp("user") / "made"
    done = trimtab("sample", "--hosts", "12", "--vms", "60", "--load", "0.8", "--fail", "rack:r01", "-o", folder)
    assert done.code == 0, done.err
    return folder


def test_sample_plan_verify_explain(cluster: Path, tmp_path: Path) -> None:
    """Each command reads what the one before wrote."""
    state, rules, plan = cluster / "snapshot.json", cluster / "policy", tmp_path / "plan.json"
    done = trimtab("plan", state, "--policy", rules, "--deadline", "3s", "-o", plan)
    assert done.code in (0, 1), done.err
    answer = read_answer(plan)
    assert answer.stays_down == ()
    assert f"{len(answer.plan.actions)} actions, done after about " in done.out

    done = trimtab("verify", plan, "--snapshot", state, "--policy", rules)
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith(f"SAFE: {len(answer.plan.actions)} actions, no violation")

    snapshot = read_snapshot(state)
    displaced = next(vm for vm in snapshot.vms if vm.state is VmState.DISPLACED)
    done = trimtab("explain", state, displaced.id, "--policy", rules, "--deadline", "2s")
    assert done.code == 0, done.err
    assert re.search(rf"start {displaced.id} on h\d+ +its host {displaced.host_id} failed", done.out)
    done = trimtab("explain", state, displaced.id, "--host", displaced.host_id, "--policy", rules)
    assert done.code == 1
    assert "- it is down" in done.out

    assert trimtab("policy", "lint", rules, "--snapshot", state).code == 0


def test_a_tampered_plan_file_is_refused(cluster: Path, tmp_path: Path) -> None:
    """The fencing left out of the file: exit code 1, and the restarts that relied on it are named."""
    state, rules, plan = cluster / "snapshot.json", cluster / "policy", tmp_path / "plan.json"
    assert trimtab("plan", state, "--policy", rules, "--deadline", "2s", "-o", plan).code in (0, 1)
    answer = json.loads(plan.read_text())
    fencing = [action["id"] for action in answer["plan"]["actions"] if action["kind"] == "ACTION_KIND_FENCE_HOST"]
    for action in answer["plan"]["actions"]:
        action["dependsOn"] = [one for one in action.get("dependsOn", ()) if one not in fencing]
    plan.write_text(json.dumps(answer))
    done = trimtab("verify", plan, "--snapshot", state, "--policy", rules)
    assert done.code == 1
    assert done.out.startswith("NOT SAFE: ")
    assert "FENCING" in done.out or "DEPENDENCY" in done.out


def test_a_server_plans_the_same_way(cluster: Path, tmp_path: Path) -> None:
    """With the server's policy or one's own; the plan passes the verifier here; faults come back as faults."""
    state, rules = cluster / "snapshot.json", cluster / "policy"
    with serving("--log-level", "warning") as address:
        wishes: tuple[tuple[str | Path, ...], ...] = ((), ("--policy", rules))
        for number, policy in enumerate(wishes):
            plan = tmp_path / f"plan{number}.pb.zst"
            done = trimtab("plan", state, "--server", address, *policy, "--deadline", "2s", "-o", plan)
            assert done.code in (0, 1), done.err
            assert "Guests by tier" in done.out
            assert trimtab("verify", plan, "--snapshot", state, "--policy", rules).code == 0

        done = trimtab("plan", state, "--server", address, "--deadline", "2s", "--format", "json")
        assert json.loads(done.out)["certificate"]["verified"] is True

        other = tmp_path / "other.yaml"
        other.write_text("apiVersion: trimtab/v1\nkind: Tier\nmetadata: {name: tin}\nspec: {rank: 1}\n")
        done = trimtab("plan", state, "--server", address, "--policy", other)
        assert (done.code, done.out) == (2, "")
        assert "60 guests of no tier" in done.err
    done = trimtab("plan", state, "--server", address)
    assert (done.code, done.out) == (5, "")
    assert f"server {address}: " in done.err
    assert "Traceback" not in done.err


def test_a_server_announces_itself_and_ends_on_ctrl_c() -> None:
    """One line on stdout with the port that was chosen; SIGINT ends it with code 0."""
    with started("serve", "--listen", "127.0.0.1:0") as server:
        assert server.stdout is not None
        line = server.stdout.readline()
        assert re.fullmatch(
            r"trimtab listens on 127\.0\.0\.1:\d+, policy: \S+gold-silver-bronze; Ctrl-C stops it\n", line
        )
        server.send_signal(signal.SIGINT)
        out, err = server.communicate(timeout=PATIENCE_S)
        assert (server.returncode, out) == (0, "")
        assert all(entry.startswith("{") for entry in err.splitlines())
        wait_for_the_end_of(server.pid)


def test_an_address_in_use_is_said(tmp_path: Path) -> None:
    """A second server on the same port ends with code 5 and says why."""
    with serving() as address:
        done = trimtab("serve", "--listen", address)
        assert done.code == 5
        assert "the server cannot run: " in done.err
        assert "Traceback" not in done.err
