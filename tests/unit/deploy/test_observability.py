"""Prometheus' alerts and Grafana's panels use only metrics that the services have."""

import importlib
import json
import re
from pathlib import Path

import pytest
import yaml
from prometheus_client import REGISTRY

from deploy.services import SERVICES

DEPLOY = Path(__file__).parents[3] / "deploy"
FILES = ("prometheus/rules.yml", "prometheus/rules_test.yml", "grafana/dashboards/loop.json")


@pytest.fixture(scope="module")
def known() -> set[str]:
    for module in ("shared", *(spec.module for spec in SERVICES)):
        importlib.import_module(f"{module}.metrics")
    families = {family.name: family.type for family in REGISTRY.collect()}
    suffixes = {"counter": ("_total",), "gauge": ("",), "histogram": ("_bucket", "_sum", "_count")}
    return {name + suffix for name, kind in families.items() for suffix in suffixes.get(kind, ())}


@pytest.mark.parametrize("name", FILES)
def test_every_metric_that_is_named_exists(name: str, known: set[str]) -> None:
    named = set(re.findall(r"\bforewarn_\w+", (DEPLOY / name).read_text()))
    assert named
    assert named <= known


def test_every_alert_is_tested_and_explained_to_whoever_is_woken() -> None:
    alerts = re.findall(r"- alert: (\w+)", (DEPLOY / "prometheus/rules.yml").read_text())
    tested = yaml.safe_load((DEPLOY / "prometheus/rules_test.yml").read_text())["tests"]
    handbook = (DEPLOY.parent / "docs/operations.md").read_text()
    assert {case["alertname"] for test in tested for case in test["alert_rule_test"] if case["exp_alerts"]} == set(alerts)
    assert [alert for alert in alerts if f"**{alert}**" not in handbook] == []


def test_the_dashboard_asks_the_provisioned_datasource_and_its_panels_do_not_overlap() -> None:
    dashboard = json.loads((DEPLOY / "grafana/dashboards/loop.json").read_text())
    provisioned = yaml.safe_load((DEPLOY / "grafana/provisioning/datasources/prometheus.yml").read_text())
    panels = dashboard["panels"]
    assert {panel["datasource"]["uid"] for panel in panels if panel["type"] != "row"} == {provisioned["datasources"][0]["uid"]}
    places = [panel["gridPos"] for panel in panels]
    cells = [(x, y) for at in places for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])]
    assert len(cells) == len(set(cells))
    assert max(x for x, _ in cells) < 24
