"""These builders make small things for tests, with everything that does not matter filled in."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from shared.cloudevents import write_event
from shared.events import Contact, CustomerUpdated, ProductEvent, RiskActed, RiskAction, RiskCleared, SupportRequested

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


def event(
    id_: str = "1",
    *,
    subject: str | None = "c-1",
    at: datetime = NOON,
    type_: str = "com.example.request",
    source: str = "/shop",
    data: Mapping[str, Any] | None = None,
) -> ProductEvent:
    """Returns a product event: unless told otherwise a request to the checkout that went well."""
    return ProductEvent(id_, source, type_, at, "1.0", subject, dict(data or {"component": "checkout", "ok": True, "latency_ms": 100}))


def event_bytes(id_: str = "1", **fields: Any) -> bytes:
    """Returns the same, as it is on the wire."""
    return write_event(event(id_, **fields))


def customer(customer_id: str = "c-1", *, at: datetime = NOON, **data: Any) -> CustomerUpdated:
    """Returns a customer with one e-mail address."""
    defaults = {"name": "Ada", "contacts": (Contact(channel="email", address=f"{customer_id}@example.org"),)}
    return CustomerUpdated.of(CustomerUpdated.Data(**{**defaults, **data}), subject=customer_id, at=at)


def request(customer_id: str = "c-1", *, at: datetime = NOON, unique: object = "", **data: Any) -> SupportRequested:
    """A customer writes in; `unique` tells two requests of one customer apart."""
    defaults = {"subject": "Cannot pay", "body": "The checkout hangs."}
    return SupportRequested.of(SupportRequested.Data(**{**defaults, **data}), subject=customer_id, at=at, unique=unique)


@dataclass(frozen=True)
class Arrived:
    """The part of a record that says where and when it came in, in milliseconds since the epoch."""

    timestamp: int | None = int(NOON.timestamp() * 1000)
    topic: str = "a.topic.v1"


def acted(kind: str = "case", customer_id: str = "c-1", *, at: datetime = NOON, risk_id: str = "k-1", **data: Any) -> RiskActed:
    """Returns the fact that the action of a risk is asked for."""
    action = RiskAction(kind=kind, **{name: data.pop(name) for name in ("url", "name", "priority") if name in data})
    said: dict[str, Any] = {"rule": "cannot-pay", "status": "asked", "title": "Payments fail", "score": 0.5, "evidence": ("3 failures",)}
    found = RiskActed.Data(risk_id=risk_id, customer_id=customer_id, action=action, **{**said, **data})
    return RiskActed.of(found, subject=customer_id, at=at, unique=risk_id)


def cleared(customer_id: str = "c-1", *, at: datetime = NOON, risk_id: str = "k-1", reason: str = "recovered") -> RiskCleared:
    """Returns the fact that a customer is at risk no more."""
    data = RiskCleared.Data(customer_id=customer_id, rule="cannot-pay", reason=reason, risk_id=risk_id)
    return RiskCleared.of(data, subject=customer_id, at=at, unique=risk_id)
