"""Sentry's errors become events, and its alerts fire until the metric recovers or the issue is resolved."""

import json
from typing import Any

import pytest

from services.monitor.aggregates.alerts import ALERT_REPORTED
from services.monitor.sources.hooks.memory import Fired
from services.monitor.sources.hooks.opened import OpenHook
from services.monitor.sources.hooks.signatures import Signed, Unsigned
from shared.cloudevents import Undecodable
from tests.unit.monitor.sources.hooks.sending import BEFORE, NOW, SECRET, as_bytes, hook, signed, told

EVENT = {  # the form of https://docs.sentry.io/integrations/integration-platform/webhooks/issue-alerts/
    "event_id": "bb78c1407cea4519aa397afc059c793d",
    "issue_id": "1170820242",
    "datetime": "2026-11-26T11:58:37.391000Z",
    "level": "error",
    "platform": "javascript",
    "title": "ReferenceError: blooopy is not defined",
    "culprit": "?(runner)",
    "project": 1,
    "release": None,
    "tags": [["browser", "Chrome 75.0.3770"], ["component", "checkout"], ["odd"], 7],
    "user": {"id": "c-17", "ip_address": "192.0.2.1", "email": "ada@example.org"},
    "url": "https://sentry.io/api/0/projects/test-org/front-end/events/bb78/",
    "web_url": "https://sentry.io/organizations/test-org/issues/1170820242/events/bb78/",
}
METRIC = {
    "alert_rule": {"id": "7", "name": "Too many errors", "projects": ["checkout"]},
    "date_closed": None,
    "date_detected": "2026-11-26T11:50:00.000000Z",
    "date_started": "2026-11-26T11:45:00.000000Z",
    "id": "4",
    "identifier": "1",
    "projects": ["checkout"],
    "status": 2,
    "title": "Sacred Marmot",
}


def sent(resource: str, action: str, **data: Any) -> tuple[dict[str, Any], dict[str, str]]:
    body = {"action": action, "actor": {"id": "sentry"}, "data": data, "installation": {"uuid": "a8e5"}}
    return body, {"sentry-hook-resource": resource}


def recalled(by: OpenHook, body: Any, headers: dict[str, str], fired: dict[str, Fired]) -> tuple[list[Any], dict[str, Fired]]:
    """Returns the events of a request, and what is known of alerts afterwards."""
    made = by.made(by.read(headers, as_bytes(body), NOW), NOW, fired)
    return [json.loads(each.value) for each in made.ready], made.fired


def test_an_error_is_an_event_of_whom_it_happened_to() -> None:
    answer = told(hook("sentry"), *sent("error", "created", error=EVENT))
    [event] = answer.events
    assert (event["id"], event["type"], event["subject"]) == ("bb78c1407cea4519aa397afc059c793d", "com.sentry.error", "c-17")
    assert event["time"] == "2026-11-26T11:58:37.391000Z"
    assert event["data"] == {
        "component": "checkout",
        "title": "ReferenceError: blooopy is not defined",
        "level": "error",
        "platform": "javascript",
        "culprit": "?(runner)",
        "project": "front-end",
        "issue_id": "1170820242",
        "url": "https://sentry.io/organizations/test-org/issues/1170820242/events/bb78/",
        "tags": {"browser": "Chrome 75.0.3770", "component": "checkout"},
    }


@pytest.mark.parametrize(("change", "component"), [({"tags": []}, "front-end"), ({"tags": None, "url": ""}, "1")])
def test_without_a_tag_the_project_is_the_component(change: dict[str, Any], component: str) -> None:
    assert told(hook("sentry"), *sent("error", "created", error={**EVENT, **change})).data["component"] == component


def test_a_metric_alert_is_one_from_its_start_to_its_end() -> None:
    ours, known = hook("sentry"), dict[str, Fired]()
    [warned], known = recalled(ours, *sent("metric_alert", "warning", metric_alert=METRIC, web_url="https://sentry.io/x"), known)
    [critical], known = recalled(ours, *sent("metric_alert", "critical", metric_alert=METRIC), known)
    [ended], known = recalled(ours, *sent("metric_alert", "resolved", metric_alert=METRIC), known)
    [again], _ = recalled(ours, *sent("metric_alert", "resolved", metric_alert=METRIC), known)
    assert warned["type"] == ALERT_REPORTED
    assert (warned["id"], warned["time"]) == (critical["id"], "2026-11-26T11:45:00Z")
    assert (warned["data"]["component"], warned["data"]["name"], warned["data"]["severity"]) == ("checkout", "Too many errors", "warning")
    assert (ended["data"]["status"], ended["data"]["ends_at"]) == ("resolved", NOW.isoformat())
    assert again["id"] == ended["id"] != warned["id"]


def test_an_issue_alert_fires_until_its_issue_is_resolved() -> None:
    ours, known = hook("sentry"), dict[str, Fired]()
    [first], known = recalled(ours, *sent("event_alert", "triggered", event=EVENT, triggered_rule="Many"), known)
    later = {**EVENT, "datetime": "2026-11-26T11:59:30Z", "event_id": "other"}
    [second], known = recalled(ours, *sent("event_alert", "triggered", event=later, triggered_rule="Many"), known)
    [ended], known = recalled(ours, *sent("issue", "resolved", issue={"id": "1170820242", "title": "ReferenceError"}), known)
    assert first["id"] == second["id"]
    assert (first["data"]["component"], first["data"]["name"], first["data"]["status"]) == ("checkout", "Many", "firing")
    assert (ended["data"]["component"], ended["data"]["key"]) == ("checkout", first["data"]["key"])
    assert (ended["data"]["name"], ended["data"]["status"]) == ("Many", "resolved")
    anew = {**EVENT, "datetime": "2026-11-26T12:00:01Z"}
    [third], _ = recalled(ours, *sent("event_alert", "triggered", event=anew, triggered_rule="Many"), known)
    assert third["id"] != first["id"]


def test_an_issue_that_no_alert_was_about_is_none() -> None:
    assert told(hook("sentry"), *sent("issue", "resolved", issue={"id": "7"})).left_out == {"no_component": 1}


@pytest.mark.parametrize(
    ("resource", "action"),
    [("issue", "assigned"), ("comment", "created"), ("installation", "created"), ("", "x"), ("metric_alert", "muted"), ("error", "seen")],
)
def test_whatever_else_sentry_tells_is_left_out(resource: str, action: str) -> None:
    answer = told(hook("sentry"), *sent(resource, action, issue={"id": "7"}))
    assert (answer.events, answer.left_out) == ([], {"not_meant": 1})


@pytest.mark.parametrize(
    ("resource", "action", "data"),
    [
        ("error", "created", {}),
        ("error", "created", {"error": {**EVENT, "datetime": "soon"}}),
        ("error", "created", {"error": {**EVENT, "event_id": None}}),
        ("event_alert", "triggered", {"event": {**EVENT, "issue_id": ["1"]}}),
        ("metric_alert", "critical", {"metric_alert": {**METRIC, "date_started": None}}),
    ],
)
def test_what_has_another_shape_is_refused(resource: str, action: str, data: dict[str, Any]) -> None:
    with pytest.raises(Undecodable):
        told(hook("sentry"), *sent(resource, action, **data))


def test_its_signature_is_over_the_bytes_as_they_came() -> None:
    raw, ours = as_bytes(sent("error", "created", error=EVENT)[0]), hook("sentry", SECRET, BEFORE)
    for secret in (SECRET, BEFORE):
        assert ours.judge({"sentry-hook-signature": signed(raw, secret)}, raw) == Signed()
    for headers in ({}, {"sentry-hook-signature": signed(raw, "another")}, {"sentry-hook-signature": signed(raw + b" ")}):
        assert isinstance(ours.judge(headers, raw), Unsigned)
