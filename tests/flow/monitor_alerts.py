"""Alerts of flow tests: rules on alerts, and events as hooks write them, of a story that begins at NOON."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from services.monitor.aggregates.alerts import ALERT_REPORTED
from services.monitor.fold.keying import key_of
from services.monitor.rules.file import RulesFile
from shared.cloudevents import write_event
from shared.events import ProductEvent, Topic, identity
from tests.builders import NOON, event
from tests.fakes import FakeTopics

USES = {"events": ["com.example.request"], "within": "15m"}


def alert_rules(**changes: Any) -> RulesFile:
    """Returns a file with one rule on alerts; unless told otherwise it looks at all of them and touches nobody."""
    return RulesFile.model_validate({"rules": [{"id": "alerts", "detector": "alert", "title": "{component} has trouble", **changes}]})


def alert(
    key: str = "a1",
    status: str = "firing",
    *,
    since: float = 0.0,
    until: float | None = None,
    customer: str | None = None,
    component: str = "checkout",
    hook: str = "prometheus",
    **data: Any,
) -> ProductEvent:
    """Returns what a hook writes of an alert that fires since then, in seconds into the story, or has ended at `until`."""
    starts_at = NOON + timedelta(seconds=since)
    ends_at = NOON + timedelta(seconds=until) if until is not None else None
    said = {
        "component": component,
        "key": key,
        "name": "HighErrorRate",
        "status": status if until is None else "resolved",
        "starts_at": starts_at.isoformat(),
        "ends_at": ends_at.isoformat() if ends_at else None,
        "severity": "critical",
        "summary": "5 % of requests fail",
        "url": "https://prometheus.example.org/graph",
        "labels": {"env": "prod"},
        **data,
    }
    id_ = identity("alert", hook, key, said["starts_at"], said["status"], said["ends_at"])
    return event(id_, source=f"/hooks/{hook}", type_=ALERT_REPORTED, subject=customer, at=ends_at or starts_at, data=said)


def used(customer: str, at: float, component: str = "checkout") -> ProductEvent:
    """Returns a request of the customer's that went well."""
    said = {"component": component, "ok": True}
    return event(f"{customer}/{component}/{at}", subject=customer, at=NOON + timedelta(seconds=at), data=said)


def put(topics: FakeTopics, events: Iterable[ProductEvent]) -> None:
    """Publishes product events by their keys."""
    for each in events:
        topics.put(Topic.PRODUCT_EVENTS, write_event(each), key=key_of(each).encode())
