"""All subjects. The registry is literal; a new subject is a file and a line here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from . import policies, startup
from .btrplace import subject as btrplace
from .peers import subject as peers
from .roadef import subject as roadef
from .subject import Subject
from .vmha import frontier
from .vmha import subject as vmha

SUBJECTS: Final[Mapping[str, Subject]] = {
    "startup": startup.cases,
    "policies": policies.cases,
    "vmha": vmha.cases,
    "frontier": frontier.cases,
    "peers": peers.cases,
    "btrplace": btrplace.cases,
    "roadef": roadef.cases,
}
"""Name of a subject to the function that yields its cases."""
