"""YAML as policies use it: one meaning per text, and a position for every value.

Scalars follow the YAML 1.2 core schema. What YAML 1.1 reads in another way (``no`` as false, ``010`` as eight) must be
quoted. Anchors, aliases, merge keys, tags, duplicate keys and keys that are not strings are refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

import yaml

from ..errors import Fault, Reason
from ..policy.documents import Source
from .plain_scalars import UNREADABLE, plain_value
from .raw_documents import RawDocument, ReadFile, Scalar, child

MAX_FILE_BYTES: Final = 1 << 20
MAX_NESTING: Final = 32
MAX_KEY_LENGTH: Final = 512
"""Keys are repeated in the path of all that is below them."""

_LOADER: Final[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_TWO_MEANINGS = re.compile(r"(?:[yY]es|YES|[nN]o|NO|[oO]n|ON|[oO]ff|OFF)|[-+]?0[0-9]+")
"""A boolean or an octal number in YAML 1.1, a word or a decimal number in YAML 1.2."""
_LINE_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
"""What the YAML library counts as the end of a line."""


def read_yaml(name: str, data: bytes) -> ReadFile:
    """Every document of a file called `name`. Never raises for what `data` holds: that becomes faults."""
    reader = _Reader(name)
    reader.read(data)
    return ReadFile(tuple(reader.documents), tuple(reader.faults), reader.is_whole)


class _TooDeepError(Exception):
    """Nesting beyond the limit: the rest of the file is not read."""


class _Reader:
    def __init__(self, name: str) -> None:
        self.name = name
        self.documents: list[RawDocument] = []
        self.faults: list[Fault] = []
        self.is_whole = True
        self._lines: list[str] = []
        self._document = RawDocument(Source(name))
        self._runs_on = False
        """Whether what seems to be another document has begun in the middle of this one."""

    def read(self, data: bytes) -> None:
        if len(data) > MAX_FILE_BYTES:
            self._malformed(
                Source(self.name),
                f"has {len(data)} bytes, the limit is {MAX_FILE_BYTES}",
                "split it into several files",
            )
            return
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            self._malformed(
                Source(self.name),
                f"is not UTF-8: byte {error.start} {error.reason}",
                "save it as UTF-8",
            )
            return
        self._lines = [*_LINE_BREAK.split(text), ""]
        try:
            self._read_events(yaml.parse(text, Loader=_LOADER))
        except _TooDeepError:
            self.is_whole = False
        except yaml.MarkedYAMLError as error:
            if self.documents and self.documents[-1] is self._document:
                # what looks like a document before text that belongs to none is a part of one
                self.documents.pop()
            mark = error.problem_mark or error.context_mark
            at = Source(self.name, mark.line + 1, mark.column + 1) if mark else Source(self.name)
            context = f" {error.context}" if error.context else ""
            self._malformed(
                at,
                f"is not YAML: {error.problem}{context}",
                "check indentation, quotes and brackets here",
            )
        except yaml.YAMLError as error:
            self._malformed(
                Source(self.name),
                f"is not YAML: {str(error).splitlines()[0]}",
                "remove such characters",
            )

    def _read_events(self, events: Iterator[Any]) -> None:
        for event in events:
            if isinstance(event, yaml.DocumentStartEvent):
                self._document = RawDocument(self._source(event))
                self._runs_on = False
            elif isinstance(event, yaml.NodeEvent):
                document = self._document
                document.source = self._source(event)
                document.content = self._value(event, events, "", 0)
                if document.content is not None or document.broken:
                    self.documents.append(document)

    def _value(self, event: Any, events: Iterator[Any], path: str, depth: int) -> Any:
        at = self._source(event)
        self._document.positions.setdefault(path, at)
        if isinstance(event, yaml.AliasEvent):
            self._broken(
                path,
                at,
                f"uses the alias *{event.anchor}",
                "write the value out; aliases are not allowed",
            )
            return None
        if event.anchor is not None:
            self._syntax(
                at,
                path,
                f"defines the anchor &{event.anchor}",
                "remove it; anchors are not allowed",
            )
        if event.tag is not None:
            self._syntax(
                at,
                path,
                f"has the tag {event.tag}",
                "remove it; put the value in quotes if it is text",
            )
        if isinstance(event, yaml.ScalarEvent):
            return self._scalar(event, path, at)
        if depth >= MAX_NESTING:
            message, fix = (
                f"is nested more than {MAX_NESTING} deep",
                "no policy needs that; check the brackets",
            )
            self.faults.append(Fault(Reason.POLICY_SYNTAX, str(at), message, fix))
            raise _TooDeepError
        if isinstance(event, yaml.SequenceStartEvent):
            return self._sequence(events, path, depth)
        return self._mapping(events, path, depth)

    def _sequence(self, events: Iterator[Any], path: str, depth: int) -> list[Any]:
        values: list[Any] = []
        while not isinstance(event := next(events), yaml.SequenceEndEvent):
            values.append(self._value(event, events, child(path, len(values)), depth + 1))
        return values

    def _mapping(self, events: Iterator[Any], path: str, depth: int) -> dict[str, Any]:
        values: dict[str, Any] = {}
        while not isinstance(event := next(events), yaml.MappingEndEvent):
            key = self._key(event, events, path)
            below = next(events)
            if key is None:
                self._skip(below, events)
                continue
            inner, at = child(path, key), self._source(event)
            if key in values:
                self._repeated(key, inner, at)
                self._skip(below, events)
                continue
            self._document.keys[inner] = at
            if isinstance(below, yaml.CollectionStartEvent):
                self._document.positions[inner] = at
            values[key] = self._value(below, events, inner, depth + 1)
        return values

    def _repeated(self, key: str, path: str, at: Source) -> None:
        """Of two documents with no line between them one fault is enough: the first key of the second one."""
        first, is_header = self._document.keys[path], path == key
        if not is_header:
            self._syntax(at, path, f'repeats the key "{key}" of line {first.line}', "keep one of them")
        elif not self._runs_on:
            fix = "keep one of them, or write a line --- before it if another document begins here"
            self._syntax(at, path, f'repeats the key "{key}" of line {first.line}', fix)
            self._runs_on, self.is_whole = True, False

    def _key(self, event: Any, events: Iterator[Any], path: str) -> str | None:
        """The key as text; None, after saying why, when it is not one."""
        at = self._source(event)
        if not isinstance(event, yaml.ScalarEvent):
            self._syntax(at, path, "has a key that is not a string", "use plain words as keys")
            self._skip(event, events)
            return None
        if event.anchor is not None or event.tag is not None:
            self._syntax(
                at,
                path,
                f'has an anchor or tag on the key "{event.value}"',
                "remove it",
            )
        if event.implicit[0] and event.value == "<<":
            self._syntax(
                at,
                path,
                "uses the merge key <<",
                "write the fields out; merge keys are not allowed",
            )
            return None
        if event.implicit[0] and _TWO_MEANINGS.fullmatch(event.value):
            self._ambiguous(at, path, f"has the key {event.value}", event.value)
        if len(event.value) > MAX_KEY_LENGTH:
            message = f"has a key of {len(event.value)} characters, the limit is {MAX_KEY_LENGTH}"
            self._syntax(at, path, message, "use a shorter name")
            return None
        value = plain_value(event.value) if event.implicit[0] else event.value
        if not isinstance(value, str):
            self._syntax(
                at,
                path,
                f"has the key {event.value}, which is not a string",
                f'write "{event.value}" in quotes',
            )
            return None
        return value

    def _skip(self, event: Any, events: Iterator[Any]) -> None:
        depth = 0
        while True:
            if isinstance(event, yaml.CollectionStartEvent):
                depth += 1
            elif isinstance(event, yaml.CollectionEndEvent):
                depth -= 1
            if depth == 0:
                return
            event = next(events)

    def _scalar(self, event: Any, path: str, at: Source) -> Any:
        start, end = event.start_mark, event.end_mark
        style = event.style or ""
        one_line = start.line == end.line
        if style == "|":
            raw = "\n".join(self._lines[start.line + 1 : end.line])
        elif one_line:
            raw = self._lines[start.line][start.column : end.column]
            raw = raw[1:-1] if style else raw
        else:
            raw = ""
        self._document.scalars[path] = Scalar(at, style, raw, one_line)
        if not event.implicit[0] or style:
            return event.value
        if _TWO_MEANINGS.fullmatch(event.value):
            self._ambiguous(at, path, f"is {event.value}", event.value)
            return event.value
        value = plain_value(event.value)
        if value is UNREADABLE:
            self._broken(
                path,
                at,
                f"is {event.value[:40]}, not a usable number",
                "put it in quotes if it is text",
            )
            return None
        return value

    def _source(self, event: Any) -> Source:
        return Source(self.name, event.start_mark.line + 1, event.start_mark.column + 1)

    def _ambiguous(self, at: Source, path: str, what: str, text: str) -> None:
        if text[-1].isdigit():
            message, fix = f"{what}, octal in YAML 1.1 and decimal in 1.2", "without the leading zero"
        else:
            message, fix = f"{what}, a boolean in YAML 1.1 and a word in 1.2", "as true or false if it is a boolean"
        self._syntax(at, path, message, f'write it in quotes, "{text}", if it is text, or {fix}')

    def _broken(self, path: str, at: Source, message: str, fix: str) -> None:
        self._document.broken.add(path)
        self._syntax(at, path, message, fix)

    def _syntax(self, at: Source, path: str, message: str, fix: str) -> None:
        self._document.broken.add(path)
        self.faults.append(Fault(Reason.POLICY_SYNTAX, f"{at} {path}".rstrip(), message, fix))

    def _malformed(self, at: Source, message: str, fix: str) -> None:
        self.is_whole = False
        self.faults.append(
            Fault(
                Reason.POLICY_SYNTAX if at.line else Reason.MALFORMED_FILE,
                str(at),
                message,
                fix,
            )
        )
