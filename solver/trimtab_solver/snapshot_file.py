"""Snapshot files: the JSON form of the wire's `trimtab.v1.Snapshot`, read without the wire.

What a file may hold follows from the dataclasses of `snapshot`: names of fields as they are there or in lowerCamelCase,
values of enums with the wire's prefix (``HOST_STATE_UP``), 64-bit amounts as numbers or, as protobuf writes them, as
strings, time in RFC 3339. A field that is absent or null has its default; a choice without a safe default is asked for.
"""

from __future__ import annotations

import dataclasses
import difflib
import enum
import functools
import gzip
import json
import re
import zlib
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final, cast, get_args, get_origin, get_type_hints

from .errors import Fault, Reason, SnapshotRefusedError
from .snapshot import FencingState, HostState, Migratability, PoolKind, Snapshot, VmState
from .validation.fault_list import FaultList

SUFFIXES: Final = (".json", ".json.gz")
MAX_BYTES: Final = 1 << 30
"""The most a file may hold after decompression, so that a small file cannot fill the memory."""

_PREFIXES: Final[Mapping[type[enum.StrEnum], str]] = {
    HostState: "HOST_STATE_",
    FencingState: "FENCING_STATE_",
    VmState: "VM_STATE_",
    Migratability: "MIGRATABILITY_",
    PoolKind: "STORAGE_POOL_KIND_",
}
"""Values of enums are global names on the wire."""
_COUNT_BITS: Final = 31
"""Counts and seconds are 32-bit integers on the wire, amounts of resources 64-bit ones."""
_AMOUNT_BITS: Final = 63
_NAMED: Final = 3
_WHOLE = re.compile(r"-?[0-9]{1,20}")
_TIME = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.[0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2})")
_FIRST_SECOND: Final = -62_135_596_800
"""The years 1 to 9999 in UTC, as the wire has them."""
_LAST_SECOND: Final = 253_402_300_799
_SHOWN_LENGTH: Final = 60
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


def load_snapshot(path: str | Path) -> Snapshot:
    """The snapshot in a ``.json`` or ``.json.gz`` file. Whether it makes sense is said where it is used.

    Raises
    ------
    SnapshotRefusedError
        Everything that cannot be read as a snapshot, each with the file, the field, what it is and what it should be.
    OSError
        When there is no such file or it may not be read.
    """
    path = Path(path)
    reader = _Reader(str(path))
    try:
        snapshot: Snapshot = reader.part(Snapshot, _parse(_content(path)), "snapshot")
    except _WrongError as wrong:
        raise SnapshotRefusedError([Fault(wrong.reason, str(path), wrong.message, wrong.fix)]) from wrong
    if faults := reader.faults.all():
        raise SnapshotRefusedError(faults)
    return snapshot


class _WrongError(Exception):
    """What is wrong with a file or a value in it; `below` is the place within the value."""

    def __init__(self, message: str, fix: str, below: str = "", reason: Reason = Reason.MALFORMED_FILE) -> None:
        super().__init__(message)
        self.message, self.fix, self.below, self.reason = message, fix, below, reason


# --- the file -------------------------------------------------------------------------------------------------------


def _content(path: Path) -> bytes:
    if not path.name.endswith(SUFFIXES):
        raise _WrongError("the file name does not say its format", f"end it in {' or '.join(SUFFIXES)}")
    with path.open("rb") as file:
        source = gzip.GzipFile(fileobj=file) if path.name.endswith(".gz") else file
        try:
            content = source.read(MAX_BYTES + 1)
        except (gzip.BadGzipFile, EOFError, zlib.error) as error:
            raise _WrongError(f"cannot be decompressed: {error}", "write the file again") from error
    if len(content) > MAX_BYTES:
        raise _WrongError(f"holds more than {MAX_BYTES >> 20} MiB", "send a smaller cluster")
    return content


def _parse(content: bytes) -> object:
    try:
        return json.loads(content.decode("utf-8"), object_pairs_hook=_unique)
    except UnicodeDecodeError as error:
        raise _WrongError(f"is not UTF-8 at byte {error.start}", "save it as UTF-8") from error
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise _WrongError(f"is not JSON: {error.msg} at {where}", "correct it there") from error
    except ValueError as error:
        raise _WrongError(f"is not JSON: {error}", "correct it") from error
    except RecursionError as error:
        raise _WrongError("is nested too deeply", "a snapshot has four levels") from error


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    content = dict(pairs)
    if len(content) < len(pairs):
        twice = next(name for name, count in Counter(name for name, _ in pairs).items() if count > 1)
        raise _WrongError(f"has {_shown(twice)} twice in one object", "keep one of them")
    return content


# --- its parts ------------------------------------------------------------------------------------------------------


class _Reader:
    """Reads the parts of a snapshot by the types of their fields; what is wrong is added to `faults`."""

    def __init__(self, file: str) -> None:
        self._file = file
        self.faults = FaultList()

    def part(self, kind: Any, content: object, path: str) -> Any:
        """An instance of `kind`, a dataclass of `snapshot`; a field that is wrong has its default."""
        types = _field_types(kind)
        values = {
            name: self._value(types[name], value, f"{path}.{name}")
            for name, value in self._known(kind, content, path).items()
        }
        self._ask_for_choices(types, values, path)
        # an empty name is refused by validation, which says best what it is the name of
        names = dict.fromkeys(_required(kind), "")
        return kind(**names | {name: value for name, value in values.items() if value is not None})

    def _known(self, kind: Any, content: object, path: str) -> dict[str, object]:
        """The values by the names of fields; what is null or not stated is absent."""
        if not isinstance(content, dict):
            self._add(path, _WrongError(f"is {_shown(content)}", "write a JSON object"))
            return {}
        names, types = _field_names(kind), _field_types(kind)
        known: dict[str, object] = {}
        for spelt, value in content.items():
            name = names.get(spelt)
            if name is None:
                close = difflib.get_close_matches(spelt, names, n=_NAMED)
                fix = f"use one of {', '.join(close or types)}, or remove it"
                self._add(path, _WrongError(f"has no field named {_shown(spelt)}", fix))
            elif name in known:
                self._add(f"{path}.{name}", _WrongError("is there in two spellings", "keep one of them"))
            else:
                known[name] = value
        return {name: value for name, value in known.items() if value not in (None, _unspecified(types[name]))}

    def _value(self, type_: Any, value: object, path: str) -> Any:
        """The value of a field of the type; None, and a fault, if it is none."""
        of = get_args(type_)
        try:
            if get_origin(type_) is tuple:
                return self._list(of[0], value, path)
            if get_origin(type_) is Mapping:
                return _map(_text if of[1] is str else _amount, value)
            if type_ in _PREFIXES:
                return _choice(type_, value)
            if path == "snapshot.taken_at":
                return _seconds(value)
            return _text(value) if type_ is str else _count(value)
        except _WrongError as wrong:
            self._add(path, wrong)
            return None

    def _list(self, of: Any, value: object, path: str) -> tuple[Any, ...]:
        if not isinstance(value, list):
            raise _WrongError(f"is {_shown(value)}", "write a list in []")
        if of is not str:
            return tuple(self.part(of, one, f"{path}[{index}]") for index, one in enumerate(value))
        return tuple(_text(one, f"[{index}]") for index, one in enumerate(value))

    def _ask_for_choices(self, types: Mapping[str, Any], values: dict[str, Any], path: str) -> None:
        for name, type_ in types.items():
            # a guess whether a failed host is cut off could start a guest twice; for others it means nothing
            is_needed = type_ is not FencingState or values.get("state") is HostState.DOWN
            if type_ in _PREFIXES and name not in values and is_needed:
                self._add(f"{path}.{name}", _not_stated(type_))

    def _add(self, path: str, wrong: _WrongError) -> None:
        self.faults.add(wrong.reason, f"{self._file} {path}{wrong.below}", wrong.message, wrong.fix)


@functools.cache
def _field_types(kind: Any) -> dict[str, Any]:
    return get_type_hints(kind)


@functools.cache
def _field_names(kind: Any) -> dict[str, str]:
    """The field for every spelling of its name."""
    names = {name: name for name in _field_types(kind)}
    return names | {re.sub("_([a-z])", lambda match: match[1].upper(), name): name for name in names}


@functools.cache
def _required(kind: Any) -> list[str]:
    missing = dataclasses.MISSING
    fields = dataclasses.fields(kind)
    return [field.name for field in fields if field.default is missing and field.default_factory is missing]


# --- values ---------------------------------------------------------------------------------------------------------


def _text(value: object, below: str = "") -> str:
    if not isinstance(value, str):
        raise _WrongError(f"is {_shown(value)}", "write a text in quotes", below)
    if _LONE_SURROGATE.search(value):
        raise _WrongError("holds half a surrogate pair", "write the whole character", below)
    return value


def _count(value: object) -> int:
    return _whole(value, _COUNT_BITS)


def _amount(value: object, below: str) -> int:
    return _whole(value, _AMOUNT_BITS, below)


def _whole(value: object, bits: int, below: str = "") -> int:
    is_whole = isinstance(value, int) or (isinstance(value, float) and value.is_integer())
    if isinstance(value, str) and _WHOLE.fullmatch(value):
        number = int(value)
    elif is_whole and not isinstance(value, bool):
        number = int(cast(float, value))
    else:
        raise _WrongError(f"is {_shown(value)}", "write a whole number", below)
    if not -(1 << bits) <= number < 1 << bits:
        raise _WrongError(f"is {number}", f"use -2^{bits} to 2^{bits} - 1", below)
    return number


def _map(convert: Callable[[object, str], Any], value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _WrongError(f"is {_shown(value)}", "write a JSON object from name to value")
    return {_text(name): convert(one, f"[{name}]") for name, one in value.items()}


def _choice(choices: type[enum.StrEnum], value: object) -> enum.StrEnum:
    names = {f"{_PREFIXES[choices]}{one.name}": one for one in choices}
    if not isinstance(value, str) or value not in names:
        raise _WrongError(f"is {_shown(value)}", f"use one of {', '.join(names)}")
    return names[value]


def _unspecified(type_: Any) -> str | None:
    """How the wire says that a choice is not made; None for what is no choice."""
    return f"{_PREFIXES[type_]}UNSPECIFIED" if type_ in _PREFIXES else None


def _not_stated(choices: type[enum.StrEnum]) -> _WrongError:
    names = (f"{_PREFIXES[choices]}{one.name}" for one in choices)
    return _WrongError("is not stated", f"set it to one of {', '.join(names)}", reason=Reason.INVALID_REQUEST)


def _seconds(value: object) -> int:
    """Seconds since the epoch; fractions are left out."""
    fix = "write it like 2026-01-31T12:00:00Z"
    found = _TIME.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise _WrongError(f"is {_shown(value)}", fix)
    try:
        seconds = int(datetime.fromisoformat(f"{found[1]}{found[2]}").timestamp())
    except ValueError as error:
        raise _WrongError(f"is {_shown(value)}: {error}", fix) from error
    if not _FIRST_SECOND <= seconds <= _LAST_SECOND:
        raise _WrongError(f"is {_shown(value)}", "use a time from year 1 to 9999 in UTC")
    return seconds


def _shown(value: object) -> str:
    """A value as JSON, short enough for a message."""
    text = json.dumps(value)
    return text if len(text) <= _SHOWN_LENGTH else f"{text[:_SHOWN_LENGTH]}..."
