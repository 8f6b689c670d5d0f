"""These are small things that tests of risks are made of: rules, and events of customers in a story that starts at NOON."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from services.monitor.aggregates.moments import Moments
from services.monitor.fold.partition import Partition
from services.monitor.risk.finding import Finding
from services.monitor.risk.registry import KINDS
from services.monitor.rules.customers import CustomerRule
from services.monitor.rules.decline import DeclineRule
from services.monitor.rules.payment import PaymentRule
from services.monitor.rules.silence import SilenceRule
from services.monitor.rules.stall import StallRule
from services.monitor.rules.streak import StreakRule
from shared.events import ProductEvent
from tests.builders import NOON, event
from tests.unit.monitor.builders import HORIZON, LATER, START

HOUR = 3600.0
DAY = 24 * HOUR


def streak(**changes: Any) -> StreakRule:
    """Returns a rule on payments: three failures in a row within an hour are a risk."""
    said: dict[str, Any] = {
        "id": "payment-declined",
        "detector": "streak",
        "title": "Payments of this customer keep failing",
        "events": ["com.example.payment"],
        "bad": {"data.status": "failed"},
        "failures": 3,
        "window": "1h",
        "action": {"kind": "help"},
    }
    return StreakRule.model_validate({**said, **changes})


def stall(**changes: Any) -> StallRule:
    """Returns a rule on the first steps: an order must follow a signup within three days."""
    said: dict[str, Any] = {
        "id": "onboarding-stalled",
        "detector": "stall",
        "title": "This customer has ordered nothing yet",
        "events": ["com.example.signup"],
        "expects": {"events": ["com.example.order"]},
        "within": "3d",
    }
    return StallRule.model_validate({**said, **changes})


def unpaid(**changes: Any) -> PaymentRule:
    """Returns a rule on payments: one that failed is to be made good within three days."""
    said: dict[str, Any] = {
        "id": "payment-open",
        "detector": "payment",
        "title": "A payment of this customer failed and was not made good",
        "events": ["com.example.payment"],
        "where": {"data.status": "failed"},
        "paid": {"events": ["com.example.payment"], "where": {"data.status": "paid"}},
    }
    return PaymentRule.model_validate({**said, **changes})


def silence(**changes: Any) -> SilenceRule:
    """Returns a rule on log-ins: at least three visits make a rhythm."""
    said: dict[str, Any] = {
        "id": "gone-quiet",
        "detector": "silence",
        "title": "This customer is quiet for longer than usual",
        "events": ["com.example.login"],
        "visits": 3,
    }
    return SilenceRule.model_validate({**said, **changes})


def decline(**changes: Any) -> DeclineRule:
    """Returns a rule on orders: half of the average use is a risk."""
    said: dict[str, Any] = {
        "id": "uses-less",
        "detector": "decline",
        "title": "This customer orders less than they used to",
        "events": ["com.example.order"],
    }
    return DeclineRule.model_validate({**said, **changes})


def happened(type_: str, at: float, customer: str | None = "c-1", id_: str | None = None, **data: Any) -> ProductEvent:
    """Returns an event `at` seconds into the story; without an id it has one of its own for each type, moment and customer."""
    id_ = id_ or f"{type_}/{customer}/{at!r}/{data}"
    return event(id_, type_=f"com.example.{type_}", subject=customer, at=NOON + timedelta(seconds=at), data=data)


def payment(at: float, status: str = "failed", customer: str | None = "c-1", id_: str | None = None) -> ProductEvent:
    return happened("payment", at, customer, id_, status=status)


def followed(rule: CustomerRule, events: Iterable[ProductEvent], now: float = LATER, at_once: int = 1) -> Partition:
    """Returns a partition that has taken these events, in this order."""
    partition, coming = Partition([], HORIZON, follow=[rule]), list(events)
    for begin in range(0, len(coming), at_once):
        partition.fold(coming[begin : begin + at_once], now)
    return partition


def moments(partition: Partition, customer: str = "c-1") -> Moments:
    """Returns what the only rule remembers of the customer."""
    (only,) = partition.customers.values()
    return only.of(customer)


def found(rule: CustomerRule, events: Iterable[ProductEvent], at: float, now: float = LATER) -> Finding | None:
    """Returns what is found of c-1 when all up to `at` seconds into the story is known."""
    return KINDS[rule.detector].find(rule, moments(followed(rule, events, now)), START + at)
