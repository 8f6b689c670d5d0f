"""Reads Stripe's webhooks: one event each, which may come late, twice and in any order. Pure.

https://docs.stripe.com/webhooks and https://docs.stripe.com/webhooks/signature
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from services.monitor.sources.hooks.bodies import moment, shaped
from services.monitor.sources.hooks.said import Happened, Said, usual
from services.monitor.sources.hooks.signatures import Headers, Secrets, Signed, Unsigned, Verdict, any_equal, hex_hmac, moment_of

HEADER = "stripe-signature"
MOST_SIGNATURES = 10  # in one header: Stripe sends one for each secret that counts, two while one is rolled
TEXT = 300  # characters

# What rules may want to name of an invoice, charge, payment, subscription, checkout or dispute. Names, addresses and cards are left out.
FIELDS = frozenset(
    {
        *("id", "object", "status", "currency", "livemode", "mode", "reason", "invoice", "payment_intent", "subscription", "quantity"),
        *(
            "amount",
            "amount_due",
            "amount_paid",
            "amount_remaining",
            "amount_refunded",
            "amount_total",
            "total",
            "attempt_count",
            "attempted",
        ),
        *("next_payment_attempt", "billing_reason", "collection_method", "due_date", "failure_code", "failure_message", "payment_status"),
        *("cancel_at", "cancel_at_period_end", "canceled_at", "ended_at", "trial_end", "current_period_end", "delinquent", "paid"),
    }
)


class Content(msgspec.Struct):
    """Is what the event is about, and which of its fields changed."""

    object: dict[str, Any] = {}
    previous_attributes: dict[str, Any] | None = None


class Sent(msgspec.Struct):
    """Is the event; a thin one (`v2.core.event`) has no data, and says its moment as text."""

    id: str
    type: str
    created: int | str
    livemode: bool | None = None
    data: Content = msgspec.field(default_factory=Content)


def check(secrets: Secrets, headers: Headers, raw: bytes) -> Verdict:
    """Judges `Stripe-Signature: t=…,v1=…`, the HMAC of the moment and the body; one of several `v1` is enough."""
    parts = [part.strip().partition("=")[::2] for part in headers.get(HEADER, "").split(",", MOST_SIGNATURES + 5)]
    stamp = next((value for name, value in parts if name == "t"), "")
    said = [value for name, value in parts if name == "v1"][:MOST_SIGNATURES]
    at = moment_of(stamp)
    if at is None or not said:
        return Unsigned("it has no Stripe-Signature with t= and v1=")
    signed = stamp.encode() + b"." + raw
    right = any_equal([hex_hmac(secret, signed) for secret in secrets], said)
    return Signed(at) if right else Unsigned("no v1 of Stripe-Signature is right")


def read(said: Any, headers: Headers, body: bytes, now: datetime) -> Said:  # noqa: ARG001  a Read
    """Returns the event, of the customer that it is about."""
    sent = shaped(said, Sent)
    thing = sent.data.object
    data = {
        **{name: value for name in sorted(FIELDS & thing.keys()) if (value := _plain(thing[name])) is not None},
        **_why(thing),
        "changed": sorted(sent.data.previous_attributes or {})[:20],
    }
    if sent.livemode is not None:
        data["livemode"] = sent.livemode
    return Said([Happened(said, sent.id, f"com.stripe.{sent.type}", moment(sent.created), _customer(thing), data)])


def _customer(thing: Mapping[str, Any]) -> str | None:
    held = thing.get("id") if thing.get("object") == "customer" else thing.get("customer")
    if isinstance(held, dict):  # expanded
        held = held.get("id")
    return held if isinstance(held, str) else None


def _why(thing: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the codes of a payment that failed."""
    error = thing.get("last_payment_error")
    if not isinstance(error, dict):
        return {}
    named = (("failure_code", "code"), ("decline_code", "decline_code"))
    return {ours: _plain(error[theirs]) for ours, theirs in named if error.get(theirs)}


def _plain(value: Any) -> Any:
    """Returns a plain value, bounded; None for an object or list."""
    if isinstance(value, str):
        return value[:TEXT]
    return value if isinstance(value, bool | int | float) else None


KIND = usual(check, read)
