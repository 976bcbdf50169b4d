"""Random tiny clusters in which the way matters: hosts that drain, guests that move only cold, must rules about groups.

`tests.support.strategies` draws every feature of the model; here what makes plans long and rules hard to keep on the
way.
"""

from __future__ import annotations

import random
from dataclasses import replace

from tests.support.strategies import Draw, policy_of
from trimtab_solver.policy.documents import Level, Policy, Selector, Spec
from trimtab_solver.rules.action_budget import ActionBudget
from trimtab_solver.rules.quorum import Quorum
from trimtab_solver.rules.reserve import Reserve
from trimtab_solver.rules.separate import Separate
from trimtab_solver.rules.spread import Spread
from trimtab_solver.rules.tier import Tier
from trimtab_solver.rules.together import Together
from trimtab_solver.snapshot import Host, HostState, Migratability, Snapshot, StoragePool, Vm

_STATES = {
    HostState.UP: 7,
    HostState.DRAINING: 4,
    HostState.DOWN: 2,
    HostState.STANDBY: 2,
    HostState.DEGRADED: 1,
    HostState.MAINTENANCE: 1,
}

_OF_GROUPS = (Quorum, Reserve, Separate, Spread, Together)


def drained_cluster(seed: int, *, max_hosts: int = 4, max_vms: int = 6) -> tuple[Snapshot, Policy]:
    """A cluster as `tiny_cluster` makes them, with several hosts to empty and mostly cold guests under must rules."""
    return _Drained(random.Random(seed), max_hosts, max_vms).cluster()


class _Drained(Draw):
    def cluster(self) -> tuple[Snapshot, Policy]:
        snapshot = self.snapshot()
        budget = ActionBudget(max_migrations=9, held_at_both_ends=self.resources[:1] if self.happens(0.2) else ())
        return snapshot, policy_of({**self.tiers(), **self.rules(snapshot), "budget": budget})

    def host(self, number: int, racks: list[str], pools: tuple[StoragePool, ...]) -> Host:
        made = super().host(number, racks, pools)
        (state,) = self.chance.choices(list(_STATES), list(_STATES.values()))
        capacity = {resource: amount + self.chance.randint(0, 6) for resource, amount in made.capacity.items()}
        return replace(made, state=state, capacity=capacity, storage_pool_ids=tuple(pool.id for pool in pools))

    def vm(self, number: int, hosts: tuple[Host, ...], pools: tuple[StoragePool, ...]) -> Vm:
        made = super().vm(number, hosts, pools)
        (how,) = self.chance.choices(list(Migratability), [{Migratability.COLD: 6}.get(m, 2) for m in Migratability])
        return replace(made, migratability=how, device_needs=())

    def tiers(self) -> dict[str, Spec]:
        return {
            name: spec.model_copy(update={"allow_cold_migration": self.happens(0.85)})
            if isinstance(spec, Tier)
            else spec
            for name, spec in super().tiers().items()
        }

    def rules(self, snapshot: Snapshot) -> dict[str, Spec]:
        makers = [make for kind, make in self.makers().items() if kind in _OF_GROUPS]
        (count,) = self.chance.choices((1, 2, 3), (3, 2, 1))
        return {f"rule-{i}": self.chance.choice(makers)(snapshot) for i in range(count)}

    def level(self) -> tuple[Level, int | None]:
        return Level.MUST, None

    def selector(self, snapshot: Snapshot) -> Selector:
        return Selector(cel="true") if self.happens(0.4) else super().selector(snapshot)
