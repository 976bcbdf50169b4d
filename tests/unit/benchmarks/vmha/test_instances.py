"""Instances of vmha are what the recipe promises, and never change unnoticed."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from benchmarks.guest_counts import count_guests
from benchmarks.vmha import FAILURES, LOADS, SIZES, SIZINGS, Recipe, generate, recipes
from benchmarks.vmha.__main__ import main
from benchmarks.vmha.instance import DriftError, digest_of, pinned_digests, policy_of, policy_without_budget
from trimtab_server.files import read_snapshot
from trimtab_solver.authoring.loader import load_policy
from trimtab_solver.failures import event_of
from trimtab_solver.placement import placement_of
from trimtab_solver.rules.action_budget import ActionBudget
from trimtab_solver.snapshot import HostState, VmState
from trimtab_solver.validation import check_snapshot
from trimtab_solver.verify import judge_placement

SMALL = [recipe for recipe in recipes() if recipe.size in SIZES[:3]]


def test_every_instance_is_pinned() -> None:
    """The table of digests names all instances and no others."""
    assert list(pinned_digests()) == [recipe.name for recipe in recipes()]


@pytest.mark.parametrize("recipe", SMALL, ids=lambda recipe: recipe.name)
def test_the_cluster_was_sound_before_the_failure(recipe: Recipe) -> None:
    """All guests run, no rule is broken, every host has room: under either policy."""
    healthy = generate(recipe).healthy
    check_snapshot(healthy)
    for sizing in SIZINGS:
        verdict = judge_placement(healthy, policy_of(sizing), None, placement_of(healthy))
        assert verdict.is_valid
        assert not any(value for _, value in verdict.levels)


@pytest.mark.parametrize("recipe", SMALL, ids=lambda recipe: recipe.name)
def test_shares_and_load_are_those_of_the_recipe(recipe: Recipe) -> None:
    """Tiers, groups, needs and the load after the failure."""
    instance = generate(recipe)
    vms = instance.snapshot.vms
    tiers = Counter(vm.tier for vm in vms)
    count = recipe.size.vms
    assert len(vms) == count
    assert tiers["gold"] / count == pytest.approx(0.2, abs=0.01)
    assert tiers["silver"] / count == pytest.approx(0.3, abs=0.01)
    grouped = Counter(vm.labels["apart"] for vm in vms if "apart" in vm.labels)
    assert grouped.total() / count == pytest.approx(0.3, abs=0.02)
    assert grouped["host"] / grouped.total() == pytest.approx(0.7, abs=0.05)
    assert sum("needs" in vm.labels for vm in vms) == round(0.05 * count)
    assert instance.load == pytest.approx(recipe.load, abs=0.002)


@pytest.mark.parametrize("recipe", SMALL, ids=lambda recipe: recipe.name)
def test_one_failure_displaces_what_ran_on_the_failed_hosts(recipe: Recipe) -> None:
    """A site is a third of the hosts, a small failure a tenth or a twelfth; either counts as one."""
    instance = generate(recipe)
    check_snapshot(instance.snapshot)
    down = {host.id for host in instance.snapshot.hosts if host.state is HostState.DOWN}
    share = len(down) / recipe.size.hosts
    assert share == pytest.approx(1 / 3 if recipe.failure == "site" else 1 / 12, abs=0.07)
    for vm in instance.snapshot.vms:
        assert (vm.state is VmState.DISPLACED) == (vm.host_id in down)
    assert event_of(instance.snapshot).hardware_failures == 1


def test_guests_are_the_same_whatever_fails_and_however_full_it_is() -> None:
    """Load and failure change the hosts, not the guests."""
    drawn = [
        [
            (vm.id, vm.tier, vm.group, dict(vm.requested))
            for vm in generate(Recipe(SIZES[1], load, failure, 2)).snapshot.vms
        ]
        for load in LOADS
        for failure in FAILURES
    ]
    assert all(one == drawn[0] for one in drawn)


def test_a_changed_generator_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """An instance whose digest is not the pinned one is not generated."""
    recipe = SMALL[0]
    monkeypatch.setitem(pinned_digests(), recipe.name, "0" * 16)
    with pytest.raises(DriftError, match="a generator has changed"):
        generate(recipe)


def test_written_instances_read_back(tmp_path: Path) -> None:
    """The files hold the snapshot and both policies."""
    main(["--write", str(tmp_path), "--size", "10x250", "--seeds", "1"])
    recipe = Recipe(SIZES[0], LOADS[0], FAILURES[0], 1)
    snapshot = read_snapshot(tmp_path / f"{recipe.name}.json.gz")
    assert digest_of(snapshot) == pinned_digests()[recipe.name]
    assert len(list(tmp_path.glob("*.json.gz"))) == len(LOADS) * len(FAILURES)
    for sizing in SIZINGS:
        assert load_policy(tmp_path / "policies" / sizing).digest == policy_of(sizing).digest


@pytest.mark.parametrize("sizing", SIZINGS)
def test_the_budget_is_two_percent_and_can_be_lifted(sizing: str) -> None:
    """Peers are judged under the policy without its limit on moves; nothing else differs."""
    (limited,), (free,) = (
        [spec.max_migrations for _, spec in policy.of(ActionBudget)]
        for policy in (policy_of(sizing), policy_without_budget(sizing))
    )
    assert (limited, free) == ("2%", "100%")
    names = [
        [document.name for document in policy.documents]
        for policy in (policy_of(sizing), policy_without_budget(sizing))
    ]
    assert names[0] == names[1]


def test_a_tally_counts_by_the_final_hosts() -> None:
    """Lost by tier, moved and stopped."""
    snapshot = generate(Recipe(SIZES[0], LOADS[0], FAILURES[0], 1)).snapshot
    place = placement_of(snapshot).hosts
    running = sorted(place)
    assert isinstance(place, dict)
    place[running[0]] = next(host.id for host in snapshot.hosts if host.id != place[running[0]])
    del place[running[1]]
    counted = count_guests(snapshot, place)
    displaced = sum(vm.state is VmState.DISPLACED for vm in snapshot.vms)
    assert (counted.running, counted.moved, counted.stopped) == (len(running), 1, 1)
    assert sum(counted.lost.values()) == displaced + 1
    assert counted.moved_percent == pytest.approx(100 / len(running))
