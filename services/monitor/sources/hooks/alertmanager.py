"""Reads the webhooks of Prometheus' Alertmanager, version 4 of its message. Pure.

A group is sent whole whenever one of its alerts changes, and by each Alertmanager of a cluster: an alert is known again by its
fingerprint and its start. https://prometheus.io/docs/alerting/latest/configuration/#webhook_config
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

import msgspec

from services.monitor.aggregates.alerts import AlertStatus
from services.monitor.sources.hooks.bodies import first_of, shaped
from services.monitor.sources.hooks.said import Reported, Said, usual
from services.monitor.sources.hooks.signatures import Headers, by_bearer
from shared.events import identity

Moment = Annotated[datetime, msgspec.Meta(tz=True)]

COMPONENT = ("{labels.component}", "{labels.service}", "{labels.job}")


class Sent(msgspec.Struct, rename="camel"):
    """Is one alert of a group."""

    status: AlertStatus
    starts_at: Moment
    ends_at: Moment | None = None  # of one that fires: in the year 1, or when it would end if nothing more came
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}
    generator_url: str = msgspec.field(default="", name="generatorURL")
    dashboard_url: str = msgspec.field(default="", name="dashboardURL")  # of Grafana, as the next
    panel_url: str = msgspec.field(default="", name="panelURL")
    fingerprint: str = ""


class Group(msgspec.Struct, rename="camel"):
    """Is the message."""

    alerts: list[Sent]
    truncated_alerts: int = 0


def read(said: Any, headers: Headers, body: bytes, now: datetime) -> Said:  # noqa: ARG001  a Read
    """Returns every alert of the group, those that were sent before, too."""
    group = shaped(said, Group)
    alerts = [reported(alert, paths) for alert, paths in zip(group.alerts, said["alerts"], strict=True)]
    return Said(alerts, truncated=max(group.truncated_alerts, 0))


def reported(alert: Sent, paths: Mapping[str, Any]) -> Reported:
    """Returns an alert of Alertmanager's form, which Grafana has taken over."""
    labels, notes = alert.labels, alert.annotations
    return Reported(
        paths,
        key=alert.fingerprint or identity("labels", *sorted(f"{name}={value}" for name, value in labels.items())),
        name=labels.get("alertname", ""),
        status=alert.status,
        starts_at=alert.starts_at,
        ends_at=alert.ends_at if alert.status == "resolved" else None,
        severity=labels.get("severity"),
        summary=first_of(notes.get("summary"), notes.get("description"), notes.get("message")),
        url=first_of(alert.panel_url, alert.dashboard_url, alert.generator_url),
        labels=labels,
    )


KIND = usual(by_bearer, read, COMPONENT)
