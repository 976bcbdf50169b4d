"""What lint says."""

from __future__ import annotations

import enum
import re
from collections.abc import Iterator
from dataclasses import dataclass

from ..errors import RefusedError
from ..policy.documents import Document, Source


class Severity(enum.StrEnum):
    """How sure lint is that something is wrong."""

    ERROR = "error"
    """Planning would be refused, or a must rule can never be kept."""
    WARNING = "warning"
    """Most likely a mistake."""
    INFO = "info"
    """Worth knowing; may well be meant."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One remark. `rule` is the stable name of the check, such as ``unguarded-key``."""

    severity: Severity
    source: Source
    rule: str
    message: str
    fix: str = ""

    def __str__(self) -> str:
        return f"{self.source}: {self.severity}: {self.message} [{self.rule}]" + (f" ({self.fix})" if self.fix else "")


_PLACE = re.compile(r"(?P<file>.*?):(?P<line>\d+):(?P<column>\d+)(?: (?P<field>.*)|$)", re.DOTALL)


def findings_of(refusal: RefusedError) -> Iterator[Finding]:
    """What a refusal says, as findings: errors named after their reason, such as ``policy-field``."""
    for fault in refusal.faults:
        place = _PLACE.fullmatch(fault.path)
        if place is None:
            source, field = Source(fault.path.partition(" ")[0]), ""
        else:
            source = Source(place["file"], int(place["line"]), int(place["column"]))
            field = f"{place['field']}: " if place["field"] else ""
        rule = fault.reason.value.lower().replace("_", "-")
        yield Finding(Severity.ERROR, source, rule, f"{field}{fault.message}", fault.fix)


def finding_at(
    document: Document,
    path: str,
    severity: Severity,
    rule: str,
    message: str,
    fix: str = "",
) -> Finding:
    """A finding about the field at `path` of `document`, whose kind and name begin the message."""
    return Finding(
        severity,
        document.position(path),
        rule,
        f"{document.kind} {document.name}: {message}",
        fix,
    )
