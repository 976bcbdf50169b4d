"""Guests or hosts as columns, and expressions evaluated once per distinct row of the columns they read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..failures import Event
from ..snapshot import Host, Snapshot, Vm
from ..topology import Topology
from .expressions import EvaluationFailure, Expression, Reference
from .variables import VARIABLES, Scope, Shape

Result = bool | str | EvaluationFailure


def event_data(event: Event) -> dict[str, object]:
    """The variables of the event with their values."""
    nowhere = Topology(Snapshot())
    return {
        variable.name: _plain(variable.shape, variable.read(event, nowhere))
        for variable in VARIABLES[Scope.EVENT].values()
    }


class Subjects:
    """The guests or hosts of one snapshot, under one event. `ids` are in snapshot order; `index` gives their places."""

    def __init__(
        self,
        scope: Scope,
        subjects: Sequence[Vm] | Sequence[Host],
        topology: Topology,
        event: Mapping[str, object],
    ) -> None:
        self.scope = scope
        self.ids = tuple(subject.id for subject in subjects)
        self.index = {name: i for i, name in enumerate(self.ids)}
        self._subjects = subjects
        self._topology = topology
        self._event = dict(event)
        self._columns: dict[Reference, list[Any]] = {}
        self._results: dict[Expression, dict[Any, Result]] = {}

    def labels(self, key: str) -> list[str | None]:
        """The value of one label per subject; None where it is missing."""
        return self._column(Reference(f"{self.scope.value}.labels", key))

    def evaluate(self, expression: Expression, indexes: Sequence[int]) -> list[Result]:
        """The result of `expression` for each of `indexes`, in their order."""
        if not indexes:
            return []
        references = [ref for ref in expression.references if ref.variable not in self._event]
        # only what is read: the library converts everything that it is given, once per row
        event = {
            ref.variable: self._event[ref.variable] for ref in expression.references if ref.variable in self._event
        }
        results = self._results.setdefault(expression, {})
        whole = len(indexes) == len(self.ids)
        columns = [self._column(ref) if whole else [self._column(ref)[i] for i in indexes] for ref in references]
        rows = list(zip(*columns, strict=True)) if columns else [()] * len(indexes)
        for row in set(rows) - results.keys():
            results[row] = expression.evaluate(self._data(event, references, row))
        return [results[row] for row in rows]

    def _column(self, reference: Reference) -> list[Any]:
        column = self._columns.get(reference)
        if column is None:
            variable = VARIABLES[self.scope][reference.variable]
            values = [variable.read(subject, self._topology) for subject in self._subjects]
            if reference.key is not None:
                column = [value.get(reference.key) for value in values]
            elif variable.shape.is_map:
                column = [tuple(value.items()) for value in values]
            elif variable.shape is Shape.STRINGS:
                column = [tuple(value) for value in values]
            else:
                column = values
            self._columns[reference] = column
        return column

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


def _plain(shape: Shape, value: Any) -> object:
    """`value` as the CEL library wants it: it takes dict and list, no other mapping or sequence."""
    if shape.is_map:
        return dict(value)
    return list(value) if shape is Shape.STRINGS else value
