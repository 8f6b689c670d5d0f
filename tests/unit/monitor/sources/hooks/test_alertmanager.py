"""A group of Alertmanager becomes one event for each alert, whoever of a cluster sends it and however often."""

from typing import Any

import pytest

from services.monitor.aggregates.alerts import ALERT_REPORTED, LABELS
from services.monitor.sources.hooks.signatures import Signed, Unsigned
from shared.cloudevents import Undecodable
from tests.unit.monitor.sources.hooks.sending import BEFORE, SECRET, bearer, hook, told

NEVER = "0001-01-01T00:00:00Z"


def alert(**changes: Any) -> dict[str, Any]:
    """Returns one alert as https://prometheus.io/docs/alerting/latest/configuration/#webhook_config shows it."""
    return {
        "status": "firing",
        "labels": {"alertname": "CheckoutErrors", "service": "checkout", "severity": "critical", "job": "shop"},
        "annotations": {"summary": "Checkout fails", "description": "5 % of requests fail"},
        "startsAt": "2026-11-26T11:58:00.123456789+01:00",
        "endsAt": NEVER,
        "generatorURL": "http://prometheus:9090/graph?g0.expr=up",
        "fingerprint": "1a30ba71cca2921f",
        **changes,
    }


def group(*alerts: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {
        "version": "4",
        "groupKey": '{}:{alertname="CheckoutErrors"}',
        "truncatedAlerts": 0,
        "status": "firing",
        "receiver": "forewarn",
        "groupLabels": {"alertname": "CheckoutErrors"},
        "commonLabels": {},
        "commonAnnotations": {},
        "externalURL": "http://alertmanager-0:9093",
        "alerts": list(alerts),
        **changes,
    }


def test_an_alert_that_fires_is_an_event_of_its_component_since_its_start() -> None:
    answer = told(hook("alertmanager"), group(alert()))
    [event] = answer.events
    assert (event["type"], event["source"], event["time"]) == (ALERT_REPORTED, "/hooks/alertmanager", "2026-11-26T10:58:00.123457Z")
    assert "subject" not in event
    assert answer.keys == ["checkout"]
    assert event["data"] == {
        "component": "checkout",
        "key": "1a30ba71cca2921f",
        "name": "CheckoutErrors",
        "status": "firing",
        "starts_at": "2026-11-26T10:58:00.123457+00:00",
        "ends_at": None,
        "severity": "critical",
        "summary": "Checkout fails",
        "url": "http://prometheus:9090/graph?g0.expr=up",
        "labels": {"alertname": "CheckoutErrors", "job": "shop", "service": "checkout", "severity": "critical"},
    }


def test_an_alert_that_has_ended_is_an_event_of_its_end() -> None:
    answer = told(hook("alertmanager"), group(alert(status="resolved", endsAt="2026-11-26T11:04:00Z"), status="resolved"))
    assert answer.events[0]["time"] == "2026-11-26T11:04:00Z"
    assert (answer.data["status"], answer.data["ends_at"]) == ("resolved", "2026-11-26T11:04:00+00:00")
    assert answer.ids != told(hook("alertmanager"), group(alert())).ids


def test_sent_again_with_more_alerts_and_by_the_other_of_a_pair_it_is_the_same_event() -> None:
    once = told(hook("alertmanager"), group(alert()))
    again = told(hook("alertmanager"), group(alert(), alert(fingerprint="2b"), externalURL="http://alertmanager-1:9093", receiver="other"))
    assert again.ids[0] == once.ids[0]
    assert len({*again.ids}) == 2


@pytest.mark.parametrize("change", [{"startsAt": "2026-11-26T11:59:00Z"}, {"fingerprint": "3c"}])
def test_another_start_or_fingerprint_is_another_alert(change: dict[str, Any]) -> None:
    assert told(hook("alertmanager"), group(alert(**change))).ids != told(hook("alertmanager"), group(alert())).ids


def test_an_alert_of_an_older_version_is_known_again_by_its_labels() -> None:
    old = alert()
    del old["fingerprint"]
    turned = {**old, "labels": dict(reversed(old["labels"].items()))}
    assert told(hook("alertmanager"), group(old)).ids == told(hook("alertmanager"), group(turned)).ids
    other = {**old, "labels": {**old["labels"], "zone": "eu"}}
    assert told(hook("alertmanager"), group(old)).ids != told(hook("alertmanager"), group(other)).ids


@pytest.mark.parametrize(
    ("labels", "component"),
    [
        ({"component": "a", "service": "b", "job": "c"}, "a"),
        ({"service": "b", "job": "c"}, "b"),
        ({"component": "", "job": "c"}, "c"),
    ],
)
def test_the_component_is_the_first_usual_label_that_says_one(labels: dict[str, str], component: str) -> None:
    assert told(hook("alertmanager"), group(alert(labels=labels))).data["component"] == component


def test_the_component_may_stand_elsewhere_and_have_another_name() -> None:
    ours = hook("alertmanager", component="{annotations.area}", map={"Kasse": "checkout"})
    told_ = told(ours, group(alert(annotations={"area": "Kasse"}), alert(annotations={"area": "search"})))
    assert [each["data"]["component"] for each in told_.events] == ["checkout", "search"]


def test_an_alert_without_a_component_is_left_out_alone() -> None:
    answer = told(hook("alertmanager"), group(alert(labels={"alertname": "Watchdog"}), alert()))
    assert (len(answer.events), answer.left_out) == (1, {"no_component": 1})


def test_an_alert_may_be_about_one_customer() -> None:
    answer = told(hook("alertmanager", customer="{labels.tenant}"), group(alert(labels={"service": "api", "tenant": "c-17"})))
    assert (answer.events[0]["subject"], answer.keys) == ("c-17", ["c-17"])


def test_what_was_cut_off_is_said() -> None:
    assert told(hook("alertmanager"), group(alert(), truncatedAlerts=7)).said.truncated == 7


def test_a_component_of_any_length_is_none() -> None:
    for length, left_out in ((255, {}), (256, {"no_component": 1})):
        assert told(hook("alertmanager"), group(alert(labels={"service": "x" * length}))).left_out == left_out


@pytest.mark.parametrize("start", ["1999-01-01T00:00:00Z", "2026-11-28T00:00:00Z", "9999-12-31T23:59:59-10:00"])
def test_an_alert_of_an_absurd_time_is_left_out(start: str) -> None:
    assert told(hook("alertmanager"), group(alert(startsAt=start))).left_out == {"absurd_time": 1}


def test_only_a_link_of_the_web_is_a_link_and_labels_are_bounded() -> None:
    labels = {f"label{number:03}": "x" * 1000 for number in range(100)} | {"service": "api"}
    data = told(hook("alertmanager", component="api"), group(alert(generatorURL="javascript:alert(1)", labels=labels))).data
    assert data["url"] is None
    assert len(data["labels"]) == LABELS
    assert {len(value) for value in data["labels"].values()} == {255}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"no json",
        b"7",
        b"[]",
        {"version": "4"},
        group(alert(status="pending")),
        group(alert(startsAt="yesterday")),
        group(alert(startsAt="2026-11-26T11:58:00")),
        group(alert(labels={"service": 7})),
        b'{"alerts":' + b"[" * 5000 + b"]" * 5000 + b"}",
    ],
)
def test_what_is_no_group_is_refused_as_a_whole(body: Any) -> None:
    with pytest.raises(Undecodable):
        told(hook("alertmanager"), body)


def test_the_token_is_the_secret_and_nothing_else() -> None:
    ours = hook("alertmanager", SECRET, BEFORE)
    assert ours.judge(bearer(SECRET), b"") == Signed()
    assert ours.judge(bearer(BEFORE), b"") == Signed()
    for headers in ({}, bearer("wrong"), bearer(""), bearer(SECRET + "x"), {"authorization": f"Basic {SECRET}"}, bearer("\udcff")):
        assert isinstance(ours.judge(headers, b""), Unsigned)
    assert isinstance(hook("alertmanager", SECRET).judge(bearer(BEFORE), b""), Unsigned)
