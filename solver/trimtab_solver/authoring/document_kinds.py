"""What a file holds, told by the fields that it begins with: for who names one where another is wanted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

SNAPSHOT: Final = "a snapshot"
PLAN_FILE: Final = "a plan file"
POLICY_DOCUMENT: Final = "a policy file"
SCENARIOS: Final = "a file of scenarios"

_SIGNS: Final[Mapping[str, frozenset[str]]] = {
    POLICY_DOCUMENT: frozenset({"apiVersion", "kind"}),
    PLAN_FILE: frozenset({"outcome", "plan", "certificate"}),
    SNAPSHOT: frozenset({"hosts", "vms"}),
    SCENARIOS: frozenset({"scenarios"}),
}
"""Fields one of which says what it is; no field is in two of them."""


def kind_of_content(fields: Mapping[str, object]) -> str:
    """What a mapping with these fields is, in words; empty where that cannot be told."""
    return next((kind for kind, signs in _SIGNS.items() if not signs.isdisjoint(fields)), "")
