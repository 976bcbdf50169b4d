"""The process that solver processes are forked from: it loads everything once, and then does nothing but fork and reap.

It is told what to do over a socket of whole messages (SOCK_SEQPACKET), and says what it did:

- ``FORK`` with one descriptor: fork a process that talks over it. Answered by ``FORKED``, its pid, and a pidfd, by
  which it can be watched and killed whatever becomes of this process; or by ``FAILED`` and an errno.
- ``HOLD`` with two descriptors: fork a process that reads the policy in a memory file (the second) and is then such a
  process itself, over the first. Answered as ``FORK``; the new one says ``PONG`` when it has read the policy, and ends
  when that cannot be used. What it forks has the policy, read and compiled.
- ``PING``: answered by ``PONG``; so a process that hangs is told from one that has nothing to do.

When a forked process has ended, ``ENDED`` says how. Nothing is ever written to a file or a folder.
"""

from __future__ import annotations

import contextlib
import errno
import gc
import importlib
import os
import select
import signal
import socket
import struct
import sys
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

from trimtab_solver.policy.documents import Policy

from .child import run
from .held_policy import read_policy

FORK, HOLD, PING = b"F", b"H", b"P"
FORKED, FAILED, PONG, ENDED = b"f", b"x", b"p", b"e"
NUMBERS: Final = struct.Struct("!qq")
"""What follows the kind of an answer: pid or errno, and how a process ended."""
MOST_BYTES: Final = 64


def main(descriptor: int, preload: str) -> None:
    """Load `preload`, and serve the socket until the other side is gone."""
    # Ctrl-C reaches the whole process group; the front decides what it means
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    control = socket.socket(fileno=descriptor)
    importlib.import_module(preload)
    _serve(control, None)
    # not sys.exit: there is nothing to tidy up, and engines may have threads
    os._exit(0)


def _serve(control: socket.socket, policy: Policy | None) -> None:
    """Say that everything is loaded, and do as told; when the other side is gone, wait for what was forked."""
    # what is here stays: whoever looks for garbage would touch, and so copy, all of it in every process forked
    gc.collect()
    gc.freeze()
    with contextlib.suppress(ConnectionError):
        control.sendall(PONG + NUMBERS.pack(0, 0))
        _obey(control, policy)
    with contextlib.suppress(ChildProcessError):
        while True:
            os.wait()


def _obey(control: socket.socket, policy: Policy | None) -> None:
    wakeup = os.pipe()
    woken, wake = wakeup
    os.set_blocking(wake, False)
    os.set_blocking(woken, False)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    while True:
        readable, _, _ = select.select([control.fileno(), woken], [], [])
        if woken in readable:
            with contextlib.suppress(BlockingIOError):
                os.read(woken, 4096)
            _reap(control)
        if control.fileno() not in readable:
            continue
        message, descriptors, _, _ = socket.recv_fds(control, MOST_BYTES, 2)
        if not message:
            return
        if message == PING:
            control.sendall(PONG + NUMBERS.pack(0, 0))
        else:
            become = partial(_hold, descriptors) if message == HOLD else partial(_solve, descriptors, policy)
            _fork(control, become, descriptors, wakeup)


def _fork(
    control: socket.socket, become: Callable[[], None], descriptors: Sequence[int], wakeup: tuple[int, int]
) -> None:
    try:
        if not descriptors:
            # they are lost on the way when this process can have no more
            raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
        pid = os.fork()
        if pid == 0:
            _begin(control, become, wakeup)
        pidfd = os.pidfd_open(pid)
    except OSError as error:
        control.sendall(FAILED + NUMBERS.pack(error.errno or 0, 0))
        return
    finally:
        for descriptor in descriptors:
            os.close(descriptor)
    socket.send_fds(control, [FORKED + NUMBERS.pack(pid, 0)], [pidfd])
    os.close(pidfd)


def _begin(control: socket.socket, become: Callable[[], None], wakeup: tuple[int, int]) -> None:
    status = 1
    try:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        control.close()
        for descriptor in wakeup:
            os.close(descriptor)
        become()
        status = 0
    except BaseException:  # the last that this process can do with it is to show it
        sys.excepthook(*sys.exc_info())
    finally:
        # the answer is out; tearing down engines would only take time
        os._exit(status)


def _solve(descriptors: Sequence[int], policy: Policy | None) -> None:
    run(socket.socket(fileno=descriptors[0]), policy)


def _hold(descriptors: Sequence[int]) -> None:
    control = socket.socket(fileno=descriptors[0])
    policy = read_policy(descriptors[1])
    os.close(descriptors[1])
    if policy is None:
        control.sendall(PONG + NUMBERS.pack(0, 0))
    else:
        _serve(control, policy)


def _reap(control: socket.socket) -> None:
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return
        control.sendall(ENDED + NUMBERS.pack(pid, os.waitstatus_to_exitcode(status)))
