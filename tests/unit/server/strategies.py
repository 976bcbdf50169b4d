"""Arbitrary domain values within what the wire can carry; they need not make sense."""

from __future__ import annotations

from dataclasses import fields

from hypothesis import strategies as st

from trimtab_solver.actions import Action, ActionKind, Phase, Plan, Undo
from trimtab_solver.errors import Fault, Reason
from trimtab_solver.explain.explanation import Admission, Condition, GuestExplanation, Objection
from trimtab_solver.outcome import (
    Answer,
    Blocker,
    BrokenRule,
    Certificate,
    EngineFault,
    FaultKind,
    FrontierPoint,
    LevelValue,
    Outcome,
    StaysDown,
    TierCount,
)
from trimtab_solver.policy.moments import LAST_SECOND
from trimtab_solver.quarantine import Quarantined
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
from trimtab_solver.verify.violation import Code, Violation

words = st.text(max_size=8)
names = st.lists(words, max_size=3).map(tuple)
amounts = st.integers(-(2**63), 2**63 - 1)
counts = st.integers(-(2**31), 2**31 - 1)
resources = st.dictionaries(words, amounts, max_size=3)
labels = st.dictionaries(words, words, max_size=3)

hosts = st.builds(
    Host,
    id=words,
    domain_ids=names,
    capacity=resources,
    reserved=resources,
    overcommit_percent=resources,
    state=st.sampled_from(HostState),
    fencing=st.sampled_from(FencingState),
    cpu_generation=counts,
    labels=labels,
    capabilities=names,
    storage_pool_ids=names,
    migration_slots=counts,
    migration_bandwidth_mbps=counts,
    boot_s=counts,
)
vms = st.builds(
    Vm,
    id=words,
    tenant=words,
    tier=words,
    labels=labels,
    group=words,
    requested=resources,
    guaranteed=resources,
    allocated=resources,
    used=resources,
    state=st.sampled_from(VmState),
    host_id=words,
    target_host_id=words,
    home_host_id=words,
    storage_pool_id=words,
    migratability=st.sampled_from(Migratability),
    dirty_rate_mbps=counts,
    restart_s=counts,
    device_needs=names,
)
snapshots = st.builds(
    Snapshot,
    hosts=st.lists(hosts, max_size=2).map(tuple),
    vms=st.lists(vms, max_size=2).map(tuple),
    domains=st.lists(st.builds(FailureDomain, id=words, kind=words, parent_id=words), max_size=2).map(tuple),
    storage_pools=st.lists(
        st.builds(StoragePool, id=words, kind=st.sampled_from(PoolKind), labels=labels), max_size=2
    ).map(tuple),
    taken_at=st.integers(0, LAST_SECOND),
    hardware_failures=st.none() | counts,
)
undos = st.builds(
    Undo, kind=st.sampled_from(ActionKind), vm_id=words, host_id=words, target_host_id=words, size=resources
)
actions = st.builds(
    Action,
    id=counts,
    kind=st.sampled_from(ActionKind),
    vm_id=words,
    host_id=words,
    target_host_id=words,
    size=resources,
    depends_on=st.lists(counts, max_size=3).map(tuple),
    phase=st.sampled_from(Phase),
    earliest_start_s=counts,
    duration_s=counts,
    reason=words,
    rules=names,
    undo=st.none() | undos,
)
plans = st.builds(Plan, actions=st.lists(actions, max_size=3).map(tuple))
certificates = st.builds(
    Certificate,
    snapshot_digest=words,
    policy_digest=words,
    engine_versions=st.lists(st.tuples(words, words), max_size=2).map(tuple),
    seed=amounts,
    reproducible=st.booleans(),
    verified=st.booleans(),
)
tier_counts = st.builds(
    TierCount, tier=words, **dict.fromkeys((one.name for one in fields(TierCount) if one.name != "tier"), amounts)
)
faults = st.builds(Fault, reason=st.sampled_from(Reason), path=words, message=words, fix=words)
answers = st.builds(
    Answer,
    outcome=st.sampled_from(Outcome),
    plan=plans,
    levels=st.lists(st.builds(LevelValue, name=words, value=amounts, bound=amounts), max_size=2).map(tuple),
    stays_down=st.lists(st.builds(StaysDown, vm_id=words, tier=words, reason=words, rules=names), max_size=2).map(
        tuple
    ),
    certificate=certificates,
    engine=words,
    hardware_failures=counts,
    notes=names,
    tiers=st.lists(tier_counts, max_size=2).map(tuple),
    broken_rules=st.lists(
        st.builds(
            BrokenRule,
            rule=words,
            level=st.sampled_from(["must", "should"]),
            key=words,
            amount_before=amounts,
            amount_after=amounts,
            host_id=words,
            vm_id=words,
        ),
        max_size=2,
    ).map(tuple),
    blockers=st.lists(
        st.builds(Blocker, vm_id=words, tier=words, host_id=words, emptied_by=words, reason=words, rules=names),
        max_size=2,
    ).map(tuple),
    quarantined=st.lists(
        st.builds(
            Quarantined,
            vm_id=words,
            faults=st.lists(faults, min_size=1, max_size=2).map(tuple),
            is_wanted=st.booleans(),
            hosts=names,
            size=resources,
            unknown=names.map(frozenset),
        ),
        max_size=2,
    ).map(tuple),
    engine_faults=st.lists(
        st.builds(EngineFault, engine=words, what=st.sampled_from(FaultKind), message=words), max_size=2
    ).map(tuple),
    frontier=st.lists(
        st.builds(
            FrontierPoint,
            share_percent=st.floats(0, 100),
            allowed_moves=amounts,
            moves=amounts,
            levels=st.lists(st.builds(LevelValue, name=words, value=amounts, bound=amounts), max_size=2).map(tuple),
        ),
        max_size=2,
    ).map(tuple),
)
violations = st.builds(
    Violation,
    step=counts,
    code=st.sampled_from(Code),
    message=words,
    host_id=words,
    vm_id=words,
    resource=words,
    rule=words,
    amount=amounts,
    limit=amounts,
)
objections = st.builds(Objection, condition=st.sampled_from(Condition), message=words, rule=words)
explanations = st.builds(
    GuestExplanation,
    vm_id=words,
    tier=words,
    hosts=st.lists(
        st.builds(Admission, host_id=words, objections=st.lists(objections, max_size=2).map(tuple), remarks=names),
        max_size=2,
    ).map(tuple),
)
