"""Customers, components and questions have hostile words in well-formed messages, which notifier and ticketing must repeat or leave out."""

import json
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from shared.events import Topic
from tests.hostile.texts import text
from tests.hostile.wire import Record

FAILURES = 4  # of each customer: with fifteen of them past every threshold of the shipped `checkout-failing`


def person(dice: random.Random, component: str) -> list[Record]:
    """Returns a customer nobody would want to greet, whose requests to the component fail, and who writes in about it."""
    subject = f"hostile-{dice.getrandbits(64):x}"
    data = {
        "name": text(dice),
        "account": text(dice),
        "tier": text(dice)[:50],
        "locale": text(dice)[:50],
        "timezone": dice.choice(("Pacific/Kiritimati", "Europe/Berlin", text(dice)[:50])),
        "contacts": [{"channel": "email", "address": _address(dice, subject)}],
        "consent": {"incident": True},
    }
    question = {
        "channel": "form",
        "subject": text(dice),
        "body": text(dice) + " checkout hangs",
        "component": dice.choice((None, text(dice)[:200])),
    }
    return [
        _said(Topic.CUSTOMERS, "forewarn.customer.updated.v1", subject, data),
        *_failures(dice, subject, component),
        _said(Topic.SUPPORT_REQUESTS, "forewarn.support.requested.v1", subject, question),
    ]


def _failures(dice: random.Random, subject: str, component: str) -> Iterator[Record]:
    for turn in range(FAILURES):
        at = datetime.now(UTC) - timedelta(seconds=turn)
        yield _said(Topic.PRODUCT_EVENTS, "com.example.request", subject, {"component": component, "ok": False}, at, dice.getrandbits(64))


def _address(dice: random.Random, subject: str) -> str:
    """Returns an address, mostly one that mail arrives at."""
    return (
        f"{subject}@example.org"
        if dice.random() < 0.7
        else dice.choice((text(dice)[:300], f"{text(dice)[:60]}@example.org", f"a@{text(dice)[:250]}"))
    )


def _said(topic: str, type_: str, subject: str, data: dict[str, Any], at: datetime | None = None, unique: int = 0) -> Record:
    at = at or datetime.now(UTC)
    event = {
        "specversion": "1.0",
        "id": f"{subject}-{topic}-{unique}",
        "source": "/hostile/names",
        "type": type_,
        "time": at.isoformat(),
        "subject": subject,
        "data": data,
    }
    return Record(topic, subject.encode(), json.dumps(event).encode(), timestamp=int(at.timestamp() * 1000))
