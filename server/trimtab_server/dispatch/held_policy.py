"""The server's own policy: read once, by a process that solver processes are forked from, and never by the front.

The files go there, and what became of them comes back, in a memory file (memfd_create(2)) that both have open.
"""

from __future__ import annotations

import contextlib
import json
import os
import pickle
from collections.abc import Iterator, Mapping

from trimtab_solver.authoring.loader import parse_policy
from trimtab_solver.errors import Fault, PolicyRefusedError, Reason
from trimtab_solver.policy.documents import Policy

from ..served_policy import HeldPolicy


@contextlib.contextmanager
def memory_file(files: Mapping[str, bytes]) -> Iterator[int]:
    """The descriptor of a memory file with the files of a policy, by name. Raises OSError."""
    descriptor = os.memfd_create("trimtab-policy")
    try:
        with os.fdopen(descriptor, "wb", closefd=False) as file:
            pickle.dump(dict(files), file)
        yield descriptor
    finally:
        os.close(descriptor)


def read_policy(descriptor: int) -> Policy | None:
    """The policy in a memory file, its expressions compiled; what it is, or what is wrong, stands there afterwards."""
    try:
        policy = parse_policy(pickle.loads(_content(descriptor)))  # noqa: S301 - of the front's own making
    except PolicyRefusedError as refusal:
        faults = [[fault.reason, fault.path, fault.message, fault.fix] for fault in refusal.faults]
        _replace(descriptor, {"faults": faults})
        return None
    _replace(descriptor, {"digest": policy.digest, "document_count": len(policy.documents)})
    return policy


def what_was_read(descriptor: int) -> HeldPolicy:
    """What `read_policy` left in the memory file.

    Raises
    ------
    PolicyRefusedError
        The policy is wrong.
    """
    told = json.loads(_content(descriptor))
    if "faults" in told:
        raise PolicyRefusedError(Fault(Reason(reason), *texts) for reason, *texts in told["faults"])
    return HeldPolicy(**told)


def _content(descriptor: int) -> bytes:
    with os.fdopen(os.dup(descriptor), "rb") as file:
        file.seek(0)
        return file.read()


def _replace(descriptor: int, what: Mapping[str, object]) -> None:
    os.ftruncate(descriptor, 0)
    with os.fdopen(os.dup(descriptor), "wb") as file:
        file.seek(0)
        file.write(json.dumps(what).encode())
