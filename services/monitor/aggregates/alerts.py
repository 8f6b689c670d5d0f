"""Defines the product event that says of another system's alert that it fires, or that it has ended. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal

from shared.events import ProductEvent, identity

ALERT_REPORTED = "forewarn.alert.reported.v1"

LABELS, NAME, TEXT, URL = 32, 255, 1000, 2000  # labels, and characters of each: what is above is cut off

AlertStatus = Literal["firing", "resolved"]


@dataclass(frozen=True, slots=True)
class Alert:
    """Is what an event of ALERT_REPORTED says: one alert of a component, by a key that it keeps from its start to its end."""

    component: str
    key: str
    name: str
    status: AlertStatus
    starts_at: datetime
    ends_at: datetime | None = None  # when it is resolved
    severity: str | None = None  # in the other system's words
    summary: str | None = None
    url: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)


def alert_event(alert: Alert, hook: str, customer: str | None = None) -> ProductEvent:
    """Returns the event that says it. Its id is that of the alert, its start, its status and its end: said again, it counts once."""
    ends_at = alert.ends_at if alert.status == "resolved" else None
    parts = (alert.key, _text(alert.starts_at), alert.status, *([_text(ends_at)] if ends_at else []))
    return ProductEvent(
        id=identity("alert", hook, *parts),
        source=f"/hooks/{hook}",
        type=ALERT_REPORTED,
        time=(ends_at or alert.starts_at).astimezone(UTC),
        specversion="1.0",
        subject=customer,
        data={
            "component": alert.component,
            "key": alert.key if len(alert.key) <= NAME else identity("alert key", alert.key),
            "name": alert.name[:NAME],
            "status": alert.status,
            "starts_at": _text(alert.starts_at),
            "ends_at": _text(ends_at) if ends_at else None,
            "severity": alert.severity[:NAME] if alert.severity else None,
            "summary": alert.summary[:TEXT] if alert.summary else None,
            "url": alert.url if alert.url and _is_link(alert.url) else None,
            "labels": {name[:NAME]: value[:NAME] for name, value in sorted(alert.labels.items())[:LABELS]},
        },
    )


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat()


def _is_link(url: str) -> bool:
    return url.lower().startswith(("http://", "https://")) and len(url) <= URL and url.isprintable() and " " not in url
