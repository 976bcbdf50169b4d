"""Each condition says the same in arrays and in words, and all of them together what the judge says."""

from __future__ import annotations

import pytest

from tests.support.strategies import policy_of, tiny_cluster
from tests.support.targets import problem_of
from trimtab_solver.policy.selection import Selection
from trimtab_solver.rules.tier import Tier
from trimtab_solver.snapshot import Host, HostState, Vm
from trimtab_solver.suitability import CONDITIONS, EQUIPMENT, unsuitable
from trimtab_solver.suitability.receiving import receiving
from trimtab_solver.verify import suitability as judge
from trimtab_solver.verify.scope import HostScope

NO_RULES = policy_of({name: Tier(rank=rank) for rank, name in enumerate(("gold", "silver", "bronze"))})

HOST = Host("h", capabilities=("gpu",), storage_pool_ids=("fast", "big"))
GUEST = Vm("v", storage_pool_id="fast", device_needs=("gpu",))


@pytest.mark.parametrize(
    ("vm", "host", "reasons"),
    [
        (GUEST, HOST, []),
        (Vm("v"), Host("h"), []),
        (Vm("v"), Host("h", state=HostState.STANDBY), []),
        (Vm("v"), Host("h", state=HostState.DOWN), ["it is down"]),
        (
            Vm("v"),
            Host("h", state=HostState.DRAINING),
            ["it is draining: it keeps what it runs and takes nothing new"],
        ),
        (
            Vm("v", storage_pool_id="slow", device_needs=("fpga", "gpu")),
            HOST,
            ["it does not reach storage pool slow (it reaches big, fast)", "it lacks what the guest needs: fpga"],
        ),
        (
            GUEST,
            Host("h", state=HostState.MAINTENANCE),
            [
                "it is in maintenance: it keeps what it runs and takes nothing new",
                "it does not reach storage pool fast (it reaches none)",
                "it lacks what the guest needs: gpu",
            ],
        ),
    ],
)
def test_every_condition_that_fails_is_told(vm: Vm, host: Host, reasons: list[str]) -> None:
    """In the order of the conditions, each with what is lacking."""
    assert [reason for _, reason in unsuitable(vm, host)] == reasons


def test_arrays_and_words_say_the_same() -> None:
    """Condition by condition: a host is in the mask exactly when there is no reason against it."""
    seen = set()
    for seed in range(100):
        snapshot, _ = tiny_cluster(seed)
        takes = receiving(snapshot.hosts)
        for vm in snapshot.vms:
            masks = [takes, *(condition.offers(snapshot.hosts, condition.need(vm)) for condition in EQUIPMENT)]
            for condition, mask in zip(CONDITIONS, masks, strict=True):
                reasons = [condition.reason(vm, host) for host in snapshot.hosts]
                assert mask.tolist() == [reason == "" for reason in reasons], seed
                seen |= {(condition, reason == "") for reason in reasons}
    assert len(seen) == 2 * len(CONDITIONS)


def test_the_compiler_and_the_judge_agree_with_them() -> None:
    """Where no rule is in force, guests may arrive on suitable hosts; the judge reads the page by itself."""
    for seed in range(100):
        snapshot, _ = tiny_cluster(seed)
        problem = problem_of(snapshot, NO_RULES)
        scopes = [scope for scope in judge.scopes(Selection(NO_RULES, snapshot)) if isinstance(scope, HostScope)]
        judged = {vm_id: scope.hosts for scope in scopes for vm_id in scope.members}
        vms = {vm.id: vm for vm in snapshot.vms}
        for v, vm_id in enumerate(problem.vm_ids):
            suitable = {host.id for host in snapshot.hosts if not unsuitable(vms[vm_id], host)}
            mask = problem.allowed.mask[problem.allowed.class_of[v]]
            assert {problem.host_ids[h] for h in mask.nonzero()[0]} == suitable == judged[vm_id], seed
