"""``trimtab whatif``: what is asked for, what is shown, and how it ends."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.support.case_files import run, written
from tests.support.cluster import snapshot, vm

CLUSTER = snapshot([vm(f"v{n}", f"h{1 + n % 4}", ("top", "low")[n % 2], group="app") for n in range(12)])
DRILLS = """
scenarios:
  - name: east is lost
    fail: [site:east]
    expect: {runs: {cel: "vm.tier == 'top'"}, maxMigrations: 0}
  - name: a host is lost and replaced
    fail: [host:h1]
    steps: [{addHosts: [{like: h1}]}]
    expect: {down: []}
  - name: nobody may be restarted
    fail: [host:h2]
    expect: {maxActions: 0}
"""


@pytest.fixture(name="files")
def write_files(tmp_path: Path) -> tuple[Path, Path]:
    """Snapshot and policy."""
    return written(tmp_path, CLUSTER)


def test_every_loss_of_a_kind_is_looked_at(files: tuple[Path, Path]) -> None:
    """The worst first; what is lost is said in the headline, and programs read all of it."""
    state, rules = files
    done = run(
        "whatif", state, "--policy", rules, "--n-1", "host", "--n-1", "site", "--workers", "1", "--format", "json"
    )
    assert done.code == 0, done.err
    found = json.loads(done.out)
    assert found["scenarios"] == 6
    assert {one["scenario"] for one in found["verdicts"][:2]} == {"site:west fails", "site:east fails"}
    assert found["losing"]["low"] == 2
    assert all(one["steps"][0]["planDigest"] for one in found["verdicts"])


def test_a_promise_that_is_broken_fails(files: tuple[Path, Path]) -> None:
    """With the exit code of tests; who is promised must be a tier."""
    state, rules = files
    asked = ("whatif", state, "--policy", rules, "--fail", "site:east")
    assert run(*asked, "--promise", "top").code == 0
    broken = run(*asked, "--promise", "low")
    assert broken.code == 4
    assert "the promise is broken in 1 that no low guest is lost" in " ".join(broken.out.split())
    (head,) = (line for line in broken.out.splitlines() if "restarted" in line)
    assert "(s)" in head  # what the time to be back counts
    unknown = run(*asked, "--promise", "topp")
    assert (unknown.code, unknown.err) == (2, '--promise: there is no tier "topp" (did you mean "top"?)\n')


def test_what_has_happened_before_a_loss_is_part_of_it(files: tuple[Path, Path]) -> None:
    """Two more hosts, and then the loss of one: nobody is lost where somebody is without them."""
    state, rules = files
    asked = ("whatif", state, "--policy", rules, "--n-1", "site", "--workers", "1", "--format", "json")
    plain, more = run(*asked), run(*asked, "--add-hosts", "h1:2", "--add-hosts", "h3:2")
    names = {one["scenario"] for one in json.loads(more.out)["verdicts"]}
    assert "site:east fails after 2 more hosts like h1 and 2 more hosts like h3" in names
    assert json.loads(plain.out)["losing"]["low"] == 2
    assert json.loads(more.out)["losing"]["low"] == 0


def test_drills_are_judged(files: tuple[Path, Path], tmp_path: Path) -> None:
    """One is not as expected: exit code 4, the reason in words, and in JUnit a failed test case."""
    state, rules = files
    (tmp_path / "drills").mkdir()
    (tmp_path / "drills" / "all.yaml").write_text(DRILLS)
    asked = ("whatif", state, "--policy", rules, "--drills", tmp_path / "drills", "--workers", "1")
    table = run(*asked)
    assert table.code == 4, table.err
    assert "1 not as expected" in " ".join(table.out.split())
    assert "expected at most 0" in " ".join(table.out.split())
    cases = ET.fromstring(run(*asked, "--format", "junit").out).findall("testsuite/testcase")
    failed = [case.get("name") for case in cases if case.find("failure") is not None]
    assert failed == ["nobody may be restarted"]
    assert len(cases) == 3


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "there is no scenario to look at; say --n-1 host, --fail host:h1 or --drills PATH"),
        (("--n-1", "hosts"), 'the cluster has no parts of kind "hosts" (did you mean "host"?)'),
        (("--fail", "host:h9"), 'fail[0]: the cluster has no part "host:h9" with hosts in it (did you mean host:h4?)'),
        (("--add-hosts", "h1:0"), '--add-hosts: "h1:0" is not an id, or ID:NUMBER'),
        (("--n-1", "host", "--drain", "rack:r9"), 'drain[0]: the cluster has no part "rack:r9" with hosts in it'),
    ],
)
def test_mistakes_are_named(files: tuple[Path, Path], arguments: tuple[str, ...], message: str) -> None:
    """Before anything is planned."""
    state, rules = files
    done = run("whatif", state, "--policy", rules, *arguments)
    assert done.code == 2
    assert message in done.err


def test_faults_of_drills_say_where(files: tuple[Path, Path], tmp_path: Path) -> None:
    """The file, and the place in it."""
    state, rules = files
    path = tmp_path / "drills.yaml"
    path.write_text("scenarios:\n  - {name: x, fail: ['host:h1'], steps: [{fail: ['host:no']}]}\n")
    done = run("whatif", state, "--policy", rules, "--drills", path)
    assert done.code == 2
    assert f"{path} scenarios[0].steps[0].fail[0]: the cluster has no part" in done.err
    path.write_text("scenarios:\n  - {name: x, expect: {runz: {ids: [v1]}}}\n")
    done = run("whatif", state, "--policy", rules, "--drills", path)
    assert done.code == 2
    assert f'{path}:2:24 scenarios[0].expect.runz: unknown field "runz"' in done.err


def test_a_journal_goes_on(files: tuple[Path, Path], tmp_path: Path) -> None:
    """The second run says the same from the file."""
    state, rules = files
    asked = ("whatif", state, "--policy", rules, "--n-1", "host", "--journal", tmp_path / "j", "--workers", "1")
    first = run(*asked)
    length = (tmp_path / "j").stat().st_size
    assert (run(*asked).out, (tmp_path / "j").stat().st_size) == (first.out, length)
    other = run(*asked, "--seed", "7")
    assert other.code == 2
    assert "holds verdicts on another cluster, policy or budget" in other.err


SAMPLES = Path(__file__).parents[3] / "samples"


def test_every_sample_policy_has_drills() -> None:
    """A file of its name."""
    policies = {folder.name for folder in (SAMPLES / "policies").iterdir() if folder.is_dir()}
    assert {path.stem for path in (SAMPLES / "drills").glob("*.yaml")} == policies


@pytest.mark.parametrize("path", sorted((SAMPLES / "drills").glob("*.yaml")), ids=lambda path: path.stem)
def test_drills_of_sample_policies_go_as_expected(path: Path) -> None:
    """On their own clusters."""
    done = run("whatif", "--policy", SAMPLES / "policies" / path.stem, "--drills", path, "--workers", "1")
    assert done.code == 0, done.out + done.err


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("--survivability",), 0, "failures cost no guest that runs now"),
        (("--headroom", "v0", "--n-1", "host"), 0, "more guests like v0"),
        (("--headroom", "v0", "--within", "site:east"), 0, "site:east"),
        (("--availability",), 0, "1 application: no tier states a target"),
        (("--remedies", "--n-1", "host", "--promise", "top"), 0, "The promise is kept as things are"),
        (("--remedies", "--n-1", "site", "--promise", "low"), 4, "No single remedy of those that were tried"),
        (("--growth", "50"), 0, "growth of 50 % a month"),
        (("--admit", "--add-guests", "v1:2"), 0, "Yes"),
        (("--admit", "--add-guests", "v0:20"), 4, "No"),
    ],
)
def test_questions_of_capacity_are_answered(
    files: tuple[Path, Path], arguments: tuple[str, ...], code: int, words: str
) -> None:
    """Each with its own report, and the exit code of a promise that is broken."""
    state, rules = files
    done = run("whatif", state, "--policy", rules, "--workers", "1", *arguments)
    assert words in " ".join(done.out.split()), done.out + done.err
    assert done.code == code


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ("--admit", "--survivability"),
            "ask one of --survivability, --availability, --remedies, --admit, --headroom, --growth",
        ),
        (("--within", "site:east", "--n-1", "host"), "--within says where guests of --headroom are to run; ask that"),
        (("--headroom", "v99"), 'the cluster has no guest "v99"'),
        (("--survivability", "--format", "junit"), "--format junit is for scenarios"),
    ],
)
def test_questions_that_cannot_be_answered_are_refused(
    files: tuple[Path, Path], arguments: tuple[str, ...], message: str
) -> None:
    """In words."""
    state, rules = files
    done = run("whatif", state, "--policy", rules, "--workers", "1", *arguments)
    assert done.code == 2
    assert message in done.err
