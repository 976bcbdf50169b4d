"""The answer of a group kernel when a must rule forbids a change."""

from __future__ import annotations

REFUSED = 2**31
