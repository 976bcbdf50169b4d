"""Answers and their parts."""

from __future__ import annotations

from trimtab.v1 import plan_pb2 as pb
from trimtab_solver.errors import Fault, Reason, RefusedError
from trimtab_solver.outcome import (
    Answer,
    Blocker,
    BrokenRule,
    Certificate,
    EngineFault,
    FrontierPoint,
    LevelValue,
    StaysDown,
    TierCount,
)

from .enums import FAULT_KINDS, OUTCOMES
from .plan import plan_from_proto, plan_to_proto
from .quarantine import quarantined_from_proto, quarantined_to_proto


def answer_from_proto(message: pb.Answer, path: str = "answer") -> Answer:
    """The answer in `message`.

    Raises
    ------
    RefusedError
        When an enum is not stated or unknown, or plan or certificate are missing (as in the answer to `validate_only`).
    """
    faults = [
        Fault(Reason.INVALID_REQUEST, f"{path}.{name}", "is missing", "an answer has a plan and a certificate")
        for name, is_there in (("plan", message.HasField("plan")), ("certificate", message.HasField("certificate")))
        if not is_there
    ]
    outcome = OUTCOMES.read(message.outcome, f"{path}.outcome", faults)
    engine_faults = tuple(
        EngineFault(one.engine, FAULT_KINDS.read(one.what, f"{path}.engine_faults[{i}].what", faults), one.message)
        for i, one in enumerate(message.engine_faults)
    )
    quarantined = tuple(
        quarantined_from_proto(one, f"{path}.quarantined[{i}]", faults) for i, one in enumerate(message.quarantined)
    )
    if faults:
        raise RefusedError(faults)
    return Answer(
        outcome=outcome,
        plan=plan_from_proto(message.plan, f"{path}.plan"),
        levels=tuple(level_from_proto(level) for level in message.levels),
        stays_down=tuple(stays_down_from_proto(one) for one in message.stays_down),
        certificate=certificate_from_proto(message.certificate),
        engine=message.engine,
        hardware_failures=message.hardware_failures,
        notes=tuple(message.notes),
        frontier=tuple(frontier_point_from_proto(point) for point in message.frontier),
        tiers=tuple(tier_count_from_proto(count) for count in message.tiers),
        engine_faults=engine_faults,
        broken_rules=tuple(broken_rule_from_proto(one) for one in message.broken_rules),
        blockers=tuple(blocker_from_proto(one) for one in message.blockers),
        quarantined=quarantined,
    )


def answer_to_proto(answer: Answer) -> pb.Answer:
    """The message for `answer`."""
    return pb.Answer(
        outcome=OUTCOMES.to_proto[answer.outcome],
        plan=plan_to_proto(answer.plan),
        levels=[level_to_proto(level) for level in answer.levels],
        stays_down=[stays_down_to_proto(one) for one in answer.stays_down],
        certificate=certificate_to_proto(answer.certificate),
        engine=answer.engine,
        hardware_failures=answer.hardware_failures,
        notes=answer.notes,
        frontier=[frontier_point_to_proto(point) for point in answer.frontier],
        tiers=[tier_count_to_proto(count) for count in answer.tiers],
        engine_faults=[
            pb.EngineFault(engine=one.engine, what=FAULT_KINDS.to_proto[one.what], message=one.message)
            for one in answer.engine_faults
        ],
        broken_rules=[broken_rule_to_proto(one) for one in answer.broken_rules],
        blockers=[blocker_to_proto(one) for one in answer.blockers],
        quarantined=[quarantined_to_proto(record) for record in answer.quarantined],
    )


def level_from_proto(message: pb.LevelValue) -> LevelValue:
    """The level in `message`."""
    return LevelValue(name=message.name, value=message.value, bound=message.bound)


def level_to_proto(level: LevelValue) -> pb.LevelValue:
    """The message for `level`."""
    return pb.LevelValue(name=level.name, value=level.value, bound=level.bound)


def frontier_point_from_proto(message: pb.FrontierPoint) -> FrontierPoint:
    """The point in `message`."""
    return FrontierPoint(
        share_percent=message.share_percent,
        allowed_moves=message.allowed_moves,
        moves=message.moves,
        levels=tuple(level_from_proto(level) for level in message.levels),
    )


def frontier_point_to_proto(point: FrontierPoint) -> pb.FrontierPoint:
    """The message for `point`."""
    return pb.FrontierPoint(
        share_percent=point.share_percent,
        allowed_moves=point.allowed_moves,
        moves=point.moves,
        levels=[level_to_proto(level) for level in point.levels],
    )


def stays_down_from_proto(message: pb.StaysDown) -> StaysDown:
    """The guest that stays down in `message`."""
    return StaysDown(vm_id=message.vm_id, tier=message.tier, reason=message.reason, rules=tuple(message.rules))


def stays_down_to_proto(one: StaysDown) -> pb.StaysDown:
    """The message for `one`."""
    return pb.StaysDown(vm_id=one.vm_id, tier=one.tier, reason=one.reason, rules=one.rules)


def broken_rule_from_proto(message: pb.BrokenRule) -> BrokenRule:
    """The broken key in `message`."""
    return BrokenRule(
        rule=message.rule,
        level=message.level,
        key=message.key,
        amount_before=message.amount_before,
        amount_after=message.amount_after,
        host_id=message.host_id,
        vm_id=message.vm_id,
    )


def broken_rule_to_proto(one: BrokenRule) -> pb.BrokenRule:
    """The message for `one`."""
    return pb.BrokenRule(
        rule=one.rule,
        level=one.level,
        key=one.key,
        amount_before=one.amount_before,
        amount_after=one.amount_after,
        host_id=one.host_id,
        vm_id=one.vm_id,
    )


def blocker_from_proto(message: pb.Blocker) -> Blocker:
    """The guest that stays in `message`."""
    return Blocker(
        vm_id=message.vm_id,
        tier=message.tier,
        host_id=message.host_id,
        emptied_by=message.emptied_by,
        reason=message.reason,
        rules=tuple(message.rules),
    )


def blocker_to_proto(one: Blocker) -> pb.Blocker:
    """The message for `one`."""
    return pb.Blocker(
        vm_id=one.vm_id,
        tier=one.tier,
        host_id=one.host_id,
        emptied_by=one.emptied_by,
        reason=one.reason,
        rules=one.rules,
    )


def tier_count_from_proto(message: pb.TierCount) -> TierCount:
    """The counts in `message`."""
    return TierCount(
        tier=message.tier,
        wanted=message.wanted,
        ran_before=message.ran_before,
        displaced=message.displaced,
        restarted=message.restarted,
        started=message.started,
        moved=message.moved,
        shrunk=message.shrunk,
        suspended=message.suspended,
        stopped=message.stopped,
        interrupted=message.interrupted,
        stays_down=message.stays_down,
        runs_after=message.runs_after,
    )


def tier_count_to_proto(count: TierCount) -> pb.TierCount:
    """The message for `count`."""
    return pb.TierCount(
        tier=count.tier,
        wanted=count.wanted,
        ran_before=count.ran_before,
        displaced=count.displaced,
        restarted=count.restarted,
        started=count.started,
        moved=count.moved,
        shrunk=count.shrunk,
        suspended=count.suspended,
        stopped=count.stopped,
        interrupted=count.interrupted,
        stays_down=count.stays_down,
        runs_after=count.runs_after,
    )


def certificate_from_proto(message: pb.Certificate) -> Certificate:
    """The certificate in `message`."""
    return Certificate(
        snapshot_digest=message.snapshot_digest,
        policy_digest=message.policy_digest,
        engine_versions=tuple((engine.name, engine.version) for engine in message.engine_versions),
        seed=message.seed,
        reproducible=message.reproducible,
        verified=message.verified,
    )


def certificate_to_proto(certificate: Certificate) -> pb.Certificate:
    """The message for `certificate`."""
    return pb.Certificate(
        snapshot_digest=certificate.snapshot_digest,
        policy_digest=certificate.policy_digest,
        engine_versions=[pb.EngineVersion(name=name, version=version) for name, version in certificate.engine_versions],
        seed=certificate.seed,
        reproducible=certificate.reproducible,
        verified=certificate.verified,
    )
