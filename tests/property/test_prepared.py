"""A prepared cluster after an event equals the cluster prepared anew, in every array and for the judges."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import pytest

from tests.support.seeds import chunks, named
from tests.support.strategies import document, tiny_cluster
from trimtab_solver.errors import RefusedError
from trimtab_solver.execution.events import after_draining, after_failure, move_guest, resize_guest
from trimtab_solver.options import PlanOptions
from trimtab_solver.planner import plan_prepared
from trimtab_solver.policy.documents import Level, Policy, Selector, Spec
from trimtab_solver.prepared import AS_WHOLE, BY_CHANGES, Prepared, prepare, prepare_lazily
from trimtab_solver.rules.host_requirement import HostRequirement
from trimtab_solver.rules.maintenance import Maintenance
from trimtab_solver.rules.pin import Pin
from trimtab_solver.rules.quorum import Quorum
from trimtab_solver.rules.resize import Resize
from trimtab_solver.rules.spread import Spread
from trimtab_solver.rules.tier import Tier
from trimtab_solver.snapshot import FencingState, HostState, Snapshot, Vm, VmState
from trimtab_solver.verify.replay import verify_plan

Happening = Callable[[Snapshot, random.Random], Snapshot]


@dataclass(frozen=True)
class _Event:
    """What happens, the same whenever it is asked."""

    happen: Happening
    seed: float

    def __call__(self, snapshot: Snapshot) -> Snapshot:
        return self.happen(snapshot, random.Random(self.seed))


_WISH: dict[str, Any] = {"level": Level.SHOULD, "weight": 3}

FICKLE: Mapping[str, Spec] = {
    "maintained": Maintenance(hosts=Selector(cel="host.state == 'DRAINING'"), **_WISH),
    "running": Quorum(select=Selector(cel="vm.state == 'RUNNING'"), min_running="50%", **_WISH),
    "where": Spread(select=Selector(cel="vm.tier != 'gold'"), group_by="vm.host", topology="rack", max_skew=1, **_WISH),
    "home": Pin(select=Selector(cel="vm.host == 'host-0'"), hosts=Selector(cel="event.failed_hosts < 2"), **_WISH),
    "failing": HostRequirement(
        select=Selector(cel="vm.labels.role == 'db'"), require="host.labels.raid == '10' || host.state == 'UP'", **_WISH
    ),
    "large": Pin(
        select=Selector(cel="vm.requested.memory_mib > 2"), hosts=Selector(cel="host.state != 'DOWN'"), **_WISH
    ),
    "kept": Resize(
        select=Selector(cel="vm.state != 'DISPLACED'"), when="event.displaced_vms < 2", floor={"memory_mib": "75%"}
    ),
    "must": HostRequirement(select=Selector(cel="vm.state == 'DISPLACED'"), require="host.state != 'DEGRADED'"),
}
"""Rules whose meaning depends on what events change, some of them on what does not exist."""


_CLAIM = Tier(rank=50, select=Selector(match_labels={"claim": "yes"}))
"""A tier of guests that another tier may hold as well, which is an error."""


def _policy(policy: Policy, chance: random.Random) -> Policy:
    """The policy with some fickle rules, and mostly with the tier that claims guests of others."""
    specs = {name: FICKLE[name] for name in chance.sample(sorted(FICKLE), chance.randint(0, 4))}
    specs |= {"claiming": _CLAIM} if chance.random() < 0.8 else {}
    return replace(policy, documents=(*policy.documents, *(document(name, spec) for name, spec in specs.items())))


def _host(snapshot: Snapshot, chance: random.Random, **changes: Any) -> Snapshot:
    chosen = chance.choice(snapshot.hosts)
    return replace(
        snapshot, hosts=tuple(replace(host, **changes) if host is chosen else host for host in snapshot.hosts)
    )


def _guest(snapshot: Snapshot, chance: random.Random, change: Callable[[Vm], Vm]) -> Snapshot:
    chosen = _wanted(snapshot, chance)
    return replace(snapshot, vms=tuple(change(vm) if vm is chosen else vm for vm in snapshot.vms))


def _fail(snapshot: Snapshot, chance: random.Random) -> Snapshot:
    return after_failure(snapshot, [f"host:{chance.choice(snapshot.hosts).id}"])


def _drain(snapshot: Snapshot, chance: random.Random) -> Snapshot:
    return after_draining(snapshot, [f"host:{chance.choice(snapshot.hosts).id}"])


def _recover(snapshot: Snapshot, chance: random.Random) -> Snapshot:
    """A host works again; the guests displaced from it wait."""
    chosen = chance.choice(snapshot.hosts)
    hosts = tuple(replace(host, state=HostState.UP) if host is chosen else host for host in snapshot.hosts)
    vms = tuple(
        replace(vm, state=VmState.PENDING, host_id="")
        if vm.state is VmState.DISPLACED and vm.host_id == chosen.id
        else vm
        for vm in snapshot.vms
    )
    return replace(snapshot, hosts=hosts, vms=vms)


def _power(snapshot: Snapshot, chance: random.Random) -> Snapshot:
    return _host(snapshot, chance, state=chance.choice(tuple(HostState)))


def _fence(snapshot: Snapshot, chance: random.Random) -> Snapshot:
    return _host(snapshot, chance, fencing=chance.choice(tuple(FencingState)))


def _label_host(snapshot: Snapshot, chance: random.Random) -> Snapshot:
    return _host(snapshot, chance, labels={"ups": chance.choice(("yes", "no")), "raid": "10"})


def _label_guest(snapshot: Snapshot, chance: random.Random) -> Snapshot:
    labels = {"zone": chance.choice("ab"), "app": chance.choice("xy"), "role": "db"}
    return _guest(snapshot, chance, lambda vm: replace(vm, labels=labels))


def _wanted(snapshot: Snapshot, chance: random.Random) -> Vm | None:
    """Some guest that is wanted, if there is one."""
    wanted = [vm for vm in snapshot.vms if vm.is_wanted]
    return chance.choice(wanted) if wanted else None


def _move(snapshot: Snapshot, chance: random.Random) -> Snapshot:
    vm, target = _wanted(snapshot, chance), chance.choice(snapshot.hosts)
    return move_guest(snapshot, vm.id, target.id) if vm else snapshot


def _migrate(snapshot: Snapshot, chance: random.Random) -> Snapshot:
    target = chance.choice(snapshot.hosts).id
    return _guest(
        snapshot,
        chance,
        lambda vm: replace(vm, state=VmState.MIGRATING, target_host_id=target) if vm.is_running else vm,
    )


def _displace(snapshot: Snapshot, chance: random.Random) -> Snapshot:
    return _guest(
        snapshot, chance, lambda vm: replace(vm, state=VmState.PENDING, host_id="", target_host_id="", allocated={})
    )


def _shrink(snapshot: Snapshot, chance: random.Random) -> Snapshot:
    return _guest(
        snapshot,
        chance,
        lambda vm: replace(vm, allocated=dict.fromkeys(vm.requested, 1) if vm.is_running else {}),
    )


def _grow(snapshot: Snapshot, chance: random.Random) -> Snapshot:
    return _guest(
        snapshot,
        chance,
        lambda vm: replace(vm, requested={name: amount + 1 for name, amount in vm.requested.items()}, guaranteed={}),
    )


def _resize(snapshot: Snapshot, chance: random.Random) -> Snapshot:
    vm = _wanted(snapshot, chance)
    if vm is None or not vm.requested:
        return snapshot
    name = chance.choice(sorted(vm.requested))
    return resize_guest(snapshot, vm.id, {name: max(0, vm.requested[name] + chance.choice((-1, 1, 2)))})


def _add_hosts(snapshot: Snapshot, chance: random.Random) -> Snapshot:
    """One or two hosts like those there are, in any rack or in none, sometimes needing to be booted first."""
    more = tuple(
        replace(
            chance.choice(snapshot.hosts),
            id=f"new-host-{len(snapshot.hosts) + i}",
            domain_ids=chance.choice((chance.choice(snapshot.hosts).domain_ids, ())),
            state=chance.choice((HostState.UP, HostState.STANDBY)),
        )
        for i in range(chance.randint(1, 2))
    )
    return replace(snapshot, hosts=(*snapshot.hosts, *more))


def _add_guests(snapshot: Snapshot, chance: random.Random) -> Snapshot:
    """Up to three guests like those there are: waiting, running already, or switched off."""
    more = []
    for i in range(chance.randint(1, 3)):
        state = chance.choice((VmState.PENDING, VmState.RUNNING, VmState.STOPPED))
        host = chance.choice(snapshot.hosts).id if state is VmState.RUNNING else ""
        like = replace(chance.choice(snapshot.vms), id=f"new-{len(snapshot.vms) + i}", state=state, host_id=host)
        more.append(replace(like, target_host_id="", allocated={}, tier=chance.choice((like.tier, "gold"))))
    return replace(snapshot, vms=(*snapshot.vms, *more))


def _add_guest_without_tier(snapshot: Snapshot, chance: random.Random) -> Snapshot:
    like = replace(chance.choice(snapshot.vms), id=f"new-{len(snapshot.vms)}", tier="none", host_id="", allocated={})
    return replace(snapshot, vms=(*snapshot.vms, replace(like, state=VmState.PENDING, target_host_id="")))


def _add_guest_with_two_tiers(snapshot: Snapshot, chance: random.Random) -> Snapshot:
    """The field of the tier says gold, and so does the selector of another one (`_CLAIM`)."""
    like = replace(chance.choice(snapshot.vms), id=f"new-{len(snapshot.vms)}", tier="gold", labels={"claim": "yes"})
    return replace(
        snapshot,
        vms=(*snapshot.vms, replace(like, state=VmState.PENDING, host_id="", target_host_id="", allocated={})),
    )


def _add_guest_twice(snapshot: Snapshot, chance: random.Random) -> Snapshot:
    return replace(snapshot, vms=(*snapshot.vms, chance.choice(snapshot.vms)))


def _grow_and_fail(snapshot: Snapshot, chance: random.Random) -> Snapshot:
    """All kinds of changes at once."""
    return _fail(_add_guests(_add_hosts(_grow(snapshot, chance), chance), chance), chance)


def _remove_guest(snapshot: Snapshot, chance: random.Random) -> Snapshot:
    return replace(snapshot, vms=tuple(vm for vm in snapshot.vms if vm is not snapshot.vms[0]))


def _switch_off(snapshot: Snapshot, chance: random.Random) -> Snapshot:
    return _guest(snapshot, chance, lambda vm: replace(vm, state=VmState.STOPPED, host_id="", allocated={}))


def _promote(snapshot: Snapshot, chance: random.Random) -> Snapshot:
    return _guest(snapshot, chance, lambda vm: replace(vm, tier="gold"))


def _ask_for_more(snapshot: Snapshot, chance: random.Random) -> Snapshot:
    return _guest(snapshot, chance, lambda vm: replace(vm, requested={**vm.requested, "gpu": 0}))


def _add_guest_asking_for_more(snapshot: Snapshot, chance: random.Random) -> Snapshot:
    like = chance.choice(snapshot.vms)
    return replace(snapshot, vms=(*snapshot.vms, replace(like, id="new", requested={**like.requested, "gpu": 0})))


def _lose_pool(snapshot: Snapshot, _: random.Random) -> Snapshot:
    return replace(
        snapshot,
        hosts=tuple(replace(host, storage_pool_ids=()) for host in snapshot.hosts),
        vms=tuple(replace(vm, storage_pool_id="") for vm in snapshot.vms),
        storage_pools=(),
    )


FOLLOWED = (
    _fail,
    _drain,
    _recover,
    _power,
    _fence,
    _label_host,
    _label_guest,
    _move,
    _migrate,
    _displace,
    _shrink,
    _grow,
    _resize,
)
"""Events that arrays can follow."""
ADDITIONS = (
    _add_hosts,
    _add_guests,
    _add_guest_without_tier,
    _add_guest_with_two_tiers,
    _add_guest_twice,
    _grow_and_fail,
)
"""Events that add to the arrays, or are refused."""
OTHERS = (_remove_guest, _switch_off, _promote, _ask_for_more, _add_guest_asking_for_more, _lose_pool)
"""Events after which everything is compiled again."""


def _assert_equal(one: object, other: object, path: str) -> None:
    """The same values, arrays with the same shapes and types."""
    assert type(one) is type(other), path
    if isinstance(one, np.ndarray):
        assert isinstance(other, np.ndarray)
        assert (one.dtype, one.shape) == (other.dtype, other.shape), path
        assert np.array_equal(one, other), (path, one, other)
    elif isinstance(one, tuple | list):
        assert isinstance(other, tuple | list)
        assert len(one) == len(other), path
        for i, (a, b) in enumerate(zip(one, other, strict=True)):
            _assert_equal(a, b, f"{path}[{i}]")
    elif isinstance(one, dict):
        assert isinstance(other, dict)
        assert one.keys() == other.keys(), path
        for key in one:
            _assert_equal(one[key], other[key], f"{path}[{key}]")
    elif is_dataclass(one):
        for field in fields(one):
            _assert_equal(getattr(one, field.name), getattr(other, field.name), f"{path}.{field.name}")
    else:
        assert one == other, path


def _assert_same_judgement(one: Prepared, other: Prepared) -> None:
    """The judges know the same of both: rights, scopes with what they count and tolerate, moves; and so do warnings."""
    counts = [[(tally.counts, tally.total) for tally in prepared.case.tallies] for prepared in (one, other)]
    assert counts[0] == counts[1]
    for name in ("tiers", "tier", "place", "sizes", "totals", "tolerated", "is_watched", "moves", "exempt", "wanted"):
        _assert_equal(getattr(one.case, name), getattr(other.case, name), f"case.{name}")
    for a, b in zip(one.case.scopes, other.case.scopes, strict=True):
        assert type(a) is type(b)
        for field in fields(a):
            # the hosts that a scope of suitability has for its words are of a time when what the words say was so
            if field.name != "every":
                _assert_equal(getattr(a, field.name), getattr(b, field.name), f"{field.name} of scope {a.rule}")
    _assert_equal(one.case.counts.by_vm, other.case.counts.by_vm, "case.counts.by_vm")
    rooms = [prepared.case.rooms() for prepared in (one, other)]
    for host_id in one.case.hosts:
        of_host = [_nonzero(held.loads[host_id]) for held in rooms]
        assert of_host[0] == of_host[1], host_id
        limits = [{name: held.limit(host_id, name) for name in one.problem.resources} for held in rooms]
        assert limits[0] == limits[1], host_id
    assert one.selection.warnings == other.selection.warnings


def _nonzero(load: Mapping[str, int]) -> dict[str, int]:
    return {resource: amount for resource, amount in load.items() if amount}


def _anew(prepared: Prepared, event: _Event) -> Prepared:
    return prepare(event(prepared.snapshot), prepared.policy)


def _outcome(make: Callable[[], Prepared]) -> Prepared | list[str]:
    try:
        return make()
    except RefusedError as refusal:
        return [f"{fault.path}: {fault.message}" for fault in refusal.faults]


@pytest.mark.parametrize("seeds", chunks(0.4, first=7_000_000), ids=named)
def test_after_events_everything_is_as_if_prepared_anew(seeds: range) -> None:
    """Three events in a row, each on the result of the one before; where one is refused, it is so in the same words."""
    made: Counter[str] = Counter()
    for seed in seeds:
        snapshot, policy = tiny_cluster(seed)
        chance = random.Random(seed)
        prepared = _outcome(partial(prepare, snapshot, _policy(policy, chance)))
        if isinstance(prepared, Prepared):
            assert prepared.case.snapshot is prepared.snapshot  # what the first event begins from
        for happen in chance.choices((*FOLLOWED, *ADDITIONS), k=3):
            if not isinstance(prepared, Prepared):
                break
            event = _Event(happen, chance.random())
            later, anew = _outcome(partial(prepared.after, event)), _outcome(partial(_anew, prepared, event))
            if isinstance(later, Prepared) and isinstance(anew, Prepared):
                made[later.made] += 1
                made["added to"] += happen in ADDITIONS
                _assert_equal(later.problem, anew.problem, f"{seed} {happen.__name__}: problem")
                _assert_same_judgement(later, anew)
            else:
                assert later == anew, (seed, happen)
                made["refused"] += 1
                made["of two tiers"] += isinstance(later, list) and any("of two tiers" in fault for fault in later)
            prepared = later
    assert made[BY_CHANGES] > 2 * made["refused"]
    assert made["of two tiers"]
    # a guest like one that is switched off may request what no other does
    new_resource = f"{AS_WHOLE}: a new guest requests another resource"
    assert set(made) <= {BY_CHANGES, "refused", "added to", "of two tiers", new_resource}
    assert made[new_resource] * 5 < made["added to"]
    assert 16 * made["added to"] > made[BY_CHANGES]


def test_what_arrays_cannot_follow_is_compiled_again_and_says_so() -> None:
    """Nothing is silent: the reason stands in `made`, and the result is that of compiling anew."""
    for happen in OTHERS:
        snapshot, policy = tiny_cluster(11)
        snapshot = replace(snapshot, vms=tuple(vm for vm in snapshot.vms if vm.is_wanted))
        event = _Event(happen, 1.0)
        prepared = prepare(snapshot, policy).after(event)
        assert prepared.made.startswith(f"{AS_WHOLE}: "), happen
        _assert_equal(prepared.problem, prepare(event(snapshot), policy).problem, happen.__name__)


def test_after_an_event_the_policy_may_be_one_that_was_refused_before() -> None:
    """A cluster that was only checked so far: what its arrays would be is not asked for where there are none."""
    snapshot, policy = tiny_cluster(11)
    failed = [host.id for host in snapshot.hosts if host.state is HostState.DOWN]
    condition = f"event.failed_hosts > {len(failed)} || vm.labels.none == ''"
    strict = HostRequirement(select=Selector(cel=condition), require="true")
    policy = replace(policy, documents=(*policy.documents, document("strict", strict)))
    part = next(f"host:{host.id}" for host in snapshot.hosts if host.id not in failed)
    before, event = prepare_lazily(snapshot, policy), partial(after_failure, parts=[part])
    assert isinstance(_outcome(partial(prepare, snapshot, policy)), list)
    later = before.after(event)
    assert later.made == f"{AS_WHOLE}: the policy is refused before the event"
    _assert_equal(later.problem, prepare(event(snapshot), policy).problem, "problem")


def test_a_plan_after_an_event_is_that_of_the_cluster_prepared_anew() -> None:
    """Planned from the one, verified with the case of either: the same plan, the same verdict."""
    options = PlanOptions(budget_s=2.0, reproducible=True)
    for seed in range(20):
        snapshot, policy = tiny_cluster(seed)
        event = partial(after_failure, parts=[f"host:{snapshot.hosts[0].id}"])
        later, anew = prepare(snapshot, policy).after(event), prepare(event(snapshot), policy)
        answer = plan_prepared(later, options)
        assert answer.plan == plan_prepared(anew, options).plan, seed
        verdicts = [verify_plan(one.snapshot, policy, answer.plan, case=one.case) for one in (later, anew)]
        assert verdicts[0] == verdicts[1]
        assert verdicts[0].is_valid


def test_documents_that_read_nothing_that_changed_keep_their_primitives() -> None:
    """The primitives of another failure are the very same ones, and so are the indices of groups."""
    snapshot, policy = tiny_cluster(0)
    for seed in range(200):
        snapshot, policy = tiny_cluster(seed)
        if prepare(snapshot, policy).problem.groups:
            break
    before = prepare(snapshot, policy)
    after = before.after(lambda state: _guest(state, random.Random(0), lambda vm: replace(vm, restart_s=99)))
    assert after.problem.grouping is before.problem.grouping
    assert after.problem.groups
