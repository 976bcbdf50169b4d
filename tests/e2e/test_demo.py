"""`trimtab demo` tells its story, and leaves nothing behind however it ends."""

from __future__ import annotations

import os
import re
import signal
from collections import Counter

from tests.e2e.processes import PATIENCE_S, started, wait_for_the_end_of

STORY = (
    r"^1\. A server$",
    r"^  Process \d+ serves planning on 127\.0\.0\.1:\d+, started in ",
    r"^2\. A healthy cluster$",
    r"^  all +24 +0 +\d+ +\d+ +\d+ +\d+%$",
    r"^3\. Rack r03 fails$",
    r"^  1 hardware failure \(r03\): 4 hosts down \(h0009, h0010, h0011, h0012\), \d+ guests displaced\.$",
    r"^  all +20 +4 +\d+ +\d+ +\d+ +\d+%$",
    r"^4\. The server plans, for at most 8 s$",
    r"^ +time +engine +gold +silver +bronze +inherited +stops +shrinkage +should +disruption +balance$",
    r"^ +\d+\.\ds greedy +\d+/\d+ ",
    r"^ +\d+\.\ds plan +0/0 +0/0 ",
    r"^  Answer after .* s: (OPTIMAL|FEASIBLE); \d+ guests? stays? down",
    r"^5\. A verifier that uses nothing of what makes plans replays the plan$",
    r"^  SAFE: \d+ actions, in any order they permit; all levels as the",
    r"^6\. What becomes of the guests$",
    r"^7\. The plan: \d+ actions, done about ",
    r"^  RESTORE - bring back what is down \(\d+ actions\)$",
    r"^ +1 +0 s +fence h0009 +h0009 is down; nothing of it may start elsewhere",
    r"^ +\d+ +\d+ s +[\d, and more]+ +start \S+ on h\d{4} +its host h\d{4} failed; restarts on h\d{4}",
    r"^  \.\.\. and \d+ more$",
    r"^  RECLAIM - make room for it \(\d+ actions\)$",
    r"^8\. Stays down: \d+ guests?$",
    r"^9\. How good that is after ",
    r"^  running:gold +0 +guest value +proven best ",
    r"^  running:silver +0 +guest value +proven best ",
    r"^10\. Somebody changes one action$",
    r"^  Action (\d+) was: start (\S+) on h\d{4}$",
    r"^  Action (\d+) is:  start (\S+) on h\d{4}$",
    r"^  REFUSED by the verifier: \d+ violations?\.$",
    r"^  gold-zones says: ",
    r"^11\. The end$",
    r"^  The server stopped cleanly, .* s after SIGTERM\.$",
    r"^  All this took \d",
)


def test_the_demo_tells_its_story() -> None:
    """Every scene in order, plain text of at most 100 columns, exit code 0, and no process is left."""
    with started("demo") as demo:
        out, err = demo.communicate(timeout=PATIENCE_S)
        assert demo.returncode == 0, err
        wait_for_the_end_of(demo.pid)
    assert err == ""
    assert "\x1b" not in out
    lines = iter(out.splitlines())
    for scene in STORY:
        assert any(re.search(scene, line) for line in lines), f"{scene} is missing, or not in its place:\n{out}"
    assert max(map(len, out.splitlines())) <= 100

    # a column that is zero for all tiers is not there
    heads = re.findall(r"^  tier +(before .*)$", out, re.MULTILINE)[-1].split()
    table = re.findall(r"^  (gold|silver|bronze) ([ \d]+)$", out, re.MULTILINE)
    rows = {tier: Counter(dict(zip(heads, map(int, numbers.split()), strict=True))) for tier, numbers in table}
    for tier in ("gold", "silver"):
        row = rows[tier]
        assert row["displaced"] == row["restarted"] > 0
        assert (row["suspended"], row["stopped"], row["down"]) == (0, 0, 0)
        assert row["before"] == row["after"]
        assert tier == "silver" or row["shrunk"] == 0
    row = rows["bronze"]
    assert row["displaced"] >= row["restarted"] > 0
    assert row["shrunk"] > 0
    assert row["down"] > 0
    assert row["before"] - row["after"] == row["down"]


def test_ctrl_c_leaves_no_server_behind() -> None:
    """Interrupted while the server plans, as a terminal does it: exit code 130, and all processes are gone."""
    with started("demo") as demo:
        assert demo.stdout is not None
        assert any(line.startswith("4. The server plans") for line in demo.stdout)
        os.killpg(demo.pid, signal.SIGINT)
        assert demo.wait(PATIENCE_S) == 130
        wait_for_the_end_of(demo.pid)
        assert demo.stderr is not None
        assert demo.stderr.read() == "interrupted\n"
