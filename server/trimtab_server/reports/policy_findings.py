"""The report of what is wrong, or probably wrong, with a policy."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from trimtab_solver.authoring.findings import Finding
from trimtab_solver.policy.documents import Policy

from .model import Report, fixed
from .places import located
from .quantities import plural

_NOUNS = {"error": "error", "warning": "warning", "info": "remark"}


def findings_report(policy: Policy | None, findings: Sequence[Finding], folder: Path | None) -> Report:
    """Every finding with its place; no policy is one that cannot be used."""
    lines = tuple(fixed(located(str(finding), folder)) for finding in findings)
    return Report(fixed(_verdict(policy, findings)), lines)


def _verdict(policy: Policy | None, findings: Sequence[Finding]) -> str:
    if policy is None:
        return f"{plural(len(findings), 'error')}; the policy cannot be used"
    counts = Counter(one.severity.value for one in findings)
    summary = ", ".join(plural(counts[severity], noun) for severity, noun in _NOUNS.items() if counts[severity])
    return f"{plural(len(policy.documents), 'document')}: {summary or 'nothing found'}"
