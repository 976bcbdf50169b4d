"""The verdict on an answer: its outcome, and what is lost in spite of the plan."""

from __future__ import annotations

from collections.abc import Iterator

from trimtab_solver.outcome import Answer, Outcome

from .phrases import OUTCOMES
from .quantities import plural


def headline(answer: Answer) -> str:
    """The outcome and all that is lost, in one line; without a loss, what the outcome means."""
    lost = list(losses(answer))
    if lost:
        return "; ".join((answer.outcome, *lost))
    if answer.outcome is Outcome.NO_ACTION_NEEDED:
        return f"{answer.outcome}: all is well; there is nothing to do"
    return f"{answer.outcome}: {meaning(answer)}"


def meaning(answer: Answer) -> str:
    """What the outcome says of the plan."""
    if answer.outcome is Outcome.OPTIMAL and not answer.plan.actions:
        return "proven that no plan is better; what is wrong stays wrong"
    return OUTCOMES[answer.outcome]


def losses(answer: Answer) -> Iterator[str]:
    """What is not as it should be after the plan, counted, the worst first."""
    if answer.stays_down:
        yield _counted(len(answer.stays_down), "guest", "stays down", "stay down")
    if answer.quarantined:
        yield _counted(len(answer.quarantined), "record", "makes no sense", "make no sense")
    yield from _broken(answer)
    if answer.blockers:
        hosts = len({one.host_id for one in answer.blockers})
        which = "a host" if hosts == 1 else plural(hosts, "host")
        yield _counted(len(answer.blockers), "guest", "stays", "stay") + f" on {which} to be emptied"
    if shrunk := sum(count.shrunk for count in answer.tiers):
        yield _counted(shrunk, "guest", "runs", "run") + " with less than requested"


def _broken(answer: Answer) -> Iterator[str]:
    """Rules by their documents, then hosts without room, guests on unsuitable hosts and hosts above a threshold.

    Guests on hosts to be emptied are told apart, so Maintenance and what it breaks count no second time.
    """
    emptying = {one.emptied_by for one in answer.blockers}
    staying = {one.vm_id for one in answer.blockers}
    documents = [one for one in answer.broken_rules if one.is_document and one.rule not in emptying]
    # of what documents ask for, only the thresholds of a Balance are about a host and no guest on it
    hot = {one.host_id for one in documents if one.host_id and not one.vm_id}
    rules = {one.rule: one.is_must for one in documents if one.vm_id or not one.host_id}
    if rules:
        wishes = len(rules) - sum(rules.values())
        which = "" if not wishes else " (level should)" if wishes == len(rules) else f" ({wishes} of level should)"
        yield _counted(len(rules), "rule", "remains broken", "remain broken") + which
    overfull = {one.host_id for one in answer.broken_rules if one.rule == "(room)"}
    if overfull:
        yield _counted(len(overfull), "host", "remains overfull", "remain overfull")
    if hot:
        yield _counted(len(hot), "host", "remains above a threshold", "remain above a threshold")
    misplaced = {one.vm_id for one in answer.broken_rules if one.rule == "(suitability)"} - staying
    if misplaced:
        yield _counted(len(misplaced), "guest", "stays", "stay") + " on unsuitable hosts"


def _counted(number: int, noun: str, one: str, several: str) -> str:
    """``1 guest stays down``, ``2 guests stay down``."""
    return f"{plural(number, noun)} {one if number == 1 else several}"
