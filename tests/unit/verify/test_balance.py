"""Balance, figured by hand."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.cluster import policy, snapshot, vm
from trimtab_solver.placement import Placement
from trimtab_solver.rules.action_budget import ActionBudget
from trimtab_solver.rules.balance import Above, Balance, FreeRatio, PeakLoad
from trimtab_solver.snapshot import HostState, Snapshot
from trimtab_solver.verify import judge_placement


def cost(cluster: Snapshot, place: dict[str, str], *documents: Any) -> int:
    """The balance of a target in which everybody has what it asks for."""
    sizes = {guest.id: guest.requested for guest in cluster.vms if guest.id in place}
    rules = policy(**{f"even{n}": document for n, document in enumerate(documents)})
    return dict(judge_placement(cluster, rules, None, Placement(place, sizes)).levels)["balance"]


def above(threshold: str, weight: int = 1) -> Balance:
    return Balance(above=(Above(resource="memory_mib", threshold=threshold, weight=weight),))


@pytest.mark.parametrize(
    ("place", "threshold", "expected"),
    [
        ({"a": "h1", "b": "h1"}, "50%", 0),
        ({"a": "h1", "b": "h1"}, "25%", 10),
        ({"a": "h1", "b": "h2"}, "25%", 0),
        ({"a": "h1", "b": "h2"}, "0%", 20),
        # 41 % of 40 is 16.4: 3.6 of 20 are above, which counts as 4
        ({"a": "h1", "b": "h1"}, "41%", 4),
    ],
)
def test_load_above_the_threshold_counts_per_host(place: dict[str, str], threshold: str, expected: int) -> None:
    """Two guests of 10 on hosts of 40; a part of a unit counts as a whole."""
    assert cost(snapshot([vm("a"), vm("b")]), place, above(threshold)) == expected


def test_overcommit_widens_the_capacity_and_backed_guests_weigh_more() -> None:
    """With 200 % the host promises 80; a Gold guest of 10 takes 20 of them."""
    cluster = snapshot([vm("g", tier="gold"), vm("b")], {1: {"overcommit_percent": {"memory_mib": 200}}})
    assert cost(cluster, {"b": "h1"}, above("10%")) == 2
    assert cost(cluster, {"g": "h1"}, above("10%")) == 12
    assert cost(cluster, {"g": "h1", "b": "h1"}, above("10%", weight=5)) == 5 * 22


def test_free_resources_should_come_together() -> None:
    """A host with 8 free cores and 30 free MiB lacks 2 MiB when each core should come with 4."""
    hosts = {n: {"capacity": {"memory_mib": 40, "cpu": 8}} for n in (1, 2)}
    cluster = snapshot([vm("a"), vm("b", requested={"memory_mib": 10, "cpu": 8})], hosts)
    ratio = Balance(ratios=(FreeRatio(left="cpu", right="memory_mib", target=4, weight=3),))
    assert cost(cluster, {}, ratio) == 0
    assert cost(cluster, {"a": "h1"}, ratio) == 3 * 2
    assert cost(cluster, {"a": "h1", "b": "h1"}, ratio) == 0
    assert cost(cluster, {"a": "h1", "b": "h2"}, ratio) == 3 * 2


def test_the_fullest_host_counts_in_thousandths() -> None:
    """Rounded down; hosts without the resource have no share."""
    hosts: dict[int, dict[str, Any]] = {1: {"capacity": {"memory_mib": 30}}, 4: {"capacity": {}}}
    cluster = snapshot([vm("a"), vm("b"), vm("c")], hosts)
    peak = Balance(peaks=(PeakLoad(resource="memory_mib", weight=2),))
    assert cost(cluster, {"a": "h1"}, peak) == 2 * 333
    assert cost(cluster, {"a": "h1", "b": "h2", "c": "h2"}, peak) == 2 * 500
    assert cost(cluster, {}, peak) == 0


def test_documents_add_up_and_may_name_what_nobody_asks_for() -> None:
    """What is switched off does not count."""
    cluster = snapshot([vm("a")], {1: {"capacity": {"memory_mib": 40, "disk_gib": 5}}})
    ratio = Balance(ratios=(FreeRatio(left="disk_gib", right="memory_mib", target=10),))
    off = above("0%").model_copy(update={"enabled": False})
    assert cost(cluster, {"a": "h1"}, above("0%"), above("0%", weight=2), off) == 30
    assert cost(cluster, {"a": "h1"}, ratio, above("0%")) == 20 + 10


def test_balance_looks_at_what_remains() -> None:
    """What a moved guest still holds on its first host takes room, and is no load when the plan is over."""
    cluster = snapshot([vm("a", "h1")])
    both = ActionBudget(held_at_both_ends=("memory_mib",))
    assert cost(cluster, {"a": "h2"}, above("0%"), both) == 10


def test_the_state_of_a_host_does_not_matter() -> None:
    """A drained host is loaded as any other."""
    cluster = snapshot([vm("a", "h1")], {1: {"state": HostState.DRAINING}})
    assert cost(cluster, {"a": "h1"}, above("0%")) == 10


def test_an_empty_balance_is_refused() -> None:
    """It would ask for nothing; and a ratio is one of two resources."""
    with pytest.raises(ValueError, match="needs above, ratios or peaks"):
        Balance()
    with pytest.raises(ValueError, match="name two resources"):
        FreeRatio(left="cpu", right="cpu", target=1)
    with pytest.raises(ValueError, match='write a whole percentage in quotes such as "80%"'):
        Above(resource="cpu", threshold="80")
