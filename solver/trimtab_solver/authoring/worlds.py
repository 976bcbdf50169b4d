"""All guests, hosts or events that selectors can tell apart, so that their relations are proven without any cluster.

A selector that only compares variables with literals cannot tell two guests apart that agree on these comparisons. One
guest per combination of outcomes therefore stands for every guest there can be: a selector that matches none of them
matches nothing, and one whose matches are among another's implies it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain, combinations, product
from typing import Any, Final

from ..policy.documents import Selector
from ..policy.expressions import Expression, Reference, compile_expression
from ..policy.variables import VARIABLES, ExpressionScope, Returns, Shape
from .comparisons import comparisons_in, is_understood

MAX_WORLDS: Final = 4096
"""Beyond so many combinations nothing is said."""

OTHER: Final = "\N{BULLET}other"
"""A text that no policy compares with."""
_MAX_SUBSETS: Final = 6
"""Lists are tried with every subset of at most so many literals."""

World = Mapping[str, Any]
"""Variables to values, as expressions see them."""


@dataclass(frozen=True, slots=True)
class Worlds:
    """Every distinguishable guest, host or event."""

    scope: ExpressionScope
    all: tuple[World, ...]

    def where(self, selector: Selector) -> frozenset[int]:
        """The numbers of the worlds that the selector matches."""
        return frozenset(n for n, world in enumerate(self.all) if _matches(selector, self.scope, world))

    def holding(self, condition: str) -> frozenset[int]:
        """The numbers of the worlds in which the condition holds."""
        compiled = compile_expression(condition, self.scope, Returns.BOOL)
        return frozenset(n for n, world in enumerate(self.all) if _holds(compiled, world))


def worlds_of(
    scope: ExpressionScope,
    selectors: Iterable[Selector] = (),
    conditions: Iterable[str] = (),
    references: Iterable[Reference] = (),
) -> Worlds | None:
    """Everything that these selectors and conditions can tell apart; None when that cannot be told, or is too much.

    `references` are variables that matter in another way: they have a value of their own in every world.
    """
    literals: dict[Reference, set[str | int]] = {reference: set() for reference in references}
    if any(reference.key is None and VARIABLES[scope][reference.variable].shape.is_map for reference in literals):
        return None
    sources = list(conditions)
    for selector in selectors:
        if selector.ids is not None:
            literals.setdefault(Reference(f"{scope.value}.id"), set()).update(selector.ids)
        for key, value in (selector.match_labels or {}).items():
            literals.setdefault(Reference(f"{scope.value}.labels", key), set()).add(value)
        if selector.cel is not None:
            sources.append(selector.cel)
    for source in sources:
        if not is_understood(source):
            return None
        compiled = compile_expression(source, scope, Returns.BOOL)
        for reference in compiled.references:
            if reference.key is None and VARIABLES[scope][reference.variable].shape.is_map:
                return None
            literals.setdefault(reference, set())
        for comparison in comparisons_in(source, scope):
            literals.setdefault(comparison.reference, set()).add(comparison.value)
    choices = {reference: _choices(reference, scope, found) for reference, found in sorted(literals.items(), key=str)}
    if math.prod(len(values) for values in choices.values()) > MAX_WORLDS:
        return None
    return Worlds(scope, tuple(_world(tuple(choices), values) for values in product(*choices.values())))


def _choices(reference: Reference, scope: ExpressionScope, literals: set[str | int]) -> list[Any]:
    """The values of a variable that make a difference."""
    shape = VARIABLES[scope][reference.variable].shape
    texts = sorted(value for value in literals if isinstance(value, str))
    if shape is Shape.STRINGS:
        if len(texts) > _MAX_SUBSETS:
            return [None] * (MAX_WORLDS + 1)
        return [list(part) for part in chain.from_iterable(combinations(texts, n) for n in range(len(texts) + 1))]
    if shape in (Shape.INT, Shape.INT_MAP):
        numbers = {value for value in literals if isinstance(value, int)} or {0}
        values: list[Any] = sorted({near for number in numbers for near in (number - 1, number, number + 1)})
        if scope is ExpressionScope.EVENT or reference.variable.startswith("event."):
            values = [value for value in values if value >= 0]
    else:
        values = [*texts, OTHER]
    return [*values, None] if reference.key is not None else values


def _world(references: tuple[Reference, ...], values: tuple[Any, ...]) -> World:
    """The values of one combination; a key whose value is None is missing."""
    world: dict[str, Any] = {}
    for reference, value in zip(references, values, strict=True):
        if reference.key is None:
            world[reference.variable] = value
        else:
            keys = world.setdefault(reference.variable, {})
            if value is not None:
                keys[reference.key] = value
    return world


def _matches(selector: Selector, scope: ExpressionScope, world: World) -> bool:
    if selector.ids is not None and world[f"{scope.value}.id"] not in selector.ids:
        return False
    labels = world.get(f"{scope.value}.labels", {})
    if any(labels.get(key) != value for key, value in (selector.match_labels or {}).items()):
        return False
    return selector.cel is None or _holds(compile_expression(selector.cel, scope, Returns.BOOL), world)


def _holds(expression: Expression, world: World) -> bool:
    return expression.evaluate(_seen(expression, world)) is True


def _seen(expression: Expression, world: World) -> dict[str, Any]:
    """What the expression reads; a map of which it only tests keys is there, if empty."""
    return {name: world.get(name, {}) for name in {reference.variable for reference in expression.references}}


def describe(world: World) -> str:
    """A world in words: what tells it from the others."""
    return ", ".join(_facts(world)) or "any"


def _facts(world: World) -> Iterator[str]:
    for name, value in world.items():
        if isinstance(value, dict):
            yield from (f"{name}.{key} = {_shown(one)}" for key, one in value.items())
        else:
            yield f"{name} = {_shown(value)}"


def _shown(value: object) -> str:
    if value == OTHER:
        return "something else"
    return f"'{value}'" if isinstance(value, str) else str(value)
