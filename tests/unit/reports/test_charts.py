"""Heat maps and timelines: what they show of a cluster and of a plan."""

from __future__ import annotations

from dataclasses import replace

import pytest

from trimtab_server.reports.charts import describe_tile, heat_of, is_dense, share, ticks
from trimtab_server.reports.host_loads import heat_maps
from trimtab_server.reports.model import BarKind, HeatMap, HeatMapHost, Tile
from trimtab_server.reports.timeline import timeline_of
from trimtab_server.reports.waves import count_done, waves_of
from trimtab_solver.actions import Action, ActionKind, Plan
from trimtab_solver.snapshot import FailureDomain, Host, HostState, Snapshot, Vm, VmState

ROOM = Host(
    "h1", domain_ids=("r1",), capacity={"memory_mib": 10_240, "cpu_milli": 4000}, reserved={"memory_mib": 2048},
    overcommit_percent={"cpu_milli": 200},
)  # fmt: skip
OTHER = replace(ROOM, id="h2", domain_ids=())
DOWN = replace(ROOM, id="h3", state=HostState.DOWN)
DRAINING = replace(ROOM, id="h4", state=HostState.DRAINING)
GUEST = Vm("a", requested={"memory_mib": 4096, "cpu_milli": 4000}, host_id="h1")
ON_ITS_WAY = replace(GUEST, id="b", state=VmState.MIGRATING, target_host_id="h4")
DOMAINS = (FailureDomain("s", "site"), FailureDomain("r1", "rack", "s"))
CLUSTER = Snapshot((ROOM, OTHER, DOWN, DRAINING), (GUEST, ON_ITS_WAY), DOMAINS)
MOVE = Action(1, ActionKind.MIGRATE_LIVE, "a", "h1", "h2", duration_s=4)


def _tiles(heat_map: HeatMap) -> dict[str, HeatMapHost]:
    return {host.host_id: host for _, hosts in heat_map.domains for host in hosts}


def test_heat_maps_show_shares_of_the_room() -> None:
    """Of what is left after the reserve, overcommit counted, before and after; who is on the way is at both ends."""
    memory, cpu = heat_maps(CLUSTER, Plan((MOVE,)), {})
    assert (memory.resource, cpu.resource) == ("memory", "CPU")
    assert [domain for domain, _ in memory.domains] == ["", "s / r1"]
    tiles = _tiles(memory)
    assert tiles["h1"].before == Tile(100, "", 1, "8 GiB memory of 8 GiB memory")
    assert tiles["h1"].after == Tile(50, "", 0, "4 GiB memory of 8 GiB memory")
    assert tiles["h2"].before.percent == 0
    assert tiles["h2"].after == Tile(50, "", 1, "4 GiB memory of 8 GiB memory")
    assert tiles["h3"].before == Tile(None, "down", 0, "")
    assert tiles["h4"].before == Tile(50, "draining", 1, "4 GiB memory of 8 GiB memory")
    assert _tiles(cpu)["h2"].after.percent == 50


def test_what_is_backed_by_hardware_counts_once() -> None:
    """4 of 4 cores are all of the host for such a guest, half of it for any other."""
    _, cpu = heat_maps(CLUSTER, Plan((MOVE,)), {"a": ("cpu_milli",)})
    assert _tiles(cpu)["h2"].after == Tile(100, "", 1, "8 cores of 8 cores")


@pytest.mark.parametrize(
    ("asked", "percent", "heat"),
    [(0, 0, "heat-0"), (8191, 100, "heat-10"), (8192, 100, "heat-10"), (8193, 101, "heat-over"), (737, 9, "heat-0"),
     (1_000_000, 1000, "heat-over")],
)  # fmt: skip
def test_overfull_is_above_a_hundred(asked: int, percent: int, heat: str) -> None:
    """However little is too much; what only just fits is 100 %."""
    vm = replace(GUEST, requested={"memory_mib": asked})
    tile = _tiles(heat_maps(Snapshot((ROOM,), (vm,)), Plan(), {})[0])["h1"].after
    assert (tile.percent, heat_of(tile)) == (percent, heat)


def test_a_tile_is_told_in_words() -> None:
    """Host, state, share, amounts, guests."""
    tile = _tiles(heat_maps(CLUSTER, Plan(), {})[0])["h4"]
    expected = "h4, draining: 50 % of memory (4 GiB memory of 8 GiB memory), 1 guest"
    assert describe_tile(tile, tile.before, "memory") == expected
    off = Tile(None, "down", 0, "")
    assert describe_tile(HeatMapHost("h3", off, off), off, "memory") == "h3, down: no memory to give, 0 guests"
    assert heat_of(off) == "off"


def test_many_hosts_have_small_tiles() -> None:
    """More than can be read."""
    maps = [heat_maps(Snapshot(tuple(replace(ROOM, id=f"h{i}") for i in range(n))), Plan(), {})[0] for n in (240, 241)]
    assert [is_dense(one) for one in maps] == [False, True]


def _actions(count: int) -> tuple[Action, ...]:
    fence = Action(1, ActionKind.FENCE_HOST, host_id="h3", duration_s=15)
    starts = (
        Action(i, ActionKind.START, f"g{i}", "h2", depends_on=(1,), earliest_start_s=15, duration_s=30, rules=("gold",))
        for i in range(2, count + 1)
    )
    return (fence, *starts)


def test_short_plans_have_a_bar_for_each_action() -> None:
    """In the order of execution, from begin to end."""
    timeline = timeline_of(Plan(_actions(3)))
    assert [(bar.label, bar.start, bar.end, bar.kind) for bar in timeline.bars] == [
        ("1 fence h3", 0, 15, BarKind.HOST),
        ("2 start g2 on h2", 15, 45, BarKind.ARRIVAL),
        ("3 start g3 on h2", 15, 45, BarKind.ARRIVAL),
    ]
    assert (timeline.end, timeline.left_out) == (45, 0)


def test_long_plans_have_a_bar_for_each_kind_in_a_wave() -> None:
    """So that a night's work fits on a page."""
    timeline = timeline_of(Plan(_actions(500)))
    labels = [bar.label for bar in timeline.bars]
    assert labels == ["wave 1: 1 fenced", "wave 2: 499 started"]
    chain = tuple(replace(MOVE, id=i, depends_on=(i - 1,) if i > 1 else ()) for i in range(1, 101))
    assert (len(timeline_of(Plan(chain)).bars), timeline_of(Plan(chain)).left_out) == (80, 20)


def test_waves_count_what_is_done() -> None:
    """By kind, hosts first."""
    first, second = waves_of((*_actions(3), replace(MOVE, id=9)))
    assert (count_done(first.actions), count_done(second.actions)) == (
        "1 fenced, 1 migrated", "2 started"
    )  # fmt: skip
    assert (first.start_s, first.end_s, second.end_s) == (0, 15, 45)


@pytest.mark.parametrize("end", [0, 1, 7, 59, 120, 4000, 90_000, 10_000_000])
def test_ticks_are_few_and_round(end: int) -> None:
    """At most nine, from 0 on, within the plan."""
    found = list(ticks(end))
    assert found[0] == 0
    assert len(found) <= 9
    assert found[-1] <= end
    assert all(0 <= float(share(one, end).removesuffix("%")) <= 100 for one in found)
