"""Each rule judge finds nothing where the rule holds, and the amount of docs/concepts.md where it does not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.support.cluster import DOWN, policy, rule_scopes, snapshot, vm
from trimtab_solver.errors import PolicyRefusedError, Reason
from trimtab_solver.placement import Placement
from trimtab_solver.policy.documents import Level, RuleSpec, Selector
from trimtab_solver.rules import KINDS
from trimtab_solver.rules.host_requirement import HostRequirement
from trimtab_solver.rules.maintenance import Maintenance
from trimtab_solver.rules.pin import Pin
from trimtab_solver.rules.quorum import Quorum
from trimtab_solver.rules.reserve import Reserve
from trimtab_solver.rules.resize import Resize
from trimtab_solver.rules.separate import Separate
from trimtab_solver.rules.spread import Spread
from trimtab_solver.rules.together import Together
from trimtab_solver.snapshot import HostState, PoolKind, StoragePool, VmState
from trimtab_solver.verify.case import Case
from trimtab_solver.verify.judges import JUDGES
from trimtab_solver.verify.placement import judge_placement
from trimtab_solver.verify.violation import Code

EVERYTHING = Selector(cel="true")
ZONES = (Selector(match_labels={"zone": "a"}), Selector(match_labels={"zone": "b"}))


def test_every_rule_kind_has_a_judge() -> None:
    """A kind that constrains placement cannot be added without its judge."""
    assert {kind for kind in KINDS.values() if issubclass(kind, RuleSpec)} == set(JUDGES)


def test_separate_holds_while_no_domain_has_both_sets() -> None:
    """Sets on different sites: no amount anywhere."""
    (scope,) = rule_scopes(
        snapshot([vm("a", labels={"zone": "a"}), vm("b", labels={"zone": "b"})]),
        apart=Separate(between=ZONES, topology="site"),
    )
    assert scope.amounts({"a": "h1", "b": "h3"}) == {}
    assert scope.amounts({"a": "h1"}) == {}


def test_separate_counts_the_smaller_set_per_domain() -> None:
    """Two of one set and one of the other on one site count 1; two hosts of that site make no difference."""
    guests = [vm(name, labels={"zone": name[0]}) for name in ("a1", "a2", "b1", "b2")]
    (scope,) = rule_scopes(snapshot(guests), apart=Separate(between=ZONES, topology="site"))
    assert scope.amounts({"a1": "h1", "a2": "h2", "b1": "h2", "b2": "h3"}) == {"east": 1}
    assert scope.amounts({"a1": "h1", "a2": "h2", "b1": "h2", "b2": "h1"}) == {"east": 2}


def test_separate_holds_only_partners_apart() -> None:
    """With partnersBy, guests of different values may share a domain."""
    guests = [
        vm("a", labels={"zone": "a", "app": "x"}),
        vm("b", labels={"zone": "b", "app": "y"}),
        vm("c", labels={"zone": "b", "app": "x"}),
    ]
    rule = Separate(between=ZONES, partners_by="vm.labels.app", topology="host")
    (scope,) = rule_scopes(snapshot(guests), apart=rule)
    assert scope.amounts({"a": "h1", "b": "h1"}) == {}
    assert scope.amounts({"a": "h1", "c": "h1"}) == {"h1": 1}


def test_separate_judges_every_pair_of_sets() -> None:
    """Three sets make three pairs."""
    sets = tuple(Selector(ids=(name,)) for name in "abc")
    scopes = rule_scopes(snapshot([vm(name) for name in "abc"]), apart=Separate(between=sets, topology="host"))
    together = {"a": "h1", "b": "h1", "c": "h1"}
    assert [scope.amounts(together) for scope in scopes] == [{"h1": 1}] * 3


def test_separate_refuses_a_guest_in_two_sets() -> None:
    """A guest cannot be held apart from itself."""
    rule = Separate(between=(Selector(ids=("a",)), EVERYTHING), topology="host")
    with pytest.raises(PolicyRefusedError) as refusal:
        rule_scopes(snapshot([vm("a")]), apart=rule)
    assert refusal.value.reason is Reason.POLICY_CONFLICT


def test_spread_counts_members_above_the_limit_per_domain() -> None:
    """Three members on one site with a limit of one are two too many."""
    rule = Spread(select=EVERYTHING, topology="site", max_per_domain=1)
    (scope,) = rule_scopes(snapshot([vm(name) for name in "abcd"]), wide=rule)
    assert scope.amounts({"a": "h1", "b": "h3"}) == {}
    assert scope.amounts({"a": "h1", "b": "h1", "c": "h2", "d": "h3"}) == {"east": 2}


def test_spread_counts_missing_domains_of_running_members_only() -> None:
    """A group must use minDomains domains, or as many as it has running members."""
    rule = Spread(select=EVERYTHING, topology="rack", min_domains=3)
    (scope,) = rule_scopes(snapshot([vm(name) for name in "abcd"]), wide=rule)
    assert scope.amounts({}) == {}
    assert scope.amounts({"a": "h1", "b": "h2"}) == {}
    assert scope.amounts({"a": "h1", "b": "h1"}) == {"": 1}
    assert scope.amounts(dict.fromkeys("abcd", "h1")) == {"": 2}


def test_spread_judges_each_group_by_itself() -> None:
    """The key of groupBy splits the members; both limits make two scopes per group."""
    guests = [vm(name, labels={"app": app}) for name, app in (("a", "x"), ("b", "y"), ("c", "x"), ("d", "y"))]
    rule = Spread(select=EVERYTHING, group_by="vm.labels.app", topology="host", max_per_domain=1, min_domains=2)
    scopes = rule_scopes(snapshot(guests), wide=rule)
    assert len(scopes) == 4
    assert all(not scope.amounts({"a": "h1", "b": "h1"}) for scope in scopes)


def test_a_rule_that_cannot_be_broken_has_no_scope() -> None:
    """Too few wanted guests for the limit, or none on one side, ask for no dependencies between actions."""
    guests = snapshot([vm("a", labels={"zone": "a"}), vm("b", labels={"zone": "a"}), vm("off", state=VmState.STOPPED)])
    one_side = (Selector(match_labels={"zone": "a"}), Selector(ids=("off",)))
    assert not rule_scopes(guests, wide=Spread(select=EVERYTHING, topology="host", max_per_domain=2))
    assert not rule_scopes(guests, apart=Separate(between=one_side, topology="host"))
    assert rule_scopes(guests, wide=Spread(select=EVERYTHING, topology="host", max_per_domain=1))


def test_together_counts_domains_beyond_the_first() -> None:
    """Members on three racks of two sites: two racks too many, one site too many."""
    guests = snapshot([vm(name) for name in "abc"])
    (racks,) = rule_scopes(guests, near=Together(select=EVERYTHING, topology="rack"))
    (sites,) = rule_scopes(guests, near=Together(select=EVERYTHING, topology="site"))
    place = {"a": "h1", "b": "h2", "c": "h3"}
    assert racks.amounts(place) == {"": 2}
    assert sites.amounts(place) == {"": 1}
    assert racks.amounts({"a": "h1", "b": "h1"}) == {}


def test_a_host_without_a_domain_is_one_by_itself() -> None:
    """A host that lies in no rack shares a rack with nobody."""
    guests = snapshot([vm("a"), vm("b")], {1: {"domain_ids": ()}, 2: {"domain_ids": ()}})
    (scope,) = rule_scopes(guests, near=Together(select=EVERYTHING, topology="rack"))
    assert scope.amounts({"a": "h1", "b": "h2"}) == {"": 1}


def test_pin_counts_each_guest_elsewhere() -> None:
    """A guest on a host that is not selected counts 1, and a must lets nobody go there."""
    rule = Pin(select=EVERYTHING, hosts=Selector(ids=("h1", "h2")))
    (scope,) = rule_scopes(snapshot([vm("a"), vm("b")]), home=rule)
    assert scope.amounts({"a": "h1", "b": "h2"}) == {}
    assert scope.amounts({"a": "h3", "b": "h2"}) == {"a": 1}
    assert scope.refuses("a", "h3")
    assert not scope.refuses("a", "h1")


def test_host_requirement_counts_each_guest_on_a_lesser_host() -> None:
    """A guest on a host for which the requirement does not hold counts 1; a should rule refuses nothing."""
    rule = HostRequirement(level=Level.SHOULD, weight=7, select=EVERYTHING, require='host.labels.ups == "yes"')
    (scope,) = rule_scopes(snapshot([vm("a"), vm("b")], {3: {"labels": {"ups": "no"}}}), power=rule)
    assert scope.amounts({"a": "h1"}) == {}
    assert scope.amounts({"a": "h3", "b": "h3"}) == {"a": 1, "b": 1}
    assert scope.weight == 7
    assert not scope.refuses("a", "h3")


def test_a_requirement_of_storage_is_asked_of_the_pools() -> None:
    """Of the pool that a guest names, else of any that the host reaches; both parts must hold."""
    pools = (
        StoragePool("good", PoolKind.MIRRORED, {"raid": "10"}),
        StoragePool("old", PoolKind.MIRRORED, {"raid": "5"}),
        StoragePool("plain", PoolKind.SHARED, {"raid": "10"}),
    )
    reached = {1: ("good", "plain"), 2: ("old", "plain"), 3: ("good",), 4: ()}
    where = {n: {"storage_pool_ids": ids, "labels": {"ups": "no" if n == 3 else "yes"}} for n, ids in reached.items()}
    found = snapshot([vm("free"), vm("bound", storage_pool_id="good"), vm("wrong", storage_pool_id="plain")], where)
    found = replace(found, storage_pools=pools)
    storage = Selector(match_labels={"raid": "10"}, cel="pool.kind == 'MIRRORED'")
    rule = HostRequirement(select=EVERYTHING, storage=storage)
    both = HostRequirement(select=EVERYTHING, storage=storage, require='host.labels.ups == "yes"')

    def allowed(spec: HostRequirement) -> dict[str, list[str]]:
        scopes = rule_scopes(found, disks=spec)
        hosts = [host.id for host in found.hosts]
        return {member: [h for h in hosts if not one.refuses(member, h)] for one in scopes for member in one.members}

    assert allowed(rule) == {"free": ["h1", "h3"], "bound": ["h1", "h3"], "wrong": []}
    assert allowed(both) == {"free": ["h1"], "bound": ["h1"], "wrong": []}


def test_near_counts_the_domains_without_those_to_be_near_to() -> None:
    """Per group and domain, however many guests run there; it is not mutual."""
    guests = [
        vm(f"{role}{n}", labels={"role": role, "app": app}) for role in ("web", "db") for n, app in enumerate("xy")
    ]
    rule = Together(
        select=Selector(match_labels={"role": "web"}),
        near=Selector(match_labels={"role": "db"}),
        group_by="vm.labels.app",
        topology="site",
    )
    one, other = rule_scopes(snapshot([*guests, vm("more", labels={"role": "web", "app": "x"})]), near=rule)
    assert one.amounts({"web0": "h1", "more": "h2", "db0": "h3"}) == {"east": 1}
    assert one.amounts({"web0": "h1", "more": "h3", "db1": "h1"}) == {"east": 1, "west": 1}
    assert one.amounts({"web0": "h1", "more": "h2", "db0": "h2"}) == {}
    assert one.amounts({"db0": "h2"}) == {}
    assert other.amounts({"web1": "h4", "db0": "h4"}) == {"west": 1}


def test_a_guest_is_near_itself() -> None:
    """Selected by both, it is never alone; with nobody to be near to, every domain is broken."""
    both, nobody = (
        Together(select=Selector(ids=("a", "b")), near=Selector(ids=ids), topology="host") for ids in (("b",), ("z",))
    )
    cluster = snapshot([vm("a"), vm("b")])
    (scope,) = rule_scopes(cluster, near=both)
    assert scope.amounts({"a": "h1", "b": "h2"}) == {"h1": 1}
    assert scope.amounts({"b": "h2"}) == {}
    (scope,) = rule_scopes(cluster, near=nobody)
    assert scope.amounts({"a": "h1", "b": "h2"}) == {"h1": 1, "h2": 1}


def test_quorum_counts_the_guests_that_are_missing() -> None:
    """Half of five wanted guests are three; one that is switched off is neither here nor there."""
    guests = [*(vm(f"v{n}") for n in range(5)), vm("off", state=VmState.STOPPED)]
    (scope,) = rule_scopes(snapshot(guests), half=Quorum(select=EVERYTHING, min_running="50%"))
    assert scope.amounts({"v0": "h1", "v1": "h1", "v2": "h1"}) == {}
    assert scope.amounts({"v0": "h1"}) == {"": 2}
    assert scope.amounts({}) == {"": 3}


def test_a_quorum_that_survives_does_without_the_largest_domain() -> None:
    """Two on one site and one on the other: without the larger site one is left."""
    rule = Quorum(select=EVERYTHING, min_running=2, survives="site")
    (scope,) = rule_scopes(snapshot([vm(f"v{n}") for n in range(4)]), alive=rule)
    assert scope.amounts({"v0": "h1", "v1": "h2", "v2": "h3"}) == {"": 1}
    assert scope.amounts({"v0": "h1", "v1": "h2"}) == {"": 2}
    assert scope.amounts({"v0": "h1", "v1": "h2", "v2": "h3", "v3": "h4"}) == {}


def test_reserve_counts_in_percent_of_what_the_domain_offers() -> None:
    """Two hosts of 40 on each site, of which one may fail; bronze does not count."""
    gold = [vm(f"g{n}", tier="gold") for n in range(3)]
    guests = [vm("big", tier="gold", requested={"memory_mib": 30}), *gold, vm("b")]
    rule = Reserve(hosts=1, within="site", protects=Selector(cel="vm.tier == 'gold'"))
    (scope,) = rule_scopes(snapshot(guests), spare=rule)
    assert scope.amounts({"big": "h1", "g0": "h2", "b": "h2"}) == {}
    # 50 of 40 usable: 10 of 80 are 12.5 percent
    assert scope.amounts({"big": "h1", "g0": "h2", "g1": "h2", "g2": "h3"}) == {"east": 13}


def test_a_share_is_reserved_of_the_hosts_that_receive_guests() -> None:
    """A tenth of 80 stays free when two of four hosts receive guests; a cold spare is one of them."""
    states = {2: {"state": HostState.DRAINING}, 3: {"state": HostState.STANDBY}, 4: DOWN}
    guests = [vm(f"v{n}", requested={"memory_mib": 24}) for n in range(4)]
    (scope,) = rule_scopes(snapshot(guests, states), spare=Reserve(share="10%"))
    assert scope.amounts({"v0": "h1", "v1": "h2", "v2": "h3"}) == {}
    # 96 of 72 usable: 24 of 80 are 30 percent
    assert scope.amounts({"v0": "h1", "v1": "h2", "v2": "h3", "v3": "h3"}) == {"": 30}


def test_where_nothing_is_offered_a_reserve_counts_in_percent_of_all_requests() -> None:
    """The unit of the resource does not matter: 24 of 96 requested are 25 percent, whatever 24 is."""
    guests = [vm(f"v{n}", requested={"memory_mib": 24}) for n in range(4)]
    drained = {n: {"state": HostState.DRAINING} for n in (1, 2)}
    (scope,) = rule_scopes(snapshot(guests, drained), spare=Reserve(share="10%", within="site"))
    assert scope.amounts({"v0": "h1"}) == {"east": 25}


def test_skew_is_the_most_minus_the_fewest() -> None:
    """Sites that cannot take guests are not the emptiest."""
    guests = [vm(f"v{n}") for n in range(4)]
    rule = Spread(select=EVERYTHING, topology="site", max_skew=1)
    (scope,) = rule_scopes(snapshot(guests), even=rule)
    assert scope.amounts({"v0": "h1", "v1": "h2", "v2": "h3"}) == {}
    assert scope.amounts({"v0": "h1", "v1": "h2", "v2": "h1"}) == {"": 2}
    (scope,) = rule_scopes(snapshot(guests, {3: DOWN, 4: DOWN}), even=rule)
    assert scope.amounts({"v0": "h1", "v1": "h2", "v2": "h1"}) == {}


def test_maintenance_counts_every_guest_on_the_hosts() -> None:
    """Nobody may come, whoever it is."""
    rule = Maintenance(hosts=Selector(ids=("h1", "h2")))
    (scope,) = rule_scopes(snapshot([vm("a"), vm("b", tier="gold")]), work=rule)
    assert scope.amounts({"a": "h1", "b": "h3"}) == {"a": 1}
    assert scope.refuses("b", "h2")
    assert not scope.refuses("b", "h3")
    assert not rule_scopes(snapshot([vm("a")]), work=Maintenance(hosts=Selector(ids=())))


def test_a_rule_says_in_its_own_words_what_is_at_stake() -> None:
    """On an arrival of the guest itself, for a group of one of its members; where it fails it adds nothing."""
    words = "'application ' + vm.labels.app"
    apart = Spread(select=EVERYTHING, topology="host", max_per_domain=1, message_expression=words)
    home = Pin(select=EVERYTHING, hosts=Selector(ids=("h1",)), message_expression=words)
    cluster = snapshot([vm("a", "h1", labels={"app": "shop"}), vm("b", "h1", labels={"app": "shop"}), vm("c")])
    case = Case(cluster, policy(apart=apart, home=home))
    (fault,) = case.arrival_faults(1, cluster.vms[0], "h2")
    assert fault.message.endswith("rule home refuses the host: application shop")
    (silent,) = case.arrival_faults(1, cluster.vms[2], "h2")
    assert silent.message.endswith("rule home refuses the host")
    (group,) = (i for i, scope in enumerate(case.scopes) if scope.rule == "apart")
    grown = case.growth(1, group, "h1", 2)
    assert grown is not None
    assert grown.message.endswith("(at first 1): application shop")


def test_resize_counts_guests_below_their_floor() -> None:
    """Rounded up, wherever they run; a guest that is down or not selected does not count."""
    guests = [vm("a", "h1", "silver"), vm("b", "h2", "silver"), vm("c", "h3", "silver"), vm("d")]
    rule = Resize(select=Selector(ids=("a", "b", "d")), floor={"memory_mib": "81%", "cpu_milli": "100%"})
    (scope,) = rule_scopes(snapshot(guests), whole=rule)
    sizes = {"a": {"memory_mib": 9}, "b": {"memory_mib": 8}, "c": {"memory_mib": 5}}
    assert scope.breaches(Placement({"a": "h1", "b": "h2", "c": "h3"}, sizes)) == {"b": 1}
    assert scope.amounts({"a": "h1", "b": "h1"}) == {}


def test_the_highest_floor_counts() -> None:
    """Tier, rules and guarantee: the largest holds; a rule never lowers one, nor raises it where nothing shrinks."""
    guests = [
        vm("a", "h1", "silver"),
        vm("b", "h1", "silver", guaranteed={"memory_mib": 9}),
        vm("c", "h2", "silver", allocated={"memory_mib": 6}),
        vm("d", "h2", "bronze"),
    ]
    rules = {
        "low": Resize(select=EVERYTHING, floor={"memory_mib": "20%"}),
        "mid": Resize(select=EVERYTHING, floor={"memory_mib": "70%"}),
        "top": Resize(select=EVERYTHING, when="event.hardware_failures >= 1", floor={"memory_mib": "100%"}),
    }
    found = snapshot(guests)
    case = Case(found, policy(**rules))
    limits = {guest.id: case.size_limits(guest)["memory_mib"] for guest in guests}
    assert limits == {"a": (7, 10), "b": (9, 10), "c": (6, 10), "d": (10, 10)}
    assert case.keepers(guests[0], "memory_mib", 6) == ["mid"]
    failed = Case(snapshot(guests, {4: DOWN}), policy(**rules))
    assert failed.size_limits(guests[0])["memory_mib"] == (10, 10)


def test_a_size_below_a_floor_names_the_rule() -> None:
    """The verifier says which rule a target breaks, with the author's words."""
    guest = vm("a", "h1", "silver")
    rule = Resize(select=EVERYTHING, floor={"memory_mib": "80%"}, message_expression="'ask the owner of ' + vm.id")
    found = snapshot([guest])
    placement = Placement({"a": "h1"}, {"a": {"memory_mib": 6}})
    (violation,) = judge_placement(found, policy(whole=rule), None, placement).violations
    assert (violation.code, violation.rule, violation.amount, violation.limit) == (Code.SIZE, "whole", 6, 8)
    assert violation.message == "a would have 6 memory_mib, below its floor of 8: ask the owner of a"
