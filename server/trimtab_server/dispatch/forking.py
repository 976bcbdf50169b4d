"""The process that solver processes are forked from: it loads everything once, and then does nothing but fork and reap.

It is told what to do over a socket of whole messages (SOCK_SEQPACKET), and says what it did:

- ``FORK`` with one descriptor: fork a process that talks over it. Answered by ``FORKED``, its pid, and a pidfd, by
  which it can be watched and killed whatever becomes of this process; or by ``FAILED`` and an errno.
- ``PING``: answered by ``PONG``; so a process that hangs is told from one that has nothing to do.

When a forked process has ended, ``ENDED`` says how. Nothing is ever written to a file or a folder.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import select
import signal
import socket
import struct
import sys
from typing import Final

from .child import run

FORK, PING = b"F", b"P"
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
    control.sendall(PONG + NUMBERS.pack(0, 0))
    with contextlib.suppress(ConnectionError):
        _serve(control)
    # not sys.exit: there is nothing to tidy up, and engines may have threads
    os._exit(0)


def _serve(control: socket.socket) -> None:
    woken, wake = os.pipe()
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
        if control.fileno() in readable:
            message, descriptors, _, _ = socket.recv_fds(control, MOST_BYTES, 1)
            if not message:
                return
            if message == PING:
                control.sendall(PONG + NUMBERS.pack(0, 0))
            else:
                _fork(control, descriptors[0], (woken, wake))


def _fork(control: socket.socket, connection: int, wakeup: tuple[int, int]) -> None:
    try:
        pid = os.fork()
        if pid == 0:
            _become_solver(control, connection, wakeup)
        pidfd = os.pidfd_open(pid)
    except OSError as error:
        control.sendall(FAILED + NUMBERS.pack(error.errno or 0, 0))
        return
    finally:
        os.close(connection)
    socket.send_fds(control, [FORKED + NUMBERS.pack(pid, 0)], [pidfd])
    os.close(pidfd)


def _become_solver(control: socket.socket, connection: int, wakeup: tuple[int, int]) -> None:
    status = 1
    try:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        control.close()
        for descriptor in wakeup:
            os.close(descriptor)
        run(socket.socket(fileno=connection))
        status = 0
    except BaseException:  # the last that this process can do with it is to show it
        sys.excepthook(*sys.exc_info())
    finally:
        # the answer is out; tearing down engines would only take time
        os._exit(status)


def _reap(control: socket.socket) -> None:
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return
        control.sendall(ENDED + NUMBERS.pack(pid, os.waitstatus_to_exitcode(status)))
