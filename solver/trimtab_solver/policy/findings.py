"""What lint says."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from .documents import Document, Source


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
