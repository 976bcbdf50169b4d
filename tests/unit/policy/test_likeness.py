"""Names that are almost right."""

from __future__ import annotations

import pytest

from trimtab_solver.policy.likeness import Spelling, matching


@pytest.mark.parametrize("more", [0, 5000])
@pytest.mark.parametrize(
    "wrong", ["databse-server", "database-servr", "datebase-server", "databaes-server", "database--server"]
)
def test_one_wrong_letter_is_found_among_few_and_many(wrong: str, more: int) -> None:
    """A letter that is missing, one too many, another one, two in turn; 5,000 other names make no difference."""
    spelling = Spelling(["database-server", "web", *(f"name{i}" for i in range(more))])
    assert spelling.nearest(wrong) == "database-server"
    assert spelling.suggestion(wrong) == 'did you mean "database-server"?'


def test_what_is_known_is_listed_as_far_as_people_read() -> None:
    """A few names whole, of thousands the first."""
    assert Spelling(["b", "a"]).suggestion("zzz") == "known are a, b"
    assert Spelling(f"n{i:04}" for i in range(3000)).suggestion("zzz") == (
        "known are n0000, n0001, n0002, n0003, n0004 and 2995 more"
    )


def test_globs_match_as_they_are_written() -> None:
    """Beginning, anything, one of some, and whole names."""
    names = ["a-1", "a-2", "ab", "b-1"]
    globs = {"a-*": ["a-1", "a-2"], "*-1": ["a-1", "b-1"], "a[b]": ["ab"], "a?": ["ab"], "ab": ["ab"], "c*": []}
    assert {glob: list(matching(glob, names)) for glob in globs} == globs
