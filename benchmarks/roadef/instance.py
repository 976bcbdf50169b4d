"""Instances and assignments as files: streams of integers separated by white space, plain or gzipped."""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from trimtab_solver.primitives.encoding import Bools, Index, Ints


class InstanceError(ValueError):
    """A file that is not what it should be; the message names the file and what is wrong."""


@dataclass(frozen=True, slots=True)
class BalanceCost:
    """Costs `weight` per unit by which free `right` falls short of `target` times free `left`, on each machine."""

    left: int
    right: int
    target: int
    weight: int


@dataclass(frozen=True, slots=True)
class RoadefInstance:
    """A model with its initial assignment.

    Shapes, with R resources, M machines, S services, P processes: `transient`, `load_weight` [R]; `neighbourhood`,
    `location` [M]; `capacity`, `safety` [M, R]; `machine_move` [M, M]; `spread` [S]; `dependencies` [S] tuples of
    services; `service`, `process_move`, `initial` [P]; `requirement` [P, R].
    """

    transient: Bools
    load_weight: Ints
    neighbourhood: Index
    location: Index
    capacity: Ints
    safety: Ints
    machine_move: Ints
    spread: Index
    dependencies: tuple[tuple[int, ...], ...]
    service: Index
    requirement: Ints
    process_move: Ints
    balances: tuple[BalanceCost, ...]
    process_weight: int
    service_weight: int
    machine_weight: int
    initial: Index

    @property
    def machine_count(self) -> int:
        """M."""
        return len(self.capacity)

    @property
    def process_count(self) -> int:
        """P."""
        return len(self.service)


def read_instance(model: Path, initial: Path) -> RoadefInstance:
    """The instance in the two files.

    Raises
    ------
    InstanceError
        When a file has too few or too many numbers, or an index that is out of range.
    OSError
        When a file cannot be read.
    """
    stream = _Stream(model)
    resources = stream.table(stream.one(), 2)
    count = len(resources)
    machine_count = stream.one()
    machines = stream.table(machine_count, 2 + 2 * count + machine_count)
    spread, dependencies = _services(stream)
    processes = stream.table(stream.one(), count + 2)
    balances = []
    for _ in range(stream.one()):
        left, right, target, weight = stream.take(4).tolist()
        balances.append(BalanceCost(left, right, target, weight))
    process_weight, service_weight, machine_weight = stream.take(3).tolist()
    stream.end()
    service = processes[:, 0].astype(np.int32)
    return RoadefInstance(
        transient=resources[:, 0] != 0,
        load_weight=resources[:, 1],
        neighbourhood=_dense(machines[:, 0]),
        location=_dense(machines[:, 1]),
        capacity=machines[:, 2 : 2 + count],
        safety=machines[:, 2 + count : 2 + 2 * count],
        machine_move=machines[:, 2 + 2 * count :],
        spread=spread,
        dependencies=dependencies,
        service=_within(model, "a process names service", service, len(spread)),
        requirement=processes[:, 1:-1],
        process_move=processes[:, -1],
        balances=tuple(balances),
        process_weight=process_weight,
        service_weight=service_weight,
        machine_weight=machine_weight,
        initial=read_assignment(initial, len(service), len(machines)),
    )


def read_assignment(path: Path, processes: int, machines: int) -> Index:
    """The machine of each process [P]. Raises as `read_instance`."""
    stream = _Stream(path)
    assignment = stream.take(processes).astype(np.int32)
    stream.end()
    return _within(path, "a process is on machine", assignment, machines)


def write_assignment(path: Path, assignment: Index) -> None:
    """Writes the machine of each process on one line, gzipped if the name ends in ``.gz``."""
    content = (" ".join(map(str, assignment.tolist())) + "\n").encode()
    path.write_bytes(gzip.compress(content, mtime=0) if path.suffix == ".gz" else content)


def _services(stream: _Stream) -> tuple[Index, tuple[tuple[int, ...], ...]]:
    spread, dependencies = [], []
    for _ in range(stream.one()):
        least, count = stream.take(2).tolist()
        spread.append(least)
        dependencies.append(tuple(stream.take(count).tolist()))
    named = np.array([s for of_one in dependencies for s in of_one], dtype=np.int32)
    _within(stream.path, "a service depends on service", named, len(spread))
    return np.array(spread, dtype=np.int32), tuple(dependencies)


def _dense(labels: Ints) -> Index:
    """The labels renumbered from 0 without holes."""
    return np.unique(labels, return_inverse=True)[1].astype(np.int32)


def _within(path: Path, what: str, values: Index, count: int) -> Index:
    wrong = values[(values < 0) | (values >= count)]
    if len(wrong):
        raise InstanceError(f"{path}: {what} {wrong[0]}, but there are {count}")
    return values


class _Stream:
    """The numbers of a file, taken from the front."""

    def __init__(self, path: Path) -> None:
        self.path = path
        content = path.read_bytes()
        if content[:2] == b"\x1f\x8b":
            content = gzip.decompress(content)
        try:
            self._numbers = np.array(content.split(), dtype=np.int64)
        except ValueError as error:
            raise InstanceError(f"{path}: holds something that is not an integer: {error}") from error
        self._next = 0

    def take(self, count: int) -> Ints:
        """The next `count` numbers."""
        if count < 0 or self._next + count > len(self._numbers):
            raise InstanceError(f"{self.path}: ends after {len(self._numbers)} numbers, more were announced")
        self._next += count
        return self._numbers[self._next - count : self._next]

    def one(self) -> int:
        """The next number."""
        return int(self.take(1)[0])

    def table(self, rows: int, width: int) -> Ints:
        """The next `rows` rows of `width` numbers."""
        return self.take(rows * width).reshape(rows, width)

    def end(self) -> None:
        """All numbers must have been taken."""
        if self._next != len(self._numbers):
            left = len(self._numbers) - self._next
            raise InstanceError(f"{self.path}: has {left} numbers more than were announced")
