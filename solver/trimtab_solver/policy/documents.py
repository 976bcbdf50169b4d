"""What every policy document shares: header, level, selectors; and the loaded policy as a value."""

from __future__ import annotations

import enum
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Annotated, Any, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel

API_VERSION = "trimtab/v1"
MAX_EXPRESSION_LENGTH = 4096

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
    """Base of every kind that can be switched off."""

    enabled: bool = True
    """Whether it counts at all."""


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

    name: Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9._-]{0,98}[a-z0-9])?$")]
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
