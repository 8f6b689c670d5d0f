"""Reads what others send to PagerDuty, in the form of its Events API v2: triggers, acknowledgements and resolutions. Pure.

The routing key is the secret. Only a trigger says what it is about, so the end of an alert is known by its dedup key.
https://developer.pagerduty.com/docs/events-api-v2-overview
"""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

import msgspec

from services.monitor.aggregates.alerts import AlertStatus
from services.monitor.sources.hooks.bodies import first_of, moment, shaped
from services.monitor.sources.hooks.said import Reported, Said, usual
from services.monitor.sources.hooks.signatures import Headers, Secrets, Signed, Unsigned, Verdict, any_equal
from shared.cloudevents import Reason, Undecodable
from shared.events import identity

COMPONENT = ("{payload.component}", "{payload.custom_details.component}", "{payload.custom_details.service}", "{payload.group}")
STATUS: dict[str, AlertStatus] = {"trigger": "firing", "resolve": "resolved"}


class Keyed(msgspec.Struct):
    """Is as much of a body as has to be read before its sender is known."""

    routing_key: str


class Payload(msgspec.Struct):
    """Says what is wrong."""

    summary: str
    source: str
    severity: Literal["critical", "error", "warning", "info"]
    timestamp: str | None = None
    component: str | None = None
    group: str | None = None
    class_: str | None = msgspec.field(default=None, name="class")


class Link(msgspec.Struct):
    """Is a link beside it."""

    href: str = ""


class Sent(msgspec.Struct):
    """Is the event."""

    event_action: Literal["trigger", "acknowledge", "resolve"]
    dedup_key: str | None = None
    payload: Payload | None = None
    client_url: str | None = None
    links: list[Link] = []


_keyed = msgspec.json.Decoder(Keyed).decode


def check(secrets: Secrets, headers: Headers, raw: bytes) -> Verdict:  # noqa: ARG001  a Check
    """Judges the `routing_key` of the body."""
    try:
        said = _keyed(raw).routing_key
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return Unsigned("it has no routing_key")
    return Signed() if any_equal(secrets, [said]) else Unsigned("the routing_key is not the hook's secret")


def read(said: Any, headers: Headers, body: bytes, now: datetime) -> Said:  # noqa: ARG001  a Read
    """Returns the alert that is triggered or resolved; that somebody has acknowledged it changes nothing."""
    sent = shaped(said, Sent)
    if sent.event_action == "trigger" and sent.payload is None:
        raise Undecodable(Reason.WRONG_TYPE, "payload: a trigger has one")
    if sent.event_action != "trigger" and not sent.dedup_key:
        raise Undecodable(Reason.WRONG_TYPE, f"dedup_key: an event that is to {sent.event_action} has one")
    key = sent.dedup_key or identity("pagerduty", body.hex())
    answer = {"dedup_key": key}  # senders without a key of their own use this one to resolve
    if sent.event_action == "acknowledge":
        return Said(left_out=Counter({"acknowledged": 1}), answer=answer)
    return Said([_reported(sent, key, said)], answer=answer)


def _reported(sent: Sent, key: str, paths: Mapping[str, Any]) -> Reported:
    payload = sent.payload
    at = moment(payload.timestamp) if payload and payload.timestamp else None
    firing = sent.event_action == "trigger"
    said = {"source": payload.source, "group": payload.group, "class": payload.class_} if payload else {}
    return Reported(
        paths=paths,
        key=key,
        name=payload.summary if payload else "",
        status=STATUS[sent.event_action],
        starts_at=at if firing else None,
        ends_at=None if firing else at,
        severity=payload.severity if payload else None,
        summary=payload.summary if payload else None,
        url=first_of(sent.client_url, *(link.href for link in sent.links)),
        labels={name: value for name, value in said.items() if value},
        is_recalled=True,
    )


KIND = usual(check, read, COMPONENT)
