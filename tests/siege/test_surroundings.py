"""What surrounds the server: folders and limits of the system."""

from __future__ import annotations

from pathlib import Path

from tests.integration import requests
from tests.integration.running import PATIENCE_S
from tests.siege.besieged import besieged


def test_a_long_temporary_folder_works_and_stays_clean(tmp_path: Path) -> None:
    """Its path is longer than the name of a socket may be; a plan is made, and nothing is left behind."""
    folder = tmp_path / ("x" * 120)
    folder.mkdir()
    with besieged("--workers", "1", TMPDIR=str(folder)) as server:
        assert server.planning.CreatePlan(requests.small(), timeout=PATIENCE_S).answer.certificate.verified
        server.stop()
    assert not list(folder.iterdir())
