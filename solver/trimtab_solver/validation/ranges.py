"""Amounts and counts that make sense."""

from __future__ import annotations

from collections.abc import Mapping

from ..errors import Reason
from .fault_list import FaultList

MAX_AMOUNT = 1 << 40
"""The largest amount of one resource that a host or a guest may have."""
MAX_COUNT = 1 << 31
MAX_SECONDS = 10_000_000
MAX_MBPS = 100_000_000


def check_range(path: str, subject: str, value: int, least: int, most: int, faults: FaultList) -> None:
    """A fault if `value`, the field at `path` of `subject`, is not within `least` to `most`."""
    if not least <= value <= most:
        message = f"{_field(path)} of {subject} is {value}"
        faults.add(Reason.OUT_OF_RANGE, path, message, f"send {least} to {most}")


def check_amounts(path: str, subject: str, amounts: Mapping[str, int], faults: FaultList) -> None:
    """A fault for every amount that is negative or absurd, and for a resource without a name."""
    for resource, amount in amounts.items():
        inner = f'{path}["{resource}"]'
        check_range(inner, subject, amount, 0, MAX_AMOUNT, faults)
        if not resource:
            faults.add(
                Reason.INVALID_REQUEST,
                inner,
                f"a resource of {subject} has no name",
                "name it, e.g. cpu_milli",
            )


def check_within(
    path: str,
    subject: str,
    amounts: Mapping[str, int],
    limit_name: str,
    limits: Mapping[str, int],
    faults: FaultList,
) -> None:
    """A fault for every amount above that of `limits`, where a resource that is not named counts as 0."""
    for resource, amount in amounts.items():
        limit = limits.get(resource, 0)
        if amount > limit:
            message = f"{_field(path)} {resource} of {subject} is {amount}, more than its {limit_name} of {limit}"
            fix = f"send {limit} or less, or raise {limit_name}"
            faults.add(Reason.OUT_OF_RANGE, f'{path}["{resource}"]', message, fix)


def _field(path: str) -> str:
    """The last field of a path, with its key: resource names may hold dots of their own."""
    fields, bracket, key = path.partition('["')
    return fields.rpartition(".")[2] + bracket + key
