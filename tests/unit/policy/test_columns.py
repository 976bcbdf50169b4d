"""Columns and rows: what is alike has one number, and further subjects leave the numbers of the others as they are."""

from __future__ import annotations

import random

import numpy as np
import pytest

from trimtab_solver.policy.columns import EncodedColumn, Rows

_SOME, _MORE = ["b", "a", "b", "c"], ["c", "d", "a", "d"]


def _values(column: EncodedColumn) -> list[object]:
    return [column.distinct[number] for number in column.number.tolist()]


def test_a_column_that_is_extended_is_that_of_all_values() -> None:
    """Old values keep their numbers, new ones come after them, each once."""
    before = EncodedColumn.of(_SOME, len(_SOME))
    after, anew = before.extended(_MORE), EncodedColumn.of(_SOME + _MORE, 8)
    assert _values(after) == _SOME + _MORE
    assert after.distinct == anew.distinct == ["b", "a", "c", "d"]
    assert np.array_equal(after.number, anew.number)
    assert np.array_equal(after.number[:4], before.number)
    assert before.distinct == ["b", "a", "c"]


@pytest.mark.parametrize(("some", "more"), [([], _MORE), (_SOME, []), ([], [])])
def test_a_column_may_be_extended_from_nothing_and_by_nothing(some: list[str], more: list[str]) -> None:
    """And stays one of whole numbers."""
    after = EncodedColumn.of(some, len(some)).extended(more)
    assert _values(after) == some + more
    assert after.number.dtype == np.int64


def _rows(columns: list[list[str]]) -> Rows:
    return Rows.of([EncodedColumn.of(values, len(values)) for values in columns], len(columns[0]))


def test_rows_that_are_extended_keep_their_numbers() -> None:
    """A further subject has the row of those like it; one like nobody has a new one, which it is the first of."""
    before = _rows([["a", "a", "b"], ["x", "y", "x"]])
    left, right = before.columns
    columns = [left.extended(["a", "b", "b"]), right.extended(["y", "y", "y"])]
    after = before.extended(columns, 6)
    assert np.array_equal(after.number[:3], before.number)
    assert after.number[3] == before.number[1]
    assert after.number[4] == after.number[5] == before.count
    assert after.count == before.count + 1
    assert after.first[before.count] == 4
    assert [after.values(row) for row in after.number.tolist()] == [
        *(before.values(row) for row in before.number.tolist()),
        ("a", "y"),
        ("b", "y"),
        ("b", "y"),
    ]


def test_rows_without_columns_are_all_alike() -> None:
    """Of an expression that reads nothing of a subject; there may be no subject at first."""
    after = Rows.of([], 2).extended([], 5)
    assert (after.count, after.number.tolist()) == (1, [0] * 5)
    late = Rows.of([], 0).extended([], 2)
    assert (late.count, late.number.tolist(), late.first.tolist()) == (1, [0, 0], [0])


def test_rows_extended_again_and_again_tell_apart_what_all_rows_do() -> None:
    """Whatever comes in whatever portions: equal numbers for equal values, and `first` has the row it is listed for."""
    for seed in range(200):
        chance = random.Random(seed)
        width, total = chance.randint(1, 3), chance.randint(1, 12)
        values = [[chance.choice("abc") for _ in range(total)] for _ in range(width)]
        start = chance.randint(0, total)
        rows = _rows([column[:start] for column in values])
        while start < total:
            end = chance.randint(start + 1, total)
            rows = rows.extended([c.extended(v[start:end]) for c, v in zip(rows.columns, values, strict=True)], end)
            start = end
        whole = list(zip(*values, strict=True))
        assert [rows.values(row) for row in rows.number.tolist()] == whole, seed
        assert len(set(rows.number.tolist())) == rows.count == len(set(whole)), seed
        assert rows.number[rows.first].tolist() == list(range(rows.count)), seed
