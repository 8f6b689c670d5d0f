"""Reads Datadog's webhooks, whose payload is a template: the one that docs/emit.md shows. Pure.

https://docs.datadoghq.com/integrations/webhooks/
"""

from collections import Counter
from datetime import datetime
from typing import Any

import msgspec

from services.monitor.aggregates.alerts import AlertStatus
from services.monitor.sources.hooks.bodies import moment, shaped
from services.monitor.sources.hooks.said import Reported, Said, usual
from services.monitor.sources.hooks.signatures import Headers, by_bearer

COMPONENT = ("{labels.component}", "{labels.service}")
MILLISECONDS = 1000
TAGS = 100

# What $ALERT_TRANSITION may be; whatever else it is, such as Muted, is left out.
TRANSITIONS: dict[str, AlertStatus] = {
    "triggered": "firing",
    "re-triggered": "firing",
    "warn": "firing",
    "re-warn": "firing",
    "renotify": "firing",
    "no data": "firing",
    "re-no data": "firing",
    "recovered": "resolved",
}


class Sent(msgspec.Struct):
    """Is the template, filled in. A variable that says nothing is empty, or stands there as it is named."""

    cycle: str  # $ALERT_CYCLE_KEY: one from the alert's start to its end
    transition: str
    date: str | int  # milliseconds
    monitor: str = ""
    title: str = ""
    tags: str = ""
    priority: str = ""
    link: str = ""


def read(said: Any, headers: Headers, body: bytes, now: datetime) -> Said:  # noqa: ARG001  a Read
    """Returns the alert of a monitor. Only its moment is said, so its start is known by its cycle."""
    sent = shaped(said, Sent)
    status = TRANSITIONS.get(sent.transition.strip().lower())
    if status is None:
        return Said(left_out=Counter({"not_meant": 1}))
    at, tags = moment(sent.date, MILLISECONDS), _tags(sent.tags)
    reported = Reported(
        paths={**said, "labels": tags},
        key=_said(sent.cycle) or f"monitor:{sent.monitor}",
        name=_said(sent.title) or f"monitor {sent.monitor}",
        status=status,
        starts_at=at if status == "firing" else None,
        ends_at=at if status == "resolved" else None,
        severity=_said(sent.priority),
        summary=_said(sent.title),
        url=_said(sent.link),
        labels=tags,
        is_recalled=True,
    )
    return Said([reported])


def _said(text: str) -> str | None:
    """Returns what a variable says; None when it is empty, or was not filled in."""
    return None if not text or text.startswith("$") else text


def _tags(text: str) -> dict[str, str]:
    """Returns the tags of `service:web, env:prod`; the first of a name counts."""
    tags: dict[str, str] = {}
    for tag in text.split(",")[:TAGS]:
        name, found, value = tag.strip().partition(":")
        if found and name and value:
            tags.setdefault(name, value)
    return tags


KIND = usual(by_bearer, read, COMPONENT)
