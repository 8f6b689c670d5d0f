"""Stripe's events become events of the customer they are about, each by Stripe's own id."""

from typing import Any

import pytest

from services.monitor.sources.hooks.opened import fresh
from services.monitor.sources.hooks.signatures import Signed, Unsigned
from shared.cloudevents import Undecodable
from tests.unit.monitor.sources.hooks.sending import BEFORE, NOW, SECRET, as_bytes, hook, signed, told

AT = int(NOW.timestamp())


def sent(type_: str = "invoice.payment_failed", **thing: Any) -> dict[str, Any]:
    """Returns an event in the form of https://docs.stripe.com/api/events/object."""
    return {
        "id": "evt_1Pgc76",
        "object": "event",
        "api_version": "2026-09-30.dahlia",
        "created": AT - 60,
        "livemode": True,
        "pending_webhooks": 1,
        "request": {"id": None, "idempotency_key": None},
        "type": type_,
        "data": {
            "object": {
                "id": "in_1Pgc6t",
                "object": "invoice",
                "customer": "cus_QX7",
                "customer_email": "ada@example.org",
                "customer_name": "Ada",
                "amount_due": 1200,
                "attempt_count": 2,
                "currency": "eur",
                "next_payment_attempt": AT + 86400,
                "status": "open",
                "lines": {"object": "list", "data": []},
                **thing,
            },
            "previous_attributes": {"attempt_count": 1},
        },
    }


def header(raw: bytes, secret: str = SECRET, at: int = AT) -> str:
    return f"t={at},v1={signed(b'%d.' % at + raw, secret)},v0={'0' * 64}"


RAW = as_bytes(sent())


def test_an_invoice_that_could_not_be_paid_is_an_event_of_its_customer() -> None:
    answer = told(hook("stripe"), sent())
    [event] = answer.events
    assert (event["id"], event["type"], event["subject"]) == ("evt_1Pgc76", "com.stripe.invoice.payment_failed", "cus_QX7")
    assert (event["source"], event["time"]) == ("/hooks/stripe", "2026-11-26T11:59:00Z")
    assert event["data"] == {
        "id": "in_1Pgc6t",
        "object": "invoice",
        "amount_due": 1200,
        "attempt_count": 2,
        "currency": "eur",
        "next_payment_attempt": AT + 86400,
        "status": "open",
        "livemode": True,
        "changed": ["attempt_count"],
    }


def test_names_and_addresses_of_people_are_left_out() -> None:
    said = sent(shipping={"name": "Ada"}, receipt_email="ada@example.org", billing_details={"name": "Ada"}, description="for Ada")
    assert "ada" not in str(told(hook("stripe"), said).data).lower()


@pytest.mark.parametrize(
    ("thing", "subject"),
    [
        ({"customer": {"id": "cus_9", "object": "customer"}}, "cus_9"),
        ({"object": "customer", "id": "cus_7", "customer": None}, "cus_7"),
        ({"customer": None}, None),
    ],
)
def test_the_customer_may_stand_in_several_places_or_nowhere(thing: dict[str, Any], subject: str | None) -> None:
    assert told(hook("stripe"), sent(**thing)).events[0].get("subject") == subject


def test_the_hook_may_say_where_the_products_own_id_stands_and_which_component_is_meant() -> None:
    ours = hook("stripe", customer="{data.object.metadata.user_id}", component="billing")
    answer = told(ours, sent(metadata={"user_id": "c-17"}))
    assert (answer.keys, answer.data["component"]) == (["c-17"], "billing")
    assert told(ours, sent(metadata={})).keys == ["cus_QX7"]


def test_why_a_payment_failed_is_said() -> None:
    said = sent("payment_intent.payment_failed", last_payment_error={"code": "card_declined", "decline_code": "insufficient_funds"})
    data = told(hook("stripe"), said).data
    assert (data["failure_code"], data["decline_code"]) == ("card_declined", "insufficient_funds")


def test_a_thin_event_is_read_too() -> None:
    thin = {"id": "evt_2", "object": "v2.core.event", "type": "v1.billing.meter.no_meter_found", "created": "2026-11-26T11:00:00.000Z"}
    assert told(hook("stripe"), thin).events[0]["time"] == "2026-11-26T11:00:00Z"


def test_sent_again_it_is_the_same_event() -> None:
    assert told(hook("stripe"), sent()).ids == told(hook("stripe"), {**sent(), "pending_webhooks": 0}).ids


def test_one_of_several_signatures_is_enough_and_it_counts_for_five_minutes() -> None:
    ours = hook("stripe", SECRET, BEFORE)
    for secret in (SECRET, BEFORE):
        assert ours.judge({"stripe-signature": header(RAW, secret)}, RAW) == Signed(NOW)
    rolled = f"t={AT},v1={'0' * 64},v1={signed(b'%d.' % AT + RAW)}"
    assert hook("stripe").judge({"stripe-signature": rolled}, RAW) == Signed(NOW)
    old = hook("stripe").judge({"stripe-signature": header(RAW, at=AT - 301)}, RAW)
    assert isinstance(old, Signed)
    assert isinstance(fresh(old.at, NOW), Unsigned)
    assert fresh(NOW.replace(hour=11, minute=55), NOW) is None


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        "t=1",
        f"v1={'0' * 64}",
        header(RAW, "another"),
        header(RAW + b" "),
        header(RAW).replace(f"t={AT}", f"t={AT + 1}"),
        header(RAW).replace("v1=", "v0="),
        f"t=soon,v1={'0' * 64}",
        "," * 5000,
        "t=,v1=é",
    ],
)
def test_any_other_signature_is_wrong(wrong: str) -> None:
    assert isinstance(hook("stripe").judge({"stripe-signature": wrong}, RAW), Unsigned)


@pytest.mark.parametrize("body", [[], {}, {**sent(), "id": 7}, {**sent(), "created": "soon"}, {**sent(), "data": []}])
def test_what_is_no_event_of_stripes_is_refused(body: Any) -> None:
    with pytest.raises(Undecodable):
        told(hook("stripe"), body)


def test_an_event_that_cannot_be_one_of_ours_is_refused_by_its_place() -> None:
    assert [each.reason for each in told(hook("stripe"), {**sent(), "created": 1}).refused] == ["absurd_time"]
