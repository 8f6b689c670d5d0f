"""Calls of Segment and RudderStack become events of the user they name, each by its message id."""

from typing import Any

import pytest

from services.monitor.sources.hooks.segment import CALLS, FIELDS
from services.monitor.sources.hooks.signatures import Signed, Unsigned
from shared.cloudevents import Undecodable
from tests.unit.monitor.sources.hooks.sending import BEFORE, SECRET, as_bytes, bearer, hook, signed, told


def call(type_: str = "track", **fields: Any) -> dict[str, Any]:
    """Returns a call in the form of https://segment.com/docs/connections/spec/common/."""
    return {
        "anonymousId": "507f191e810c19729de860ea",
        "channel": "browser",
        "context": {"ip": "192.0.2.1", "userAgent": "Mozilla/5.0"},
        "integrations": {"All": True},
        "messageId": "022bb90c-bbac-11e4-8dfc-aa07a5b093db",
        "receivedAt": "2026-11-26T11:59:10.387Z",
        "sentAt": "2026-11-26T11:59:10.000Z",
        "timestamp": "2026-11-26T11:59:09.387Z",
        "type": type_,
        "userId": "c-17",
        "version": "1.1",
        **fields,
    }


def test_a_track_call_is_an_event_of_its_user() -> None:
    answer = told(hook("segment"), call(event="Payment Failed", properties={"amount": 12.5, "method": "card", "cart": {"size": 3}}))
    [event] = answer.events
    assert (event["id"], event["type"], event["subject"]) == ("022bb90c-bbac-11e4-8dfc-aa07a5b093db", "com.segment.track", "c-17")
    assert event["time"] == "2026-11-26T11:59:09.387000Z"
    assert event["data"] == {
        "event": "Payment Failed",
        "user_id": "c-17",
        "anonymous_id": "507f191e810c19729de860ea",
        "properties": {"amount": 12.5, "method": "card"},
    }


@pytest.mark.parametrize(
    ("said", "data"),
    [
        (call("identify", traits={"email": "ada@example.org"}), {"traits": {"email": "ada@example.org"}}),
        (call("alias", previousId="507f"), {"previous_id": "507f"}),
        (call("page", name="Pricing", properties={"path": "/pricing"}), {"name": "Pricing", "properties": {"path": "/pricing"}}),
        (call("screen", name="Home"), {"name": "Home"}),
        (call("group", groupId=7), {"group_id": "7"}),
    ],
)
def test_each_other_call_is_one_too(said: dict[str, Any], data: dict[str, Any]) -> None:
    answer = told(hook("segment"), said)
    assert answer.events[0]["type"] == f"com.segment.{said['type']}"
    assert answer.data == {"user_id": "c-17", "anonymous_id": "507f191e810c19729de860ea", **data}


def test_a_call_of_nobody_known_has_no_customer() -> None:
    answer = told(hook("segment", component="web"), call(userId=None))
    assert "subject" not in answer.events[0]
    assert (answer.keys, answer.data["anonymous_id"]) == (["web"], "507f191e810c19729de860ea")


def test_rudderstacks_original_timestamp_will_do() -> None:
    said = call(timestamp=None, originalTimestamp="2026-11-26T11:00:00.000+01:00")
    assert told(hook("segment"), said).events[0]["time"] == "2026-11-26T10:00:00Z"


def test_several_calls_come_as_a_list_or_a_batch() -> None:
    calls = [call(messageId="a"), call(messageId="b")]
    assert told(hook("segment"), calls).ids == told(hook("segment"), {"batch": calls}).ids == ["a", "b"]
    with pytest.raises(Undecodable, match="1000 at most"):
        told(hook("segment"), [call()] * (CALLS + 1))


def test_properties_are_bounded() -> None:
    kept = told(hook("segment"), call(properties={f"p{number:04}": "x" * 5000 for number in range(1000)})).data["properties"]
    assert 0 < len(kept) < FIELDS
    assert {len(value) for value in kept.values()} == {1000}
    assert len(told(hook("segment"), call(properties={f"p{number}": 1 for number in range(1000)})).data["properties"]) == FIELDS


@pytest.mark.parametrize(
    "body", [{}, [7], call("delete"), call(messageId=None), call(timestamp="soon"), call(timestamp=None), {"batch": 7}]
)
def test_what_is_no_call_is_refused(body: Any) -> None:
    with pytest.raises(Undecodable):
        told(hook("segment"), body)


def test_it_is_signed_with_sha1_over_the_bytes_as_they_came_or_has_a_token() -> None:
    raw, ours = as_bytes(call()), hook("segment", SECRET, BEFORE)
    for secret in (SECRET, BEFORE):
        assert ours.judge({"x-signature": signed(raw, secret, "sha1")}, raw) == Signed()
    assert ours.judge(bearer(), raw) == Signed()
    for headers in (
        {},
        bearer("wrong"),
        {"x-signature": signed(raw, algorithm="sha256")},
        {"x-signature": signed(raw + b" ", algorithm="sha1")},
    ):
        assert isinstance(ours.judge(headers, raw), Unsigned)
