"""Policy files in one layout: indentation, blanks and separators. Comments, quotes and every order stay as written."""

from __future__ import annotations

import io
from typing import Any

from ruamel.yaml import YAML

from ..errors import PolicyRefusedError, Reason
from .raw_documents import ReadFile
from .shapes import field_fault
from .strict_yaml import read_yaml

_INDENT = 2
_NEVER_WRAP = 1 << 20


def format_file(name: str, data: bytes) -> bytes:
    """The content of the policy file `name` in the common layout. Formatting twice changes nothing more.

    Raises
    ------
    PolicyRefusedError
        If it is no policy YAML (`strict_yaml`), or cannot be laid out without changing what it says.
    """
    before = read_yaml(name, data)
    if before.faults:
        raise PolicyRefusedError(before.faults)
    if not before.documents:
        return data
    formatted = _laid_out(_laid_out(data.decode("utf-8-sig"))).encode()
    if _contents(read_yaml(name, formatted)) != _contents(before):
        at = before.documents[0].source
        message = "cannot be laid out without changing what it says"
        fix = "write unusual scalars in quotes, then format again"
        raise PolicyRefusedError([field_fault(at, "", message, fix, Reason.POLICY_SYNTAX)])
    return formatted


def _laid_out(text: str) -> str:
    yaml = YAML(typ="rt")
    yaml.preserve_quotes = True
    yaml.width = _NEVER_WRAP
    yaml.indent(mapping=_INDENT, sequence=2 * _INDENT, offset=_INDENT)
    written = io.StringIO()
    yaml.dump_all(list(yaml.load_all(text)), written)
    lines = (line.rstrip() for line in written.getvalue().splitlines())
    return "\n".join(lines).strip("\n") + "\n"


def _contents(read: ReadFile) -> list[Any]:
    return [document.content for document in read.documents]
