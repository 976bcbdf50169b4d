"""The reports of why a guest runs or not, and of what a host says to it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from trimtab_solver.amounts import describe_size
from trimtab_solver.explain.explanation import Admission, Condition, GuestExplanation, Objection
from trimtab_solver.outcome import Answer
from trimtab_solver.snapshot import Vm

from .action_tables import action_table
from .model import Block, Cell, Column, Items, Line, Report, Row, Section, Table, Tone, Value, line
from .verdict import headline

_LARGER = "larger than the host"
_REACHED = " (it reaches "


def admission_report(vm: Vm, explanation: GuestExplanation) -> Report:
    """Whether each host that was asked about may take the guest now, and why not."""
    blocks: list[Block] = []
    for admission in explanation.hosts:
        blocks += [
            _admission(vm, admission),
            Items((*(one.message for one in admission.objections), *admission.remarks)),
        ]
    facts = _guest(vm, explanation.tier) | {"hosts": tuple(map(_admission_value, explanation.hosts))}
    return Report(_introduction(vm, explanation.tier), tuple(blocks), facts=facts)


def _guest(vm: Vm, tier: str) -> dict[str, Value]:
    return {
        "vmId": vm.id,
        "tier": tier,
        "state": vm.state.value,
        "hostId": vm.host_id,
        "requested": dict(vm.requested),
    }


def _admission_value(admission: Admission) -> dict[str, Value]:
    return {
        "hostId": admission.host_id,
        "admitted": admission.is_admitted,
        "objections": tuple(map(_objection_value, admission.objections)),
        "remarks": admission.remarks,
    }


def _objection_value(objection: Objection) -> dict[str, Value]:
    return {"condition": objection.condition.value, "rule": objection.rule, "message": objection.message}


def _admission(vm: Vm, admission: Admission) -> Line:
    if not admission.is_admitted:
        return line(f"{admission.host_id} may not take it now:", tone=Tone.BAD, is_strong=True)
    how = "is where it is:" if vm.place == admission.host_id else "may take it now."
    return line(f"{admission.host_id} {how}", tone=Tone.GOOD, is_strong=True)


def guest_report(vm: Vm, explanation: GuestExplanation, answer: Answer, *, is_anew: bool = False) -> Report:
    """What the plan does with the guest, why it runs or not afterwards, and what each host says to it now.

    `is_anew`: the plan was made for this report.
    """
    origin = "Planned anew, as no plan was given" if is_anew else "Plan"
    return Report(
        _introduction(vm, explanation.tier),
        (line(f"{origin}: {headline(answer)}."), *_fate(vm, answer)),
        tuple(_places(explanation)),
        facts=_guest(vm, explanation.tier) | _fate_value(vm, answer),
    )


def _fate_value(vm: Vm, answer: Answer) -> dict[str, Value]:
    down = next((one for one in answer.stays_down if one.vm_id == vm.id), None)
    is_unknown = any(record.vm_id == vm.id for record in answer.quarantined)
    return {
        "outcome": answer.outcome.value,
        "runsAfter": None if is_unknown else down is None and vm.is_wanted,
        "reason": down.reason if down else "",
        "rules": down.rules if down else (),
        "blocks": next((one.host_id for one in answer.blockers if one.vm_id == vm.id), ""),
    }


def _places(explanation: GuestExplanation) -> Iterator[Section]:
    """Where it may be now, and what speaks against it elsewhere; hosts that say the same are told as one."""
    admitting = [host for host in explanation.hosts if host.is_admitted]
    refusing = [host for host in explanation.hosts if not host.is_admitted]
    remark = "as the cluster is now, without the plan"
    if admitting:
        price = Column("at what price", wrap=True, key="remarks")
        yield Section("Where it could run", (_host_table("admitting", map(_admitting_row, admitting), price),), remark)
    if refusing:
        columns = (Column("why not", wrap=True), Column("in full", needs_room=True, key="objections"))
        title, remark = ("Where it could not", "") if admitting else ("No host could take it", remark)
        yield Section(title, (_host_table("refusing", map(_refusing_row, refusing), *columns),), remark)


def _host_table(name: str, rows: Iterable[Row], *columns: Column) -> Table:
    host = Column("host", wrap=True, most=32)
    return Table((host, *columns), tuple(rows), is_list=True, noun="host", is_grouped=True, name=name)


def _admitting_row(host: Admission) -> Row:
    return Cell(host.host_id), Cell("; ".join(host.remarks), value=host.remarks)


def _refusing_row(host: Admission) -> Row:
    short = dict.fromkeys(map(_in_short, host.objections))
    full = "; ".join(one.message for one in host.objections)
    return (
        Cell(host.host_id),
        Cell("; ".join(short), value=tuple(dict.fromkeys(one.condition.value for one in host.objections))),
        Cell(full, value=tuple(map(_objection_value, host.objections))),
    )


def _in_short(objection: Objection) -> str:
    """What many hosts may say alike: without the numbers of one host."""
    match objection.condition:
        case Condition.ROOM:
            if objection.message.startswith(_LARGER):
                return _LARGER
            return "too full, even with every guest there at its floor"
        case Condition.RULE:
            return f"rule {objection.rule} refuses it"
        case Condition.STORAGE:
            # many hosts reach a pool of their own
            return objection.message.rpartition(_REACHED)[0] or objection.message
        case _:
            return objection.message


def _introduction(vm: Vm, tier: str) -> Line:
    where = f" on {vm.host_id}" if vm.host_id else ""
    asked = describe_size(vm.requested)
    text = f"{vm.id}: tier {tier}, {vm.state.value.lower()}{where} in the snapshot, requests {asked}."
    return line(text, is_strong=True)


def _fate(vm: Vm, answer: Answer) -> Iterator[Block]:
    actions = [action for action in answer.plan.actions if action.vm_id == vm.id]
    down = next((one for one in answer.stays_down if one.vm_id == vm.id), None)
    if actions:
        yield action_table(actions)
    if down is not None:
        yield line(f"It does not run after the plan: {down.reason}.", tone=Tone.BAD, is_strong=True)
        if down.rules:
            yield line(f"Rules involved: {', '.join(down.rules)}.", indent=2)
    elif any(record.vm_id == vm.id for record in answer.quarantined):
        text = "Its record makes no sense: the plan leaves it alone, and what becomes of it is not known."
        yield line(text, tone=Tone.DOUBTFUL, is_strong=True)
    elif not vm.is_wanted:
        yield line("It is switched off on purpose: plans never touch it.")
    elif actions:
        yield line("It runs after the plan.", tone=Tone.GOOD, is_strong=True)
    else:
        yield line(f"The plan leaves it as it is: it runs on {vm.place}.", tone=Tone.GOOD, is_strong=True)
    for one in answer.blockers:
        if one.vm_id == vm.id:
            yield line(f"It keeps {one.host_id} from being emptied: {one.reason}.", tone=Tone.DOUBTFUL)
