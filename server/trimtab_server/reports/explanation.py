"""The reports of why a guest runs or not, and of what a host says to it."""

from __future__ import annotations

from collections.abc import Iterator

from trimtab_solver.explain.amounts import describe_size
from trimtab_solver.explain.explanation import Admission, GuestExplanation
from trimtab_solver.outcome import Answer
from trimtab_solver.snapshot import Vm

from .answer import action_table
from .model import Block, Items, Line, Report, Tone, line
from .phrases import headline


def admission_report(vm: Vm, explanation: GuestExplanation) -> Report:
    """Whether each host that was asked about may take the guest now, and why not."""
    blocks: list[Block] = []
    for admission in explanation.hosts:
        blocks += [
            _admission(vm, admission),
            Items((*(one.message for one in admission.objections), *admission.remarks)),
        ]
    return Report(_introduction(vm, explanation.tier), tuple(blocks))


def _admission(vm: Vm, admission: Admission) -> Line:
    if not admission.is_admitted:
        return line(f"{admission.host_id} may not take it now:", tone=Tone.BAD, is_strong=True)
    how = "is where it is:" if vm.place == admission.host_id else "may take it now."
    return line(f"{admission.host_id} {how}", tone=Tone.GOOD, is_strong=True)


def guest_report(vm: Vm, tier: str, answer: Answer) -> Report:
    """What the plan does with the guest, and why it runs or does not run afterwards."""
    return Report(_introduction(vm, tier), (line(f"Plan: {headline(answer)}."), *_fate(vm, answer)))


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
    elif not vm.is_wanted:
        yield line("It is switched off on purpose: plans never touch it.")
    elif actions:
        yield line("It runs after the plan.", tone=Tone.GOOD, is_strong=True)
    else:
        yield line(f"The plan leaves it as it is: it runs on {vm.place}.", tone=Tone.GOOD, is_strong=True)
