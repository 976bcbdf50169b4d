"""What every condition on a host says, in arrays and in words."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..primitives.encoding import Bools
from ..snapshot import Host, Vm


@dataclass(frozen=True, slots=True)
class HostCondition:
    """`reason` is the clause that says why it fails, such as "it is down"; empty where it holds."""

    name: str
    reason: Callable[[Vm, Host], str]


@dataclass(frozen=True, slots=True)
class Equipment(HostCondition):
    """A condition on what the host is built of. Guests with the same `need` are treated alike.

    ``offers(hosts, need)`` says per host [H] whether it satisfies the need.
    """

    need: Callable[[Vm], Hashable]
    offers: Callable[[Sequence[Host], Any], Bools]


def hosts_with(owned: Sequence[tuple[str, ...]], name: str) -> Bools:
    """The hosts [H] that have the name among what they own."""
    return np.array([name in names for names in owned], dtype=np.bool_)
