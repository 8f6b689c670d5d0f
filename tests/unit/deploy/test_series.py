"""Alerts are tried on series that the services write: by name and labels, and each of a service that has such a topic, kind or check."""

import importlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml
from prometheus_client import REGISTRY

from deploy.services import NAMES, SERVICES
from services.monitor.rules.customers import Action
from shared.cloudevents import Reason
from shared.service import HOUSEKEEP
from shared.settings import Settings
from shared.streaming.dead_letters import Form
from tests.flow.every_service import wired

PROMETHEUS = Path(__file__).parents[3] / "deploy/prometheus"
OF_PROMETHEUS = {"job", "service", "instance"}  # what scraping adds
OF_SOURCES = "forewarn_monitor_source_records_total"  # its topics are the operator's
OF_ACTIONS = "forewarn_monitor_risk_actions_total"  # its kinds are those that a rule may ask for
DEPENDENCIES = {name: {"kafka", "postgres"} for name in NAMES} | {"notifier": {"kafka", "postgres", "smtp"}}


@dataclass(frozen=True)
class Series:
    """A series that a file names, with the labels it is given there."""

    name: str
    labels: dict[str, str]

    def __str__(self) -> str:
        return f"{self.name}{self.labels}"


def _series(text: str) -> Iterator[Series]:
    for name, labels in re.findall(r"\b(forewarn_\w+)\{([^}]*)\}", text):
        yield Series(name, dict(re.findall(r'(\w+)(?:=|=~|!=)"([^"]*)"', labels)))


TRIED = [
    each
    for test in yaml.safe_load((PROMETHEUS / "rules_test.yml").read_text())["tests"]
    for series in test["input_series"]
    for each in _series(series["series"])
]
ASKED = [*_series((PROMETHEUS / "rules.yml").read_text())]


@pytest.fixture(scope="module")
def labels() -> dict[str, set[str]]:
    """Returns the labels of every series, by its name."""
    for module in ("shared", *(spec.module for spec in SERVICES)):
        importlib.import_module(f"{module}.metrics")
    suffixes = {"counter": ("_total",), "gauge": ("",), "histogram": ("_bucket", "_sum", "_count")}
    found: dict[str, set[str]] = {}
    for name, collector in REGISTRY._names_to_collectors.items():
        own: tuple[str, ...] = getattr(collector, "_labelnames", ())
        kind: str = getattr(collector, "_type", "")
        for suffix in suffixes.get(kind, ()):
            found[f"{name.removesuffix('_total')}{suffix}"] = {*own} | ({"le"} if suffix == "_bucket" else set())
    return found


@pytest.mark.parametrize("series", [*TRIED, *ASKED], ids=str)
def test_its_labels_are_those_that_are_written(series: Series, labels: dict[str, set[str]]) -> None:
    assert series.labels.keys() - OF_PROMETHEUS <= labels[series.name]


@pytest.mark.parametrize("series", TRIED, ids=str)
def test_it_has_every_label_and_a_service_that_writes_it(series: Series, labels: dict[str, set[str]]) -> None:
    assert series.labels.keys() >= labels[series.name] | {"service"} - {"instance"}
    owner = series.name.split("_")[1]
    assert series.labels["service"] == (owner if owner in NAMES else series.labels["service"])
    assert series.labels["service"] in NAMES


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    return dict(wired(Settings(environment="demo", producer_token="p-token", agent_token="a-token", operator_token="o-token")))


@pytest.mark.parametrize("series", TRIED, ids=str)
def test_what_it_is_about_is_there(series: Series, services: dict[str, Any]) -> None:
    service = series.labels["service"]
    read = {str(stream.topic) for stream in services[service].streams}
    known = {
        "topic": {series.labels["topic"]} if series.name == OF_SOURCES else read,
        "kind": {*get_args(Action.model_fields["kind"].annotation)} if series.name == OF_ACTIONS else {*services[service].due, HOUSEKEEP},
        "check": read | {"database"},
        "dependency": DEPENDENCIES[service],
        "reason": {*Reason},
        "form": {*Form},
    }
    for label, value in series.labels.items():
        assert value in known.get(label, {value}), f"{service} has no {label} {value}"
