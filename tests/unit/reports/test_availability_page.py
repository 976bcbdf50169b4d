"""The report of availability says what was found, in every rendering."""

from __future__ import annotations

import json

from tests.unit.what_if.test_availability import availability, cluster, guest, host, policy
from trimtab_server.reports.availability import availability_page
from trimtab_server.reports.json_report import json_of
from trimtab_server.reports.markdown import markdown_of
from trimtab_solver.rules.tier import Tier


def test_targets_classes_and_limits_are_told() -> None:
    """A single host: its target is missed, and what limits its class is named."""
    under = policy(Tier(rank=10, availability_target="99.9%"))
    page = availability_page(availability(cluster([host("h1")], [guest("a", "h1")]), under))
    content = json.loads(json_of(page))
    assert content["facts"] == {"applications": 1, "targets": 1, "met": 0}
    targets, applications = (section["blocks"][0]["rows"] for section in content["sections"])
    assert (targets[0]["verdict"], targets[0]["who"]) == ("missed", ["app"])
    assert applications[0]["class"] == "AEC-1"
    assert applications[0]["limitedBy"] == "host:h1 fails"
    assert 0.019 < applications[0]["downtimeShare"] < 0.02
    assert "host:h1 fails" in markdown_of(page)
