"""What is sent to PagerDuty's Events API v2 is an alert from its trigger to its resolution, by its dedup key."""

import json
from datetime import timedelta
from typing import Any

import pytest

from services.monitor.sources.hooks.memory import Fired
from services.monitor.sources.hooks.signatures import Signed, Unsigned
from shared.cloudevents import Undecodable
from tests.unit.monitor.sources.hooks.sending import BEFORE, NOW, SECRET, as_bytes, hook, told

TRIGGER: dict[str, Any] = {  # the form of https://developer.pagerduty.com/docs/send-alert-event
    "payload": {
        "summary": "DISK at 99% on machine prod-datapipe03.example.com",
        "timestamp": "2026-11-26T11:42:58.315+0000",
        "severity": "critical",
        "source": "prod-datapipe03.example.com",
        "component": "search",
        "group": "prod-datapipe",
        "class": "disk",
        "custom_details": {"free space": "1%"},
    },
    "routing_key": SECRET,
    "dedup_key": "samplekeyhere",
    "event_action": "trigger",
    "client": "Sample Monitoring Service",
    "client_url": "https://monitoring.example.com",
    "links": [{"href": "https://example.com/runbook", "text": "Runbook"}],
    "images": [],
}
RESOLVE = {"routing_key": SECRET, "dedup_key": "samplekeyhere", "event_action": "resolve"}


def sent(body: Any, fired: dict[str, Fired], minutes: float = 0) -> tuple[dict[str, Any], dict[str, Fired]]:
    """Returns the event of a request that comes so many minutes from NOW, and what is known afterwards."""
    ours, now = hook("pagerduty"), NOW + timedelta(minutes=minutes)
    made = ours.made(ours.read({}, as_bytes(body), now), now, fired)
    [one] = made.ready
    return json.loads(one.value), made.fired


def test_a_trigger_is_an_alert_that_fires() -> None:
    answer = told(hook("pagerduty"), TRIGGER)
    assert answer.events[0]["time"] == "2026-11-26T11:42:58.315000Z"
    assert answer.data == {
        "component": "search",
        "key": "samplekeyhere",
        "name": "DISK at 99% on machine prod-datapipe03.example.com",
        "status": "firing",
        "starts_at": "2026-11-26T11:42:58.315000+00:00",
        "ends_at": None,
        "severity": "critical",
        "summary": "DISK at 99% on machine prod-datapipe03.example.com",
        "url": "https://monitoring.example.com",
        "labels": {"class": "disk", "group": "prod-datapipe", "source": "prod-datapipe03.example.com"},
    }
    assert answer.said.answer == {"dedup_key": "samplekeyhere"}


def test_its_resolution_ends_it_although_it_says_only_the_key() -> None:
    fired, known = sent(TRIGGER, {})
    ended, known = sent(RESOLVE, known, minutes=3)
    again, _ = sent(RESOLVE, known, minutes=4)
    assert (ended["data"]["component"], ended["data"]["status"], ended["time"]) == ("search", "resolved", "2026-11-26T12:03:00Z")
    assert ended["data"]["starts_at"] == fired["data"]["starts_at"]
    assert again["id"] == ended["id"] != fired["id"]


def test_without_a_moment_it_fires_since_its_first_trigger_until_it_is_resolved() -> None:
    undated = {**TRIGGER, "payload": {**TRIGGER["payload"], "timestamp": None}}
    first, known = sent(undated, {})
    second, known = sent(undated, known, minutes=1)
    _, known = sent(RESOLVE, known, minutes=2)
    third, _ = sent(undated, known, minutes=3)
    assert (first["id"], first["time"]) == (second["id"], "2026-11-26T12:00:00Z")
    assert (third["time"], third["id"] == first["id"]) == ("2026-11-26T12:03:00Z", False)


def test_a_trigger_that_comes_once_more_after_the_end_is_the_old_one() -> None:
    fired, known = sent(TRIGGER, {})
    _, known = sent(RESOLVE, known, minutes=3)
    assert sent(TRIGGER, known, minutes=4)[0]["id"] == fired["id"]


def test_that_somebody_has_acknowledged_it_changes_nothing() -> None:
    answer = told(hook("pagerduty"), {**RESOLVE, "event_action": "acknowledge"})
    assert (answer.events, answer.left_out) == ([], {"acknowledged": 1})


def test_an_end_of_what_never_fired_is_left_out() -> None:
    assert told(hook("pagerduty"), RESOLVE).left_out == {"no_component": 1}


def test_a_trigger_without_a_key_gets_one_that_is_the_same_for_the_same_bytes() -> None:
    bare = {name: value for name, value in TRIGGER.items() if name != "dedup_key"}
    keys = [told(hook("pagerduty"), body).said.answer["dedup_key"] for body in (bare, bare, {**bare, "client": "other"})]
    assert keys[0] == keys[1] != keys[2]


@pytest.mark.parametrize(
    "body",
    [
        {**TRIGGER, "payload": None},
        {**TRIGGER, "event_action": "explode"},
        {**RESOLVE, "dedup_key": None},
        {**TRIGGER, "payload": {**TRIGGER["payload"], "severity": "meh"}},
        {**TRIGGER, "payload": {**TRIGGER["payload"], "timestamp": "soon"}},
    ],
)
def test_what_is_none_of_its_events_is_refused(body: dict[str, Any]) -> None:
    with pytest.raises(Undecodable):
        told(hook("pagerduty"), body)


def test_the_routing_key_is_the_secret() -> None:
    ours = hook("pagerduty", SECRET, BEFORE)
    assert ours.judge({}, as_bytes(TRIGGER)) == Signed()
    assert ours.judge({}, as_bytes({**TRIGGER, "routing_key": BEFORE})) == Signed()
    for raw in (
        b"",
        b"{",
        b"[]",
        b"\xff",
        b"[" * 100_000,
        as_bytes({**TRIGGER, "routing_key": "wrong"}),
        as_bytes({**TRIGGER, "routing_key": 7}),
    ):
        assert isinstance(ours.judge({"authorization": f"Bearer {SECRET}"}, raw), Unsigned)
