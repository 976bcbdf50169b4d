"""What a method is: its messages, who works on it, and what it costs."""

from __future__ import annotations

import enum
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

from google.protobuf.message import Message

Work = Callable[[Any], Message]
"""From a `Worker` to the response; of methods that are only read, from the `ServedPolicy`."""


class Quota(enum.StrEnum):
    """What kind of load a method is."""

    PLAN = "PLAN"
    """Searches, for as long as its time budget and its deadline allow."""
    REVIEW = "REVIEW"
    """Works on what it is sent, as long as that takes."""
    READ = "READ"
    """The front process answers at once, without a solver process."""


@dataclass(frozen=True, slots=True)
class Method:
    """One method of a service."""

    service: str
    """Full name of the service."""
    name: str
    request: type[Message]
    response: type[Message]
    quota: Quota
    work: str
    """A `Work`, as ``module:name``: a name, because the front process does not load the modules of solver processes."""
    is_streaming: bool = False
    """Whether there are many responses: one when the request is accepted, progress, and at last the answer."""
    is_whole: bool = False
    """Whether all responses are the work's own and none is overtaken by a newer one; the work waits for its caller."""

    @property
    def path(self) -> str:
        """What gRPC calls it."""
        return f"/{self.service}/{self.name}"

    @property
    def takes_request_id(self) -> bool:
        """Whether a call that is repeated joins the first one, or gets its answer."""
        return "request_id" in self.request.DESCRIPTOR.fields_by_name

    def load_work(self) -> Work:
        """The function that `work` names; imports its module."""
        return cast(Work, pkgutil.resolve_name(self.work))
