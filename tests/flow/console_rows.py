"""Rows of the read model for tests of pages, with everything ordinary but what a test names."""

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.flow.console_screen import Screen

NOW = datetime.now(UTC).replace(microsecond=0)
EVIL = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'{{ 7*7 }}</textarea>"

# What monitor says of an incident that 31 % of events opened.
WHY: dict[str, Any] = {
    "ratio": 0.3125,
    "events": 120,
    "bad_events": 37,
    "customers": 14,
    "window_seconds": 60.0,
    "opens_at": {"ratio": 0.2, "events": 50, "customers": 3},
    "resolves_below": {"ratio": 0.05, "events": 20, "calm_seconds": 120.0},
}

ORDINARY: dict[str, dict[str, Any]] = {
    "customers": {
        "id": "c-1",
        "name": "Ada",
        "account": "acme",
        "tier": "gold",
        "contacts": [{"channel": "email", "address": "ada@example.org", "role": "owner"}],
        "addresses": ["ada@example.org"],
        "updated_at": NOW,
    },
    "incidents": {
        "id": "i-1",
        "rule": "checkout-failing",
        "component": "checkout",
        "severity": "high",
        "title": "Checkout is failing",
        "status": "open",
        "started_at": NOW - timedelta(minutes=20),
        "opened_at": NOW - timedelta(minutes=19),
        "revision": 1,
        "said_at": NOW,
    },
    "impact": {"incident_id": "i-1", "customer_id": "c-1", "certainty": "confirmed", "first_seen_at": NOW, "last_seen_at": NOW, "count": 3},
    "tickets": {
        "id": "t-1",
        "number": 1042,
        "customer_id": "c-1",
        "channel": "form",
        "subject": "Cannot pay",
        "status": "open",
        "opened_at": NOW - timedelta(minutes=5),
        "changed_at": NOW - timedelta(minutes=5),
        "due_at": NOW + timedelta(hours=12, minutes=30),
        "last_word_at": NOW - timedelta(minutes=5),
        "last_word_side": "customer",
    },
    "messages": {
        "id": "m-1",
        "ticket_id": "t-1",
        "at": NOW - timedelta(minutes=5),
        "side": "customer",
        "author": "customer",
        "kind": "request",
        "subject": "Cannot pay",
        "body": "The checkout hangs.",
    },
    "notifications": {
        "id": "n-1",
        "customer_id": "c-1",
        "kind": "opened",
        "incident_id": "i-1",
        "status": "delivered",
        "channel": "email",
        "at": NOW - timedelta(minutes=10),
        "subject": "Paying fails",
        "body": "We are on it already.",
    },
    "suggestions": {"ticket_id": "t-1", "incident_id": "i-1", "score": 0.7, "reasons": ["same component"], "suggested_at": NOW},
    "risks": {"customer_id": "c-1", "rule": "stalled", "score": 0.8, "raised_at": NOW - timedelta(hours=1), "risk_id": "k-1"},
    "timeline": {"id": "f-1", "at": NOW, "service": "ticketing", "what": "ticket.opened", "ticket_id": "t-1"},
    "viewing": {"ticket_id": "t-1", "stream": "00000000-0000-0000-0000-000000000001", "person": "bob"},
}


async def there_is(on: Screen, table: str, **named: Any) -> dict[str, Any]:
    """Adds one row, and returns it."""
    row = ORDINARY[table] | named
    columns = ", ".join(f'"{name}"' for name in row)
    places = ", ".join(f"${place}" for place in range(1, len(row) + 1))
    await on.run(f"INSERT INTO {table} ({columns}) VALUES ({places})", *row.values())  # noqa: S608
    return row
