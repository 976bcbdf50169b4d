"""The one line that a person who starts a server by hand waits for; the log itself is for machines."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import structlog

from ..logs import LogLines, configure_logging

if TYPE_CHECKING:
    from structlog.typing import EventDict, WrappedLogger


def configure_announced_logging(level: str, policy: str) -> LogLines:
    """Log as the server always does, and print where it listens, whatever the level of the log."""
    lines = configure_logging(level)
    least = logging.getLevelNamesMapping()[level.upper()]

    def announce(_logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
        if event.get("event") == "listening":
            print(f"trimtab listens on {_address(event)}, policy: {policy}; Ctrl-C stops it", flush=True)
        if logging.getLevelNamesMapping()[method.upper()] < least:
            raise structlog.DropEvent
        return event

    structlog.configure(
        processors=[announce, *structlog.get_config()["processors"]],
        wrapper_class=structlog.make_filtering_bound_logger(min(least, logging.INFO)),
    )
    return lines


def _address(event: Mapping[str, Any]) -> str:
    address = str(event["address"])
    if address.startswith("unix"):
        return address
    return f"{address.rpartition(':')[0]}:{event['port']}"
