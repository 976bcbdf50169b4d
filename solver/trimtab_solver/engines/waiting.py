"""Waiting for work that may not end."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, wait
from typing import TypeVar

from .clock import Deadline

PATIENCE_S = 5.0
"""So long after its deadline work is waited for at the least before it counts as hung: solvers do not stop at once."""

_LOOK_S = 0.02
"""How often it is asked whether work may be left."""

ResultT = TypeVar("ResultT")


class HungError(Exception):
    """The work has not ended."""


def result_of(
    work: Callable[[], ResultT],
    deadline: Deadline,
    patience_s: float,
    may_leave: Callable[[], bool] = lambda: True,
) -> ResultT:
    """What `work` returns or raises, waited for until the deadline and so many seconds after it, or until `may_leave`.

    Where the clock does not count it is waited for as long as it takes. A thread cannot be ended: one that hangs stays
    behind until the process ends.

    Raises
    ------
    HungError
        It has not ended.
    """
    if deadline.is_never:
        return work()
    future: Future[ResultT] = Future()
    threading.Thread(target=_fulfil, args=(future, work), name="engine", daemon=True).start()
    wait_s = max(0.0, deadline.left_s) + patience_s
    while not wait([future], wait_s).done:
        if may_leave():
            raise HungError(f"has not returned {patience_s:.1f} s after its deadline")
        wait_s = _LOOK_S
    return future.result()


def _fulfil(future: Future[ResultT], work: Callable[[], ResultT]) -> None:
    try:
        future.set_result(work())
    except BaseException as error:
        future.set_exception(error)
