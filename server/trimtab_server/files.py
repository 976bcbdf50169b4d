"""Snapshot and plan files: canonical protobuf JSON or binary, by suffix.

``.json`` and ``.json.gz`` hold the JSON form of `trimtab.v1.Snapshot` or `trimtab.v1.Answer`, ``.pb`` and ``.pb.zst``
the binary form. A plan file holds the whole answer, because a plan is checked with its certificate. ``-`` is standard
input or output; what comes from there or another pipe has no suffix, and is told by its first bytes.
"""

from __future__ import annotations

import gzip
import io
import json
import os
import re
import sys
import tempfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any, Final, TypeVar

import zstandard
from google.protobuf import json_format
from google.protobuf.message import DecodeError, Message

from trimtab.v1 import plan_pb2, snapshot_pb2
from trimtab_solver.authoring.document_kinds import PLAN_FILE, SNAPSHOT
from trimtab_solver.errors import Fault, Reason, RefusedError
from trimtab_solver.outcome import Answer
from trimtab_solver.snapshot import Snapshot

from .convert.answer import answer_from_proto, answer_to_proto
from .convert.snapshot import snapshot_from_proto, snapshot_to_proto
from .file_kinds import mistaken_content, mistaken_path
from .reports.json_text import json_text

SUFFIXES: Final = (".json", ".json.gz", ".pb", ".pb.zst")
MAX_BYTES: Final = 1 << 30
"""The most a file may hold after decompression, so that a small file cannot fill the memory."""

STANDARD: Final = Path("-")
"""Stands for standard input where a file is read, for standard output where one is written."""
_MAGIC: Final = {b"\x1f\x8b": ".gz", b"\x28\xb5\x2f\xfd": ".zst"}
_GZIP_LEVEL = 6
_ZSTD_LEVEL = 3
_AT = re.compile(r' at "[A-Za-z]+\.?([^"]*)"')
_NO_FIELD = re.compile(r'has no field named "([^"]*)".*Available Fields\(except extensions\): "\[(.*)\]"', re.DOTALL)

MessageT = TypeVar("MessageT", bound=Message)
ValueT = TypeVar("ValueT")


def read_snapshot(path: Path) -> Snapshot:
    """The snapshot in the file. Whether it makes sense is for validation to say.

    Raises
    ------
    RefusedError
        `Reason.MALFORMED_FILE` with the position when the file cannot be read as a snapshot; other reasons with field
        paths when it can, and a required value is missing.
    OSError
        When there is no such file or it may not be read.
    """
    message = _read(path, snapshot_pb2.Snapshot(), SNAPSHOT)
    return _with_file_name(path, lambda: snapshot_from_proto(message))


def read_answer(path: Path) -> Answer:
    """The answer, plan and certificate included, in the file. Raises as `read_snapshot`."""
    message = _read(path, plan_pb2.Answer(), PLAN_FILE)
    return _with_file_name(path, lambda: answer_from_proto(message))


def write_snapshot(path: Path, snapshot: Snapshot) -> None:
    """Write the file in the format of its suffix; an existing file is replaced in one step.

    Raises
    ------
    RefusedError
        `Reason.MALFORMED_FILE` when the suffix is none of `SUFFIXES`.
    OSError
        When the file cannot be written.
    """
    _write(path, snapshot_to_proto(snapshot))


def write_answer(path: Path, answer: Answer) -> None:
    """Write the file in the format of its suffix. Raises as `write_snapshot`."""
    _write(path, answer_to_proto(answer))


def json_of(message: Message) -> str:
    """Canonical protobuf JSON, indented; maps in order of key, so that equal messages give equal text."""
    fields = json_format.MessageToDict(message)
    _sort_maps(fields, message.DESCRIPTOR)
    return json_text(fields)


def _suffix(path: Path) -> str:
    for suffix in sorted(SUFFIXES, key=len, reverse=True):
        if path.name.endswith(suffix):
            return suffix
    raise _malformed(str(path), "the file name does not say its format", f"end it in one of {', '.join(SUFFIXES)}")


def _malformed(where: str, message: str, fix: str = "") -> RefusedError:
    return RefusedError([Fault(Reason.MALFORMED_FILE, where, message, fix)])


def _read(path: Path, message: MessageT, wanted: str) -> MessageT:
    if path == STANDARD or path.is_fifo():
        packed = sys.stdin.buffer.read(MAX_BYTES + 1) if path == STANDARD else path.read_bytes()
        if not packed:
            raise _malformed(str(path), "is empty", "name - for one file only, and send it")
        compression = next((name for magic, name in _MAGIC.items() if packed.startswith(magic)), "")
        content = _decompress(path, io.BytesIO(packed), compression)
        is_json = content.lstrip()[:1] == b"{"
    else:
        if mistaken := mistaken_path(path, wanted):
            raise _malformed(str(path), *mistaken)
        suffix = _suffix(path)
        with path.open("rb") as file:
            content = _decompress(path, file, suffix)
        is_json = suffix.startswith(".json")
    if is_json:
        _parse_json(path, content, message, wanted)
    else:
        try:
            message.ParseFromString(content)
        except DecodeError as error:
            raise _malformed(str(path), f"is not {wanted} in binary form: {error}") from error
        if content and not message.ListFields():
            raise _malformed(str(path), f"holds nothing of {wanted}", f"name {wanted}")
    return message


def _decompress(path: Path, file: IO[bytes], suffix: str) -> bytes:
    source: IO[bytes] | gzip.GzipFile | zstandard.ZstdDecompressionReader = file
    if suffix.endswith(".gz"):
        source = gzip.GzipFile(fileobj=file)
    elif suffix.endswith(".zst"):
        source = zstandard.ZstdDecompressor().stream_reader(file, read_across_frames=True)
    try:
        content = source.read(MAX_BYTES + 1)
    except (gzip.BadGzipFile, EOFError, zlib.error, zstandard.ZstdError) as error:
        raise _malformed(str(path), f"cannot be decompressed: {error}", "write the file again") from error
    if len(content) > MAX_BYTES:
        raise _malformed(str(path), f"holds more than {MAX_BYTES >> 20} MiB")
    return content


def _parse_json(path: Path, content: bytes, message: Message, wanted: str) -> None:
    try:
        text = content.decode("utf-8")
        if not text.strip():
            raise _malformed(str(path), "is empty", f"name {wanted}")
        # parsed here too, because json_format does not pass on the position of a syntax error
        fields = json.loads(text)
        if not isinstance(fields, dict):
            raise _malformed(f"{path}:1:1", "is not a JSON object")
        if mistaken := mistaken_content(fields, wanted):
            raise _malformed(str(path), mistaken, f"name {wanted}")
        json_format.Parse(text, message)
    except UnicodeDecodeError as error:
        raise _malformed(str(path), f"is not UTF-8 at byte {error.start}", "save it as UTF-8") from error
    except json.JSONDecodeError as error:
        raise _malformed(f"{path}:{error.lineno}:{error.colno}", f"is not JSON: {error.msg}") from error
    except json_format.ParseError as error:
        place = _AT.search(str(error))
        where = f"{path} {place.group(1)}" if place and place.group(1) else str(path)
        raise _malformed(where, *_unread(str(error))) from error
    except RecursionError as error:
        raise _malformed(str(path), "is nested too deeply") from error


def _unread(error: str) -> tuple[str, str]:
    """What is wrong by the words of the JSON reader, and what to do."""
    if unknown := _NO_FIELD.search(error):
        known = unknown.group(2).replace("'", "")
        return f'has no field named "{unknown.group(1)}"', f"use one of {known}"
    return error, "field names are those of the proto files"


def _with_file_name(path: Path, read: Callable[[], ValueT]) -> ValueT:
    try:
        return read()
    except RefusedError as error:
        renamed = [Fault(fault.reason, f"{path} {fault.path}", fault.message, fault.fix) for fault in error.faults]
        raise type(error)(renamed) from error


def _write(path: Path, message: Message) -> None:
    if path == STANDARD:
        sys.stdout.write(json_of(message))
        return
    suffix = _suffix(path)
    if suffix.startswith(".json"):
        content = json_of(message).encode("utf-8")
    else:
        content = message.SerializeToString(deterministic=True)
    if suffix.endswith(".gz"):
        # no time stamp, so that equal messages give equal files
        content = gzip.compress(content, _GZIP_LEVEL, mtime=0)
    elif suffix.endswith(".zst"):
        content = zstandard.ZstdCompressor(level=_ZSTD_LEVEL).compress(content)
    _replace(path, content)


def _replace(path: Path, content: bytes) -> None:
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        # mkstemp makes it private; a file the user asked for has the usual rights
        umask = os.umask(0)
        os.umask(umask)
        temporary.chmod(0o666 & ~umask)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _sort_maps(fields: dict[str, Any], descriptor: Any) -> None:
    for field in descriptor.fields:
        value = fields.get(field.json_name)
        if field.message_type is None or value is None:
            continue
        if field.message_type.GetOptions().map_entry:
            fields[field.json_name] = dict(sorted(value.items()))
        elif isinstance(value, list):
            for one in value:
                _sort_maps(one, field.message_type)
        elif isinstance(value, dict):  # a Timestamp or Duration is a string here
            _sort_maps(value, field.message_type)
