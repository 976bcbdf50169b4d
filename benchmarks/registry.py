"""All subjects. The registry is literal; a new subject is a file and a line here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from benchmarks import budgets, policies, prepared, renamings, small_plans, startup
from benchmarks.btrplace import subject as btrplace
from benchmarks.growth import subject as growth
from benchmarks.peers import subject as peers
from benchmarks.roadef import subject as roadef
from benchmarks.subject import Subject
from benchmarks.vmha import frontier
from benchmarks.vmha import subject as vmha
from benchmarks.what_if import subject as what_if

SUBJECTS: Final[Mapping[str, Subject]] = {
    "startup": startup.cases,
    "small_plans": small_plans.cases,
    "budgets": budgets.cases,
    "policies": policies.cases,
    "growth": growth.cases,
    "prepared": prepared.cases,
    "what_if": what_if.cases,
    "renamings": renamings.cases,
    "vmha": vmha.cases,
    "frontier": frontier.cases,
    "peers": peers.cases,
    "btrplace": btrplace.cases,
    "roadef": roadef.cases,
}
"""Name of a subject to the function that yields its cases."""
