"""Guests, hosts or pools as columns, and expressions evaluated once per distinct row of the columns they read."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from ..failures import Event
from ..snapshot import Host, Snapshot, StoragePool, Vm
from ..topology import Topology
from .columns import EncodedColumn, Numbers, Rows, present
from .expressions import (
    EvaluationFailure,
    Expression,
    ExpressionError,
    Reference,
    compile_expression,
    conjuncts_of,
)
from .text_conditions import Condition, Texts
from .variables import VARIABLES, ExpressionScope, Returns, Shape, Variable

Parts = Sequence[Vm] | Sequence[Host] | Sequence[StoragePool]
Result = bool | str | EvaluationFailure

_MANY = 256
"""With so many distinct rows it pays to look first which of them a part of the expression decides."""


def event_data(event: Event) -> dict[str, object]:
    """The variables of the event with their values."""
    nowhere = Topology(Snapshot())
    return {
        variable.name: _plain(variable.shape, variable.read(event, nowhere))
        for variable in VARIABLES[ExpressionScope.EVENT].values()
    }


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What an expression gives on some subjects: ``results[row[i]]`` on the i-th. Shape of `row`: [n]."""

    results: Mapping[int, Result]
    row: Numbers

    @property
    def has_failed(self) -> bool:
        """Whether it gives no value on some subject."""
        if EvaluationFailure not in set(map(type, self.results.values())):
            return False
        return any(isinstance(self.results[row], EvaluationFailure) for row in present(self.row))

    @property
    def holds(self) -> npt.NDArray[np.bool_]:
        """Per subject [n], whether the result is true."""
        truth = np.zeros(int(self.row.max(initial=-1)) + 1, dtype=np.bool_)
        truth[[row for row in present(self.row) if self.results[row] is True]] = True
        return truth[self.row]

    def each(self) -> list[Result]:
        """The result on every subject."""
        return [self.results[row] for row in self.row.tolist()]


@dataclass(frozen=True, slots=True)
class _Known:
    """What has been read and evaluated so far."""

    ids: tuple[str, ...]
    index: Mapping[str, int]
    maps: dict[str, EncodedColumn] = field(default_factory=dict)
    columns: dict[Reference, EncodedColumn] = field(default_factory=dict)
    rows: dict[tuple[Reference, ...], Rows] = field(default_factory=dict)
    results: dict[Expression, dict[int, Result]] = field(default_factory=dict)

    def without(self, changed: frozenset[str]) -> _Known:
        """Without what the changed variables are part of."""
        return _Known(
            self.ids,
            self.index,
            {name: column for name, column in self.maps.items() if name not in changed},
            {one: column for one, column in self.columns.items() if one.variable not in changed},
            {many: rows for many, rows in self.rows.items() if _none_of(many, changed)},
            {one: dict(results) for one, results in self.results.items() if _none_of(one.references, changed)},
        )

    def extended(self, scope: ExpressionScope, added: Parts, topology: Topology) -> _Known:
        """With subjects that come after the others; rows keep their numbers and results.

        Only the new subjects are read, unless maps are asked for another key.
        """
        variables = VARIABLES[scope]
        ids = (*self.ids, *(subject.id for subject in added))
        columns = {
            one: column.extended(
                _value(variables[one.variable].shape, one.key, variables[one.variable].read(subject, topology))
                for subject in added
            )
            for one, column in self.columns.items()
        }
        rows = {many: rows.extended([columns[one] for one in many], len(ids)) for many, rows in self.rows.items()}
        return _Known(ids, {name: i for i, name in enumerate(ids)}, {}, columns, rows, self.results)


def _none_of(references: Iterable[Reference], changed: frozenset[str]) -> bool:
    return all(reference.variable not in changed for reference in references)


class Subjects:
    """The guests, hosts or pools of one snapshot, under one event.

    `ids` are in snapshot order; `index` gives their places.
    """

    def __init__(
        self,
        scope: ExpressionScope,
        subjects: Parts,
        topology: Topology,
        event: Mapping[str, object],
        known: _Known | None = None,
    ) -> None:
        if known is None:
            ids = tuple(subject.id for subject in subjects)
            known = _Known(ids, {name: i for i, name in enumerate(ids)})
        self.scope = scope
        self.ids, self.index = known.ids, known.index
        self._subjects = subjects
        self._topology = topology
        self._event = dict(event)
        self._known = known
        self._texts: dict[tuple[Reference, ...], list[Texts | None]] = {}

    def after(
        self,
        subjects: Parts,
        topology: Topology,
        event: Mapping[str, object],
        changed: frozenset[str],
    ) -> Subjects:
        """The same subjects at a later time, and further ones after them.

        `changed` are the variables, of the event too, that have other values on some of the same subjects now.
        """
        known = self._known.without(changed)
        if len(subjects) > len(self.ids):
            known = known.extended(self.scope, subjects[len(self.ids) :], topology)
        return Subjects(self.scope, subjects, topology, event, known)

    @property
    def all(self) -> Numbers:
        """Every index."""
        return np.arange(len(self.ids))

    def named(self, indexes: Numbers) -> tuple[str, ...]:
        """The ids of the subjects of these indexes."""
        return tuple(map(self.ids.__getitem__, indexes.tolist()))

    def with_label(self, key: str, value: str, indexes: Numbers) -> Numbers:
        """Those of `indexes` whose label has the value."""
        column = self._column(Reference(f"{self.scope.value}.labels", key))
        matches = np.array([one == value for one in column.distinct], dtype=np.bool_)
        return indexes[matches[column.number[indexes]]]

    def evaluate(self, expression: Expression, indexes: Numbers) -> Evaluation:
        """The results of `expression` on the subjects of these indexes."""
        references = self._references(expression)
        # only what is read: the library converts everything that it is given, once per row
        event = {
            ref.variable: self._event[ref.variable] for ref in expression.references if ref.variable in self._event
        }
        rows = self._rows_of(references)
        row = rows.number[indexes]
        results = self._known.results.setdefault(expression, {})
        wanted = [number for number in present(row) if number not in results]
        if wanted and expression.text_condition is not None:
            results.update(self._compared(expression.text_condition, references, wanted))
            wanted = [number for number in wanted if number not in results]
        if len(wanted) > _MANY and expression.returns is Returns.BOOL:
            decided = self._decided(expression, indexes, row, len(wanted))
            results.update(dict.fromkeys(decided, False))
            wanted = [number for number in wanted if number not in decided]
        for number in wanted:
            results[number] = self._result(expression, event, references, rows.values(number))
        return Evaluation(results, row)

    def _compared(
        self, condition: Condition, references: tuple[Reference, ...], wanted: Sequence[int]
    ) -> Iterator[tuple[int, bool]]:
        """The results on those rows that have all texts."""
        texts = self._texts_of(references)
        for number in wanted:
            row = texts[number]
            if row is not None:
                yield number, condition(row)

    def _texts_of(self, references: tuple[Reference, ...]) -> list[Texts | None]:
        """Per row what the references are, None where one is missing."""
        if references not in self._texts:
            rows = self._rows_of(references)
            names = [(reference.variable, reference.key) for reference in references]
            self._texts[references] = [
                None if None in (row := rows.values(n)) else dict(zip(names, row, strict=True))
                for n in range(rows.count)
            ]
        return self._texts[references]

    def _references(self, expression: Expression) -> tuple[Reference, ...]:
        """What the expression reads of a subject."""
        return tuple(ref for ref in expression.references if ref.variable not in self._event)

    def _decided(self, expression: Expression, indexes: Numbers, row: Numbers, count: int) -> set[int]:
        """Rows on which a part with fewer distinct rows is false, so that the whole is.

        In CEL ``a && b`` is false when either is, whatever the other one gives, be it an error.
        """
        decided: set[int] = set()
        for source in conjuncts_of(expression.source):
            try:
                part = compile_expression(source, self.scope, Returns.BOOL)
            except ExpressionError:
                continue  # of a type that is known only when it is evaluated
            if 2 * self._rows_of(self._references(part)).count <= count:
                values = self.evaluate(part, indexes)
                false = np.array([values.results.get(n) is False for n in range(int(values.row.max()) + 1)])
                decided.update(present(row[false[values.row]]))
        return decided

    def _result(
        self,
        expression: Expression,
        event: Mapping[str, object],
        references: Sequence[Reference],
        row: tuple[Any, ...],
    ) -> Result:
        if expression.gives_reference and isinstance(row[0], str):
            return row[0]
        return expression.evaluate(self._data(event, references, row))

    def _rows_of(self, references: tuple[Reference, ...]) -> Rows:
        """What each subject has for all of the references together."""
        if references not in self._known.rows:
            self._known.rows[references] = Rows.of([self._column(reference) for reference in references], len(self.ids))
        return self._known.rows[references]

    def _column(self, reference: Reference) -> EncodedColumn:
        column = self._known.columns.get(reference)
        if column is None:
            variable, key = VARIABLES[self.scope][reference.variable], reference.key
            if variable.shape.is_map:
                column = self._maps_of(variable).map(lambda one: _value(variable.shape, key, one))
            else:
                values = (variable.read(subject, self._topology) for subject in self._subjects)
                column = EncodedColumn.of((_value(variable.shape, key, value) for value in values), len(self.ids))
            self._known.columns[reference] = column
        return column

    def _maps_of(self, variable: Variable) -> EncodedColumn:
        maps = self._known.maps.get(variable.name)
        if maps is None:
            values = [variable.read(subject, self._topology) for subject in self._subjects]
            maps = self._known.maps[variable.name] = EncodedColumn.of_objects(values, len(values))
        return maps

    def _data(
        self, event: Mapping[str, object], references: Sequence[Reference], row: tuple[Any, ...]
    ) -> dict[str, object]:
        data: dict[str, Any] = dict(event)
        for reference, value in zip(references, row, strict=True):
            if reference.key is None:
                data[reference.variable] = _plain(VARIABLES[self.scope][reference.variable].shape, value)
            else:
                keys = data.setdefault(reference.variable, {})
                if value is not None:
                    keys[reference.key] = value
        return data


def _value(shape: Shape, key: str | None, value: Any) -> Hashable:
    """A variable's value, or that of one key of a map, as columns have it."""
    if shape.is_map:
        return tuple(value.items()) if key is None else value.get(key)
    found: Hashable = tuple(value) if shape is Shape.STRINGS else value
    return found


def _plain(shape: Shape, value: Any) -> object:
    """`value` as the CEL library wants it: it takes dict and list, no other mapping or sequence."""
    if shape.is_map:
        return dict(value)
    return list(value) if shape is Shape.STRINGS else value
