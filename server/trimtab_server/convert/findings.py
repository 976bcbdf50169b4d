"""Findings about a policy: the front process sends them too, so nothing here knows of plans."""

from __future__ import annotations

from trimtab.v1 import policy_service_pb2 as pb
from trimtab_solver.authoring.findings import Finding, Severity
from trimtab_solver.policy.documents import Source

from .enums import EnumTable

SEVERITIES = EnumTable(Severity, pb.Severity, "SEVERITY")


def source_to_proto(source: Source) -> pb.SourcePosition:
    """The message for a place."""
    return pb.SourcePosition(file=source.file, line=source.line, column=source.column)


def finding_to_proto(finding: Finding) -> pb.Finding:
    """The message for a finding."""
    return pb.Finding(
        severity=SEVERITIES.to_proto[finding.severity],
        position=source_to_proto(finding.source),
        rule=finding.rule,
        message=finding.message,
        fix=finding.fix,
    )
