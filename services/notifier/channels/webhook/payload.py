"""Composes what an endpoint is told of a notification: a JSON object of at most 20 kB, in the same words for every try. Pure."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from services.notifier.channels.outcome import Rendered
from shared.events.lines import one_line

LARGEST = 20_000  # bytes
SUBJECT = 250  # characters
TYPE = "notification.{}"  # by its kind: notification.opened, notification.resolved, …
PROBE = "endpoint.test"


def body_of(message: Rendered, customer_id: str, incident: Mapping[str, Any] | None) -> bytes:
    """Returns the body. A text that does not fit is cut, and `truncated` says so. `incident`: what it is about, in figures.

    The words are those without the footer and its link: whoever has the link can act for the customer, and endpoints pass words on.
    """
    whole = message.words.body or message.text
    text = whole[:LARGEST]
    while len(body := _body(message, customer_id, incident, text, truncated=text != whole)) > LARGEST and text:
        text = text[: -max((len(body) - LARGEST) // 6, 1)]  # 6 bytes at most stand for one character: \\u0000
    return body


def _body(message: Rendered, customer_id: str, incident: Mapping[str, Any] | None, text: str, *, truncated: bool) -> bytes:
    told = {
        "notification_id": message.id,
        "kind": message.kind,
        "customer_id": customer_id,
        "subject": one_line(message.words.subject or message.subject, SUBJECT),
        "text": text,
        "incident": incident,
        "ticket_id": message.ticket_id,
        "truncated": truncated,
    }
    return msgspec.json.encode({"type": TYPE.format(message.kind), "timestamp": message.date, "data": told})


def probe_of(customer_id: str, now: datetime) -> bytes:
    """Returns the body of the call that finds out whether an endpoint takes our calls."""
    return msgspec.json.encode({"type": PROBE, "timestamp": now, "data": {"customer_id": customer_id}})
