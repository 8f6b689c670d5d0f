"""The dashboard shows every measure, and is made anew when they change."""

import json

from deploy import dashboard
from services.console.measures.registry import MEASURES


def test_the_committed_dashboard_is_that_of_the_registry() -> None:
    assert dashboard.FILE.read_text() == dashboard.text(), "make docs"


def test_every_measure_has_a_panel_and_what_people_drew_stays() -> None:
    panels = json.loads(dashboard.text())["panels"]
    asked = " ".join(target["expr"] for panel in panels for target in panel.get("targets", ()))
    assert [each.series for each in MEASURES if f"({each.series})" not in asked] == []
    assert {panel["title"] for panel in panels} >= {"Open incidents", "Lag", "Told after", "Outbox, oldest fact"}
