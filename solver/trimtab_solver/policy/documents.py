"""What every policy document shares: header, level, selectors; and the loaded policy as a value."""

from __future__ import annotations

import enum
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Annotated, Any, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel

from ..errors import Fault, PolicyRefusedError, Reason
from .marks import Computes
from .moments import LAST_SECOND, Moment, seconds_since_epoch
from .variables import ExpressionScope, Returns

API_VERSION = "trimtab/v1"
MAX_EXPRESSION_LENGTH = 4096
NAME_PATTERN = r"^[a-z0-9]([a-z0-9._-]{0,98}[a-z0-9])?$"

Expression = Annotated[str, Field(min_length=1, max_length=MAX_EXPRESSION_LENGTH)]
"""A CEL expression. The kind that uses it says which variables it sees and what it must return."""


class Strict(BaseModel):
    """Unknown fields are errors; values are never coerced; YAML keys are camelCase."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        strict=True,
        alias_generator=to_camel,
        populate_by_name=True,
        # so that the schema for editors says what the code says
        use_attribute_docstrings=True,
    )


class Level(enum.StrEnum):
    """How binding a rule is."""

    MUST = "must"
    """No action may break it; a breach that is already there is tolerated, never worsened, repaired where possible."""
    SHOULD = "should"
    """Weighted wish."""


class Selector(Strict):
    """Picks guests or hosts. Every part given must hold; a label that is missing does not match.

    `cel` sees ``vm.*`` or ``host.*`` and ``event.*`` and must return a bool.
    """

    model_config = ConfigDict(
        json_schema_extra={"anyOf": [{"required": [part]} for part in ("ids", "matchLabels", "cel")]}
    )

    ids: tuple[str, ...] | None = Field(default=None, strict=False)
    """One of these ids."""
    match_labels: dict[str, str] | None = None
    """All of these labels with these values."""
    cel: Expression | None = None
    """CEL over ``vm`` (or ``host``) and ``event`` that returns a bool."""

    @model_validator(mode="after")
    def _selects_by_something(self) -> Self:
        if self.ids is None and self.match_labels is None and self.cel is None:
            raise ValueError(
                "a selector needs at least one of ids, matchLabels, cel; to select everything write cel: 'true'"
            )
        return self


class Spec(Strict):
    """Base of every kind's ``spec``."""


class Switched(Spec):
    """Base of every kind that can be switched off, or be in force for a time."""

    enabled: bool = True
    """Whether it counts at all."""
    since: Moment | None = Field(default=None, alias="from")
    """When it comes into force; measured by the time of the snapshot."""
    until: Moment | None = None
    """When it is no longer in force."""

    @property
    def has_window(self) -> bool:
        """Whether it depends on the time."""
        return self.since is not None or self._ends_at < LAST_SECOND

    @property
    def _ends_at(self) -> int:
        """The last second is the end of time: a window until then has no end."""
        return LAST_SECOND if self.until is None else min(seconds_since_epoch(self.until), LAST_SECOND)

    def is_in_force(self, time: int) -> bool:
        """Whether it is switched on, and `time` (seconds since the epoch) lies within its window."""
        begins = self.since is None or seconds_since_epoch(self.since) <= time
        return self.enabled and begins and (time < self._ends_at or self._ends_at == LAST_SECOND)

    @model_validator(mode="after")
    def _begins_before_it_ends(self) -> Self:
        if self.since and self.until and seconds_since_epoch(self.since) >= seconds_since_epoch(self.until):
            raise ValueError(f"the window ends at {self.until}, not after it begins at {self.since}")
        return self


class RuleSpec(Switched):
    """Base of every kind that constrains placement: must, or should with a weight."""

    model_config = ConfigDict(
        json_schema_extra={
            "if": {"required": ["level"], "properties": {"level": {"const": "should"}}},
            "then": {"required": ["weight"]},
            "else": {"properties": {"weight": False}},
        }
    )

    level: Level = Field(default=Level.MUST, strict=False)
    """must: no action may break it. should: a weighted wish."""
    weight: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    """What one unit of breach costs; with level should only."""
    message_expression: Annotated[Expression, Computes(ExpressionScope.VM, Returns.STRING)] | None = None
    """What people read where the rule refuses something, evaluated on the guest, or on one of the group."""

    @property
    def is_must(self) -> bool:
        """Whether no action may break it."""
        return self.level is Level.MUST

    @model_validator(mode="after")
    def _weight_goes_with_should(self) -> Self:
        if self.level is Level.SHOULD and self.weight is None:
            raise ValueError("level: should needs a weight; add weight: 1 to 1000000")
        if self.level is Level.MUST and self.weight is not None:
            raise ValueError("level: must takes no weight; remove it or use level: should")
        return self


class Metadata(Strict):
    """Who a document is. `name` is unique in a policy and appears in reasons and errors."""

    name: Annotated[str, Field(pattern=NAME_PATTERN)]
    description: str = ""
    owner: str = ""


@dataclass(frozen=True, slots=True)
class Source:
    """Where a document, or a field of it, stands. Lines and columns count from 1; line 0 means unknown."""

    file: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        if not self.line:
            return self.file
        return f"{self.file}:{self.line}" + (f":{self.column}" if self.column else "")


SpecT = TypeVar("SpecT", bound=Spec)


@dataclass(frozen=True, slots=True)
class Document:
    """One loaded document. `positions` maps field paths such as ``spec.rank`` to where they stand."""

    kind: str
    metadata: Metadata
    spec: Spec
    source: Source
    positions: dict[str, Source] = field(default_factory=dict, compare=False)
    content: dict[str, Any] = field(default_factory=dict, compare=False)
    """The document as read, for the digest and for `fmt`."""

    @property
    def name(self) -> str:
        """The name in its metadata."""
        return self.metadata.name

    @property
    def is_enabled(self) -> bool:
        """Whether it is not switched off."""
        return not isinstance(self.spec, Switched) or self.spec.enabled

    def position(self, path: str) -> Source:
        """Where `path` stands, or the nearest field around it, or the document."""
        while path:
            if path in self.positions:
                return self.positions[path]
            path = path.rpartition(".")[0]
        return self.source


@dataclass(frozen=True, slots=True)
class Policy:
    """Every document of a policy set, in the order read, and their digest (independent of order).

    `tests` are the PolicyTest documents beside them. They constrain nothing, and the digest is independent of them.
    """

    documents: tuple[Document, ...]
    digest: str
    tests: tuple[Document, ...] = ()

    def of(self, spec_type: type[SpecT]) -> Iterator[tuple[Document, SpecT]]:
        """Documents of one kind with their spec, in order; those switched off are left out."""
        for document in self.documents:
            if isinstance(document.spec, spec_type) and document.is_enabled:
                yield document, document.spec

    def only(self, spec_type: type[SpecT]) -> tuple[Document, SpecT] | None:
        """The one document of a kind that may be in force once at a time, or None.

        Raises
        ------
        PolicyRefusedError
            When there are two.
        """
        found = list(self.of(spec_type))
        if len(found) > 1:
            (first, _), (second, _) = found[:2]
            message = f"a second {second.kind}, {second.name}; the first is {first.name} at {first.source}"
            fix = "at most one may be in force at a time; merge them, disable one, or give them different windows"
            raise PolicyRefusedError([Fault(Reason.POLICY_CONFLICT, f"{second.source} kind", message, fix)])
        return found[0] if found else None

    def at(self, time: int) -> Policy:
        """The policy as it is in force at `time`, the seconds since the epoch of a snapshot (0: unknown).

        Raises
        ------
        PolicyRefusedError
            When a document has a window and the time is unknown.
        """
        windowed = [d for d in self.documents if isinstance(d.spec, Switched) and d.spec.enabled and d.spec.has_window]
        if not windowed:
            return self
        if not time:
            fix = "send taken_at in the snapshot, or remove the window"
            raise PolicyRefusedError(
                [
                    Fault(
                        Reason.POLICY_EVALUATION,
                        f"{document.position('spec')} spec",
                        f"whether {document.name} is in force depends on the time, which the snapshot does not tell",
                        fix,
                    )
                    for document in windowed
                ]
            )
        kept = (d for d in self.documents if not isinstance(d.spec, Switched) or d.spec.is_in_force(time))
        return replace(self, documents=tuple(kept))
