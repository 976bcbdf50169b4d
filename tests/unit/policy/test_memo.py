"""Answers are given once, and given up when what they depend on has changed."""

from __future__ import annotations

import pytest

from trimtab_solver.policy.memo import EVERYTHING, Memo


class _Counting:
    """Answers a question from some variables, and counts how often."""

    def __init__(self, answers: Memo, *variables: str) -> None:
        self._memo, self._variables = answers, variables
        self.count = 0

    def __call__(self) -> int:
        self._memo.note(self._variables)
        self.count += 1
        return self.count


def test_a_question_is_answered_once() -> None:
    """The second time the first answer is given, whatever would be answered now."""
    answers = Memo()
    make = _Counting(answers, "vm.state")
    assert [answers.ask("rule", "who", make) for _ in range(3)] == [1, 1, 1]


@pytest.mark.parametrize(
    ("reads", "changed", "is_stale"),
    [
        (("vm.state",), {"host.state"}, False),
        (("vm.state", "host.state"), {"host.state"}, True),
        ((EVERYTHING,), {"host.state"}, True),
        ((EVERYTHING,), set(), False),
        ((), {"host.state"}, False),
    ],
)
def test_an_answer_depends_on_what_was_noted_while_it_was_made(
    reads: tuple[str, ...], changed: set[str], is_stale: bool
) -> None:
    """It is stale when any of that changes; one that depends on everything whenever anything does."""
    answers = Memo()
    answers.ask("rule", "who", _Counting(answers, *reads))
    assert ("rule" in answers.stale(frozenset(changed))) is is_stale


def test_what_asks_a_question_depends_on_what_the_answer_depends_on() -> None:
    """Also when the answer was known already."""
    answers = Memo()
    inner = _Counting(answers, "vm.labels")
    answers.ask("rule", "who", inner)
    answers.ask("tiers", "all", lambda: answers.ask("rule", "who", inner))
    assert answers.stale(frozenset({"vm.labels"})) == {"rule", "tiers"}


def test_what_is_known_of_a_document_goes_as_a_whole() -> None:
    """One stale answer takes the others about the same document with it, and none about others."""
    answers = Memo()
    for about, question, variable in (("a", 1, "vm.state"), ("a", 2, "vm.id"), ("b", 1, "vm.id")):
        answers.ask(about, question, _Counting(answers, variable))
    later = answers.without(answers.stale(frozenset({"vm.state"})))
    again = _Counting(later, "vm.id")
    assert later.ask("a", 2, again) == again.count == 1
    later.ask("b", 1, again)
    assert again.count == 1
