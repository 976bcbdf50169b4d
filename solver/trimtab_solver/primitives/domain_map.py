"""Which failure domain of one kind each host lies in, as numbers."""

from __future__ import annotations

from dataclasses import dataclass

from .encoding import Index
from .sealing import seal


@dataclass(frozen=True, slots=True, eq=False)
class DomainMap:
    """Host h lies in domain ``of_host[h]`` of `count`; numbers are dense from 0. Shape of `of_host`: [H].

    `key` names the map within a problem: maps with the same key are the same.
    """

    key: int
    of_host: Index
    count: int

    def __post_init__(self) -> None:
        seal(self)
