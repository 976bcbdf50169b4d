"""The server's own policy: followed in a folder, replaced as a whole when the folder changes, never by a bad one.

The front process knows its files as bytes, and what it is; a process that holds it has read it (`dispatch.parents`).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import structlog

from trimtab_solver.authoring.policy_files import read_policy_files
from trimtab_solver.errors import Fault, PolicyRefusedError

_LOGGED_FAULTS: Final = 20
_log = structlog.get_logger("trimtab.policy")

Print = tuple[tuple[str, int, int, int], ...]
"""What tells one state of the folder from another: names, sizes, times and inodes of its files."""


@dataclass(frozen=True, slots=True)
class HeldPolicy:
    """What the front knows of a policy that can be used."""

    digest: str
    document_count: int


Hold = Callable[[Mapping[str, bytes]], Awaitable[HeldPolicy]]
"""Lets requests have the policy in these files; raises PolicyRefusedError when it cannot be used."""


class ServedPolicy:
    """The policy in force. A request has the policy that is in force when a process begins to work on it."""

    def __init__(self, folder: Path | None, hold: Hold) -> None:
        self._folder = folder
        self._hold = hold
        self._print: Print = ()
        self._asked = asyncio.Event()
        self.policy: HeldPolicy | None = None
        """The policy in force; None when the server has none of its own."""
        self.loaded_at = 0.0
        """When it came into force, in seconds since the epoch."""
        self.load_count = 0
        """How many times a policy came into force."""
        self.refusal_count = 0
        """How many states of the folder were refused."""
        self.faults: tuple[Fault, ...] = ()
        """What is wrong with the folder as it is now; empty when the policy in force is what it holds."""

    async def load(self) -> None:
        """Read the folder for the first time.

        Raises
        ------
        PolicyRefusedError
            When the policy cannot be used: a server does not start without a policy that it was told to have.
        """
        if self._folder is not None:
            self._print = _print_of(self._folder)
            self._take(await self._read(self._folder))

    def ask(self) -> None:
        """Look at the folder now, whether or not it seems to have changed."""
        self._asked.set()

    async def watch(self, interval_s: float) -> None:
        """Follow the folder until cancelled."""
        if self._folder is None:
            return
        seen = self._print
        while True:
            try:
                await asyncio.wait_for(self._asked.wait(), interval_s)
            except TimeoutError:
                now = await asyncio.to_thread(_print_of, self._folder)
                # a folder that still changes is looked at again, so that nothing is read half written
                is_complete, seen = now == seen, now
                if not is_complete or now == self._print:
                    continue
            self._asked.clear()
            await self._reload(self._folder)

    async def _read(self, folder: Path) -> HeldPolicy:
        return await self._hold(await asyncio.to_thread(read_policy_files, folder))

    async def _reload(self, folder: Path) -> None:
        self._print = await asyncio.to_thread(_print_of, folder)
        try:
            policy = await self._read(folder)
        except PolicyRefusedError as refusal:
            self.refusal_count += 1
            self.faults = refusal.faults
            _log.error(
                "policy_refused",
                folder=str(folder),
                faults=[str(fault) for fault in refusal.faults[:_LOGGED_FAULTS]],
                fault_count=len(refusal.faults),
                refusal_count=self.refusal_count,
                policy_digest=self.policy.digest if self.policy else None,
            )
            return
        self._take(policy)

    def _take(self, policy: HeldPolicy) -> None:
        before = self.policy
        self.faults = ()
        if before is not None and before.digest == policy.digest:
            # the digest does not depend on positions and tests, which may have changed: those are new
            self.policy = policy
            _log.info("policy_unchanged", policy_digest=policy.digest)
            return
        # one assignment: whoever asks gets the old policy or the new one, whole
        self.policy = policy
        self.loaded_at = time.time()
        self.load_count += 1
        _log.info(
            "policy_loaded",
            policy_digest=policy.digest,
            former_digest=before.digest if before else None,
            documents=policy.document_count,
            load_count=self.load_count,
        )


def _print_of(folder: Path) -> Print:
    """The state of the folder, or of the one file; empty when it is gone."""
    found = []
    for path in sorted(folder.rglob("*")) if folder.is_dir() else [folder]:
        try:
            # a link that leads nowhere is a state of the folder as well
            about = path.stat() if path.exists() else path.lstat()
        except OSError:
            continue  # removed in between: the next look sees the folder without it
        found.append((str(path), about.st_size, about.st_mtime_ns, about.st_ino))
    return tuple(found)
