"""Alerts of flow tests: rules on alerts, and events as hooks write them, of a story that begins at NOON."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import msgspec

from services.monitor.aggregates.alerts import Alert, alert_event
from services.monitor.fold.keying import key_of
from services.monitor.rules.file import RulesFile
from shared.cloudevents import write_event
from shared.events import ProductEvent, Topic
from tests.builders import NOON, event
from tests.fakes import FakeTopics

USES = {"events": ["com.example.request"], "within": "15m"}


def alert_rules(**changes: Any) -> RulesFile:
    """Returns a file with one rule on alerts; unless told otherwise it looks at all of them and touches nobody."""
    return RulesFile.model_validate({"rules": [{"id": "alerts", "detector": "alert", "title": "{component} has trouble", **changes}]})


def alert(
    key: str = "a1",
    *,
    since: float = 0.0,
    until: float | None = None,
    customer: str | None = None,
    component: str = "checkout",
    hook: str = "prometheus",
    **data: Any,
) -> ProductEvent:
    """Returns what a hook writes of an alert that fires since then, in seconds into the story, or has ended at `until`.

    `data`: what its event says otherwise.
    """
    made = Alert(
        component=component,
        key=key,
        name="HighErrorRate",
        status="firing" if until is None else "resolved",
        starts_at=NOON + timedelta(seconds=since),
        ends_at=None if until is None else NOON + timedelta(seconds=until),
        severity="critical",
        summary="5 % of requests fail",
        url="https://prometheus.example.org/graph",
        labels={"env": "prod"},
    )
    event = alert_event(made, hook, customer)
    return msgspec.structs.replace(event, data={**event.data, **data})


def used(customer: str, at: float, component: str = "checkout") -> ProductEvent:
    """Returns a request of the customer's that went well."""
    said = {"component": component, "ok": True}
    return event(f"{customer}/{component}/{at}", subject=customer, at=NOON + timedelta(seconds=at), data=said)


def put(topics: FakeTopics, events: Iterable[ProductEvent]) -> None:
    """Publishes product events by their keys."""
    for each in events:
        topics.put(Topic.PRODUCT_EVENTS, write_event(each), key=key_of(each).encode())
