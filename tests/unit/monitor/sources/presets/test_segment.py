"""Calls of Segment and RudderStack, as their documentation shows them, become events without a mapping."""

from pathlib import Path
from typing import Any

import pytest

from services.monitor.sources.presets.segment import CALLS
from shared.mapping.turning import Refused
from tests.unit.monitor.sources.writing import read, source

ALL = "sources: [{topic: tracking, format: segment}]"
OWN = """
    sources:
      - topic: tracking
        format: segment
        events:
          - type: com.example.request
            when: {type: track, event: [Order Completed, Payment Failed]}
            subject: "{userId}"
            data:
              component: payment
              ok: {from: "{event}", map: {Order Completed: true, Payment Failed: false}}
              mail: "{context.traits.email}"
"""
TRACK = {
    "anonymousId": "507f191e810c19729de860ea",
    "context": {"active": True, "ip": "8.8.8.8", "locale": "en-US", "traits": {"email": "peter@example.org"}},
    "integrations": {"All": True},
    "event": "Report",
    "messageId": "022bb90c-bbac-11e4-8dfc-aa07a5b093db",
    "properties": {"plan": "Enterprise", "total": 29.5},
    "receivedAt": "2015-12-10T04:08:31.909Z",
    "sentAt": "2015-12-10T04:08:31.581Z",
    "timestamp": "2015-12-10T04:08:31.905Z",
    "type": "track",
    "userId": "97980cfea0067",
    "version": 2,
}
RUDDERSTACK = {
    "channel": "web",
    "type": "identify",
    "messageId": "1618a1d2-6f3a-4a0e-9f2b-6a0a4a1b9f1c",
    "anonymousId": "8d872292709c6fbe",
    "userId": "",
    "traits": {"name": "Alex Keener", "email": "alex@example.org"},
    "context": {"library": {"name": "RudderLabs JavaScript SDK", "version": "2.9.1"}},
    "originalTimestamp": "2023-11-24T14:10:00.000Z",
    "sentAt": "2023-11-24T14:10:05.000Z",
    "receivedAt": "2023-11-24T14:20:06.000Z",
    "request_ip": "192.0.2.7",
}


def events(folder: Path, said: Any, text: str = ALL) -> list[dict[str, Any] | Refused]:
    return read(source(folder, text), said, topic="tracking")


def event(folder: Path, said: Any, text: str = ALL) -> dict[str, Any]:
    [one] = events(folder, said, text)
    assert isinstance(one, dict), one
    return one


def test_a_track_call_is_an_event_of_its_user(tmp_path: Path) -> None:
    assert event(tmp_path, TRACK) == {
        "specversion": "1.0",
        "id": "022bb90c-bbac-11e4-8dfc-aa07a5b093db",
        "source": "/topic/tracking",
        "type": "com.segment.track",
        "time": "2015-12-10T04:08:31.905000+00:00",
        "subject": "97980cfea0067",
        "data": {"event": "Report", "properties": {"plan": "Enterprise", "total": 29.5}, "anonymousId": "507f191e810c19729de860ea"},
    }


@pytest.mark.parametrize("call", CALLS)
def test_each_call_has_a_type_of_its_own(tmp_path: Path, call: str) -> None:
    assert event(tmp_path, TRACK | {"type": call})["type"] == f"com.segment.{call}"


@pytest.mark.parametrize("call", ["batch", "Track", None, 7])
def test_what_is_none_of_the_calls_is_left_out(tmp_path: Path, call: Any) -> None:
    assert events(tmp_path, TRACK | {"type": call}) == []


def test_who_is_not_known_yet_is_anonymous_and_nothing_personal_is_taken_along(tmp_path: Path) -> None:
    found = event(tmp_path, RUDDERSTACK)
    assert found["subject"] == "8d872292709c6fbe"
    assert found["data"] == {"anonymousId": "8d872292709c6fbe"}


def test_groups_and_former_names_are_kept(tmp_path: Path) -> None:
    assert event(tmp_path, TRACK | {"type": "alias", "previousId": "anon-1"})["data"]["previousId"] == "anon-1"
    assert event(tmp_path, TRACK | {"type": "group", "groupId": "acme"})["data"]["groupId"] == "acme"


@pytest.mark.parametrize(
    ("left_out", "time"),
    [
        ((), "2023-11-24T14:20:01+00:00"),  # the device's clock is ten minutes and a second late
        (("sentAt",), "2023-11-24T14:10:00+00:00"),
        (("receivedAt",), "2023-11-24T14:10:00+00:00"),
        (("originalTimestamp", "sentAt"), "2023-11-24T14:20:06+00:00"),
        (("originalTimestamp", "sentAt", "receivedAt"), "2026-11-26T12:00:00+00:00"),
    ],
)
def test_without_a_timestamp_the_time_is_worked_out_as_segment_does(tmp_path: Path, left_out: tuple[str, ...], time: str) -> None:
    assert event(tmp_path, {name: held for name, held in RUDDERSTACK.items() if name not in left_out})["time"] == time


@pytest.mark.parametrize("at", ["yesterday", 17, {"at": 1}, True])
def test_a_time_that_is_none_is_refused(tmp_path: Path, at: Any) -> None:
    [refused] = events(tmp_path, TRACK | {"timestamp": at})
    assert isinstance(refused, Refused)
    assert (refused.reason, refused.where) == ("no_time", "the time that the format says")


def test_events_of_ones_own_take_the_place_of_these_and_may_ask_for_anything(tmp_path: Path) -> None:
    failed = event(tmp_path, TRACK | {"event": "Payment Failed"}, OWN)
    assert (failed["id"], failed["type"]) == (TRACK["messageId"], "com.example.request")
    assert failed["data"] == {"component": "payment", "ok": False, "mail": "peter@example.org"}
    assert events(tmp_path, TRACK, OWN) == []
