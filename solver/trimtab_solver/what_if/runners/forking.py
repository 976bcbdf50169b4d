"""Workers that are forked from a process in which the cluster has been prepared: they share it and copy nothing.

Runs in a process of its own (``python -m``), in which no thread has ever been started: what a fork leaves behind of
other threads' locks harms nobody. Each worker has one scenario at a time, so that one that dies costs that scenario
alone; it is tried once more before it is given up.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
import time
from collections import deque
from collections.abc import Iterator
from multiprocessing.connection import Connection, Pipe, wait

from ...errors import RefusedError
from ...scenarios.scenario import Scenario
from ..assessing import Assessor
from .messages import GivenUp, Workload
from .runner import Assessed

_MOST_OF_ONE = 400
"""A worker makes room for a fresh one after so many scenarios: what it has come to hold is given back."""
_ATTEMPTS = 2
_PATIENCE = 60.0
"""Times its budget, how long a scenario may take by the clock, and no less than as many seconds: then it hangs."""


class _Worker:
    """A child process, from the side of its parent."""

    def __init__(self, assessor: Assessor, scenarios: dict[int, Scenario]) -> None:
        self.connection, theirs = Pipe()
        self.number: int | None = None
        """The scenario in hand."""
        self.since = 0.0
        self.left = _MOST_OF_ONE
        self.pid = os.fork()
        if self.pid == 0:
            self.connection.close()
            _work(theirs, assessor, scenarios)
        theirs.close()

    def give(self, number: int) -> None:
        """Has it assess a scenario."""
        self.number, self.since = number, time.monotonic()
        self.left -= 1
        self.connection.send(number)

    def end(self) -> str:
        """Kills it if it lives still; how it ended, in words."""
        self.connection.close()
        os.kill(self.pid, signal.SIGKILL)
        _, status = os.waitpid(self.pid, 0)
        code = os.waitstatus_to_exitcode(status)
        return f"ended by signal {-code}" if code < 0 else f"ended with {code}"


def _work(connection: Connection, assessor: Assessor, scenarios: dict[int, Scenario]) -> None:
    """Assesses what the parent says until it closes the connection; never returns."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        while True:
            number: int = connection.recv()
            connection.send(Assessed(number, assessor.assess(scenarios[number])))
    except EOFError:
        os._exit(0)
    except BaseException:
        sys.excepthook(*sys.exc_info())
        os._exit(1)


class _Pool:
    """The workers, and what is still to do."""

    def __init__(self, given: Workload) -> None:
        self._scenarios = given.scenarios
        self._assessor = given.assignment.assessor()
        self._assessor.load()
        # what is shared is not looked at by any collection, so that it stays shared
        gc.collect()
        gc.freeze()
        # nothing that a scenario leaves behind is worth looking for before the worker makes room for another
        gc.disable()
        self._longest_s = _PATIENCE * max(1.0, given.assignment.options.budget_s)
        self._to_do = deque(given.scenarios)
        self._attempts = dict.fromkeys(given.scenarios, 0)
        self._size = given.workers
        self._workers: list[_Worker] = []

    def run(self, parent: Connection) -> Iterator[Assessed | GivenUp]:
        """What comes of each scenario; ends early when the parent has gone."""
        try:
            while self._to_do or any(worker.number is not None for worker in self._workers):
                self._employ()
                ready = wait([*(worker.connection for worker in self._workers), parent], timeout=1.0)
                if parent in ready:
                    return
                for worker in [worker for worker in self._workers if worker.connection in ready]:
                    yield from self._hear(worker)
                for worker in list(self._workers):
                    if worker.number is not None and time.monotonic() - worker.since > self._longest_s:
                        yield from self._bury(worker, f"took more than {self._longest_s:.0f} s and was ended")
        finally:
            for worker in self._workers:
                worker.end()

    def _employ(self) -> None:
        """Gives everybody something to do."""
        for worker in [worker for worker in self._workers if worker.number is None and worker.left <= 0]:
            self._workers.remove(worker)
            worker.end()
        while len(self._workers) < self._size and len(self._workers) < len(self._to_do):
            self._workers.append(_Worker(self._assessor, self._scenarios))
        for worker in self._workers:
            if worker.number is None and self._to_do:
                number = self._to_do.popleft()
                self._attempts[number] += 1
                worker.give(number)

    def _hear(self, worker: _Worker) -> Iterator[Assessed | GivenUp]:
        try:
            assessed: Assessed = worker.connection.recv()
        except (EOFError, OSError):
            yield from self._bury(worker, "")
            return
        worker.number = None
        yield assessed

    def _bury(self, worker: _Worker, why: str) -> Iterator[GivenUp]:
        """A worker has died, or is to: its scenario is tried once more, or given up."""
        self._workers.remove(worker)
        how = worker.end()
        number = worker.number
        if number is None:
            return
        if self._attempts[number] < _ATTEMPTS:
            self._to_do.append(number)
        else:
            yield GivenUp(number, f"the process that assessed it {why or how}, {self._attempts[number]} times")


def main() -> None:
    """Serves the process that has the other end of the connection, whose file descriptor is the argument."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = Connection(int(sys.argv[1]))
    given: Workload = parent.recv()
    try:
        for result in _Pool(given).run(parent):
            parent.send(result)
        parent.send(None)
    except RefusedError as refused:
        parent.send(refused)
    except BrokenPipeError:
        return


if __name__ == "__main__":
    main()
