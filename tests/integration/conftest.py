"""One server for the tests that leave it as they find it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.integration.running import RunningServer, running_server


@pytest.fixture(scope="session")
def server() -> Iterator[RunningServer]:
    """A server with two solver processes and reflection."""
    with running_server("--workers", "2", "--reflection") as running:
        yield running
