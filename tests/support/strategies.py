"""Random tiny clusters with every feature of the model, small enough for the brute-force oracle.

`tiny_cluster(seed)` is the seeded generator; `clusters()` is the same as a hypothesis strategy that shrinks.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping

from hypothesis import strategies as st

from trimtab_solver.policy.documents import Document, Level, Metadata, Policy, RuleSpec, Selector, Source, Spec
from trimtab_solver.rules.action_budget import ActionBudget, Crossing
from trimtab_solver.rules.balance import Above, Balance, FreeRatio, PeakLoad
from trimtab_solver.rules.host_requirement import HostRequirement
from trimtab_solver.rules.maintenance import Maintenance
from trimtab_solver.rules.objectives import LevelSum, Objectives, OrderedMeasure
from trimtab_solver.rules.pin import Pin
from trimtab_solver.rules.policy_set import PolicySet
from trimtab_solver.rules.quorum import Quorum
from trimtab_solver.rules.reserve import Reserve
from trimtab_solver.rules.resize import Resize
from trimtab_solver.rules.separate import Separate
from trimtab_solver.rules.spread import Spread
from trimtab_solver.rules.tier import Availability, Eviction, EvictionAction, Shrinking, Tier
from trimtab_solver.rules.together import Together
from trimtab_solver.snapshot import (
    FailureDomain,
    FencingState,
    Host,
    HostState,
    Migratability,
    PoolKind,
    Snapshot,
    StoragePool,
    Vm,
    VmState,
)

CPU = "cpu_milli"
MEMORY = "memory_mib"

_SHARES = ("0%", "25%", "50%", "75%", "100%")

_ON = (HostState.UP, HostState.DEGRADED, HostState.DRAINING, HostState.MAINTENANCE)
_POOLS = (
    StoragePool("pool-0", PoolKind.SHARED, {"raid": "10"}),
    StoragePool("pool-1", PoolKind.MIRRORED, {"raid": "5"}),
)
_RECEIVING = (HostState.UP, HostState.DEGRADED)


def document(name: str, spec: Spec) -> Document:
    """A document in memory."""
    return Document(type(spec).__name__, Metadata(name=name), spec, Source("<memory>"))


def policy_of(documents: Mapping[str, Spec]) -> Policy:
    """A policy in memory, from names to specs."""
    return Policy(tuple(document(name, spec) for name, spec in documents.items()), digest="memory")


def tiny_cluster(seed: int, *, max_hosts: int = 4, max_vms: int = 6) -> tuple[Snapshot, Policy]:
    """A cluster of 1 to `max_hosts` hosts and 1 to `max_vms` guests under a random policy, the same for each seed."""
    return Draw(random.Random(seed), max_hosts, max_vms).cluster()


def tiny_cluster_under(kind: type[RuleSpec], seed: int) -> tuple[Snapshot, Policy]:
    """As `tiny_cluster`, under tiers and one rule of the kind, called "rule"."""
    return Draw(random.Random(seed), 4, 6).cluster_under(kind)


def clusters(max_hosts: int = 4, max_vms: int = 6) -> st.SearchStrategy[tuple[Snapshot, Policy]]:
    """The clusters of `tiny_cluster` as a strategy."""
    return st.randoms(use_true_random=False).map(lambda chance: Draw(chance, max_hosts, max_vms).cluster())


class Draw:
    def __init__(self, chance: random.Random, max_hosts: int, max_vms: int) -> None:
        self.chance = chance
        self.max_hosts = max_hosts
        self.max_vms = max_vms
        self.resources = (CPU, MEMORY) if chance.random() < 0.7 else (MEMORY,)
        self.free: dict[str, dict[str, int]] = {}

    def happens(self, probability: float) -> bool:
        return self.chance.random() < probability

    def count(self, most: int) -> int:
        """1 to `most`, the larger ones more often: that is where guests compete."""
        return max(self.chance.randint(1, most), self.chance.randint(1, most))

    def cluster(self) -> tuple[Snapshot, Policy]:
        snapshot = self.snapshot()
        return snapshot, policy_of({**self.tiers(), **self.rules(snapshot), **self.costs()})

    def cluster_under(self, kind: type[RuleSpec]) -> tuple[Snapshot, Policy]:
        snapshot = self.snapshot()
        return snapshot, policy_of({**self.tiers(), "rule": self.makers()[kind](snapshot)})

    def snapshot(self) -> Snapshot:
        chance = self.chance
        domains = self.domains()
        racks = [domain.id for domain in domains if domain.kind == "rack"]
        pools = _POOLS[: chance.randint(0, 2)]
        hosts = tuple(self.host(i, racks, pools) for i in range(self.count(self.max_hosts)))
        self.free = {
            host.id: {
                resource: (host.capacity[resource] - host.reserved.get(resource, 0))
                * host.overcommit_percent.get(resource, 100)
                // 100
                for resource in self.resources
            }
            for host in hosts
        }
        vms = tuple(self.vm(i, hosts, pools) for i in range(self.count(self.max_vms)))
        return Snapshot(
            hosts=hosts,
            vms=vms,
            domains=domains,
            storage_pools=pools,
            hardware_failures=chance.choice((0, 1, 2)) if self.happens(0.2) else None,
        )

    # --- hardware ----------------------------------------------------------------------------------------------------

    def domains(self) -> tuple[FailureDomain, ...]:
        sites = [FailureDomain(f"site-{i}", "site") for i in range(self.chance.randint(1, 3))]
        racks = [
            FailureDomain(f"rack-{i}", "rack", self.chance.choice(sites).id) for i in range(self.chance.randint(1, 3))
        ]
        return (*sites, *racks)

    def host(self, number: int, racks: list[str], pools: tuple[StoragePool, ...]) -> Host:
        chance = self.chance
        states = tuple(HostState)
        state = chance.choices(states, [{HostState.UP: 12, HostState.DOWN: 5}.get(s, 1) for s in states])[0]
        overcommit = chance.choice((50, 150, 200)) if self.happens(0.3) else None
        return Host(
            id=f"host-{number}",
            domain_ids=(chance.choice(racks),) if self.happens(0.9) else (),
            capacity={resource: chance.randint(3, 8) for resource in self.resources},
            reserved={self.resources[0]: 1} if self.happens(0.2) else {},
            overcommit_percent={} if overcommit is None else {self.resources[0]: overcommit},
            state=state,
            fencing=chance.choices(tuple(FencingState), (4, 4, 1))[0],
            cpu_generation=chance.choice((0, 0, 0, 1)),
            labels={"ups": chance.choice(("yes", "no"))},
            capabilities=("gpu",) if self.happens(0.5) else (),
            storage_pool_ids=tuple(pool.id for pool in pools if self.happens(0.7)),
        )

    # --- guests ------------------------------------------------------------------------------------------------------

    def vm(self, number: int, hosts: tuple[Host, ...], pools: tuple[StoragePool, ...]) -> Vm:
        chance = self.chance
        requested = {resource: chance.randint(1, 4) for resource in self.resources}
        if self.happens(0.05):
            requested[self.resources[0]] = 4 if len(self.resources) == 1 else 0
        elif self.happens(0.05):
            requested = dict.fromkeys(self.resources, 0) if self.happens(0.5) else {}
        guaranteed = {r: chance.randint(0, amount) for r, amount in list(requested.items())[-1:]}
        allocated = {r: chance.randint(0, amount) for r, amount in requested.items()} if self.happens(0.2) else {}
        state, host_id, target_id = self.whereabouts(hosts, {**requested, **allocated})
        return Vm(
            id=f"vm-{number}",
            tier=chance.choice(("gold", "silver", "bronze")),
            labels={"zone": chance.choice("ab"), "app": chance.choice("xy")},
            group=chance.choice(("", "p", "q")),
            requested=requested,
            guaranteed=guaranteed if self.happens(0.3) else {},
            allocated=allocated if state in (VmState.RUNNING, VmState.MIGRATING) else {},
            state=state,
            host_id=host_id,
            target_host_id=target_id,
            storage_pool_id=chance.choice(pools).id if pools and self.happens(0.3) else "",
            migratability=chance.choices(tuple(Migratability), (6, 2, 2))[0],
            device_needs=("gpu",) if self.happens(0.15) else (),
        )

    def whereabouts(self, hosts: tuple[Host, ...], size: Mapping[str, int]) -> tuple[VmState, str, str]:
        """A state, host and target that fit together; mostly where there is room, so that not all is lost at once."""
        if self.happens(0.15):
            return self.chance.choice((VmState.PENDING, VmState.STOPPED, VmState.SUSPENDED)), "", ""
        powered = [host for host in hosts if host.state in _ON or host.state is HostState.DOWN]
        roomy = [host for host in powered if all(self.free[host.id][r] >= amount for r, amount in size.items())]
        if roomy and self.happens(0.9):
            powered = roomy
        if not powered or (not roomy and self.happens(0.7)):
            return VmState.PENDING, "", ""
        host = self.chance.choice(powered)
        for resource, amount in size.items():
            self.free[host.id][resource] -= amount
        if host.state is HostState.DOWN:
            return VmState.DISPLACED, "" if self.happens(0.1) else host.id, ""
        targets = [other for other in hosts if other.state in _RECEIVING and other is not host]
        if targets and self.happens(0.07):
            target = self.chance.choice(targets)
            for resource, amount in size.items():
                self.free[target.id][resource] -= amount
            return VmState.MIGRATING, host.id, target.id
        return VmState.RUNNING, host.id, ""

    # --- policy ------------------------------------------------------------------------------------------------------

    def tiers(self) -> dict[str, Spec]:
        ranks = {
            "gold": 30,
            "silver": 30 if self.happens(0.15) else 20,
            "bronze": 20 if self.happens(0.1) else 10,
        }
        chances = {"gold": 0.1, "silver": 0.6, "bronze": 0.95}
        found: dict[str, Spec] = {
            name: Tier(
                rank=rank,
                value=self.chance.choice((1, 1, 1, 2, 3)),
                availability=Availability.MUST_RUN
                if name == "gold" and self.happens(0.5)
                else Availability.BEST_EFFORT,
                evict=self.eviction() if self.happens(chances[name]) else None,
                resize=self.shrinking() if self.happens(0.5) else None,
                no_overcommit=(self.resources[0],) if self.happens(0.3) else (),
                allow_cold_migration=self.happens(0.4),
            )
            for name, rank in ranks.items()
        }
        return {"base": PolicySet(default_tier="bronze"), **found}

    def eviction(self) -> Eviction:
        when = self.chance.choice(("true", "event.hardware_failures >= 1", "event.hardware_failures >= 2"))
        return Eviction(when=when, action=EvictionAction.SUSPEND if self.happens(0.35) else EvictionAction.STOP)

    def shrinking(self) -> Shrinking:
        return Shrinking(
            when="event.hardware_failures >= 1" if self.happens(0.3) else "true",
            floor={resource: self.chance.choice(_SHARES) for resource in self.resources if self.happens(0.8)},
            cost=self.chance.choice((1, 1, 2, 5)),
        )

    def rules(self, snapshot: Snapshot) -> dict[str, Spec]:
        makers = tuple(self.makers().values())
        count = self.chance.choices((0, 1, 2, 3), (3, 4, 3, 2))[0]
        return {f"rule-{i}": self.chance.choice(makers)(snapshot) for i in range(count)}

    def makers(self) -> dict[type[RuleSpec], Callable[[Snapshot], RuleSpec]]:
        """What draws a rule of each kind."""
        return {
            Separate: self.separate,
            Spread: self.spread,
            Together: self.together,
            Pin: self.pin,
            HostRequirement: self.host_requirement,
            Maintenance: self.maintenance,
            Quorum: self.quorum,
            Reserve: self.reserve,
            Resize: self.resize,
        }

    def costs(self) -> dict[str, Spec]:
        """What limits moves, and what prices them and the loads they lead to."""
        found: dict[str, Spec] = {}
        if self.happens(0.4):
            found["budget"] = self.action_budget()
        if self.happens(0.3):
            found["balance"] = self.balance()
        if self.happens(0.2):
            found["objectives"] = self.objectives()
        return found

    def objectives(self) -> Objectives:
        chance = self.chance
        order = chance.sample(list(OrderedMeasure), len(OrderedMeasure))
        shrinkage, balance = order.index(OrderedMeasure.SHRINKAGE), order.index(OrderedMeasure.BALANCE)
        if shrinkage > balance:
            order[shrinkage], order[balance] = OrderedMeasure.BALANCE, OrderedMeasure.SHRINKAGE
        levels: list[OrderedMeasure | LevelSum] = []
        while order:
            parts = [order.pop(0)]
            while (
                order
                and self.happens(0.3)
                and (order[0] is not OrderedMeasure.BALANCE or OrderedMeasure.SHRINKAGE not in parts)
            ):
                parts.append(order.pop(0))
            weights = {measure: chance.randint(1, 3) for measure in parts}
            levels.append(LevelSum(name=f"sum-{len(levels)}", measures=weights) if len(parts) > 1 else parts[0])
        return Objectives(levels=tuple(levels))

    def action_budget(self) -> ActionBudget:
        chance = self.chance
        return ActionBudget(
            max_migrations=chance.choice((None, 0, 1, 1, 2, "0%", "34%", "50%", "66.7%")),
            max_migrations_per_group=chance.choice((None, None, 1, 2)),
            group_by="vm.labels.zone" if self.happens(0.3) else None,
            group_weight=chance.choice((0, 1, 5)),
            crossing=tuple(
                Crossing(topology=topology, cost=chance.randint(1, 4))
                for topology in ("site", "rack", "host")
                if self.happens(0.25)
            ),
            held_at_both_ends=tuple(resource for resource in (CPU, MEMORY) if self.happens(0.25)),
        )

    def balance(self) -> Balance:
        chance = self.chance
        above = tuple(
            Above(resource=resource, threshold=chance.choice(("0%", "33%", "50%", "80%")), weight=chance.randint(1, 3))
            for resource in (CPU, MEMORY)
            if self.happens(0.5)
        )
        ratios = (FreeRatio(left=CPU, right=MEMORY, target=chance.randint(1, 3), weight=chance.randint(1, 2)),)
        peaks = (PeakLoad(resource=chance.choice((CPU, MEMORY)), weight=chance.randint(1, 2)),)
        return Balance(
            above=above,
            ratios=ratios if self.happens(0.5) else (),
            peaks=peaks if self.happens(0.4) or not above else (),
        )

    def selector(self, snapshot: Snapshot) -> Selector:
        match self.chance.randrange(4):
            case 0:
                return Selector(match_labels={"zone": self.chance.choice("ab")})
            case 1:
                return Selector(match_labels={"app": self.chance.choice("xy")})
            case 2:
                return Selector(cel=f'vm.tier == "{self.chance.choice(("gold", "silver", "bronze"))}"')
            case _:
                return Selector(ids=tuple(vm.id for vm in snapshot.vms if self.happens(0.6)) or (snapshot.vms[0].id,))

    def topology(self) -> str:
        return self.chance.choice(("site", "rack", "host", "host"))

    def level(self) -> tuple[Level, int | None]:
        if self.happens(0.6):
            return Level.MUST, None
        return Level.SHOULD, self.chance.randint(1, 5)

    def separate(self, snapshot: Snapshot) -> RuleSpec:
        level, weight = self.level()
        zones = tuple(Selector(match_labels={"zone": zone}) for zone in "ab")
        partners = "vm.labels.app" if self.happens(0.4) else None
        return Separate(level=level, weight=weight, between=zones, partners_by=partners, topology=self.topology())

    def spread(self, snapshot: Snapshot) -> RuleSpec:
        level, weight = self.level()
        most = self.chance.choice((None, None, 1, 1, 2))
        skew = self.chance.choice((1, 1, 2)) if self.happens(0.3) else None
        return Spread(
            level=level,
            weight=weight,
            select=self.selector(snapshot),
            group_by="vm.labels.app" if self.happens(0.4) else None,
            topology=self.topology(),
            max_per_domain=most,
            min_domains=self.chance.choice((2, 3)) if most is skew is None or self.happens(0.2) else None,
            max_skew=skew,
        )

    def together(self, snapshot: Snapshot) -> RuleSpec:
        level, weight = self.level()
        return Together(
            level=level,
            weight=weight,
            select=self.selector(snapshot),
            near=self.selector(snapshot) if self.happens(0.5) else None,
            group_by="vm.labels.zone" if self.happens(0.4) else None,
            topology=self.topology(),
        )

    def pin(self, snapshot: Snapshot) -> RuleSpec:
        level, weight = self.level()
        hosts = tuple(host.id for host in snapshot.hosts if self.happens(0.6)) or (snapshot.hosts[0].id,)
        return Pin(level=level, weight=weight, select=self.selector(snapshot), hosts=Selector(ids=hosts))

    def quorum(self, snapshot: Snapshot) -> RuleSpec:
        level, weight = self.level()
        return Quorum(
            level=level,
            weight=weight,
            select=self.selector(snapshot),
            group_by="vm.labels.app" if self.happens(0.4) else None,
            min_running=self.chance.choice((1, 1, 2, 3, "34%", "50%", "100%")),
            survives=self.topology() if self.happens(0.5) else None,
        )

    def reserve(self, snapshot: Snapshot) -> RuleSpec:
        level, weight = self.level()
        counts_hosts = self.happens(0.5)
        return Reserve(
            level=level,
            weight=weight,
            hosts=self.chance.choice((1, 1, 2)) if counts_hosts else None,
            share=None if counts_hosts else self.chance.choice(("10%", "25%", "50%")),
            within=self.topology() if self.happens(0.5) else None,
            protects=self.selector(snapshot),
            resources=(MEMORY,) if self.happens(0.3) else None,
        )

    def resize(self, snapshot: Snapshot) -> RuleSpec:
        named = self.chance.sample(self.resources, self.count(len(self.resources)))
        return Resize(
            select=self.selector(snapshot),
            when="event.hardware_failures < 2" if self.happens(0.3) else "true",
            floor={resource: self.chance.choice(_SHARES) for resource in named},
        )

    def maintenance(self, snapshot: Snapshot) -> RuleSpec:
        level, weight = self.level()
        hosts = tuple(host.id for host in snapshot.hosts if self.happens(0.3))
        return Maintenance(level=level, weight=weight, hosts=Selector(ids=hosts))

    def host_requirement(self, snapshot: Snapshot) -> RuleSpec:
        level, weight = self.level()
        require = self.chance.choice(
            ('host.labels.ups == "yes"', "host.cpu_generation >= 1", '"gpu" in host.capabilities')
        )
        storage = self.chance.choice((Selector(match_labels={"raid": "10"}), Selector(cel='pool.kind == "MIRRORED"')))
        which = self.chance.choices(("host", "storage", "both"), (6, 2, 1))[0]
        return HostRequirement(
            level=level,
            weight=weight,
            select=self.selector(snapshot),
            require=None if which == "storage" else require,
            storage=None if which == "host" else storage,
        )
