"""Grafana's alerts are read as Alertmanager's, and signed with an HMAC where it does so."""

from typing import Any

from services.monitor.sources.hooks.opened import fresh
from services.monitor.sources.hooks.signatures import Signed, Unsigned
from tests.unit.monitor.sources.hooks.sending import BEFORE, NOW, SECRET, as_bytes, bearer, hook, signed, told

# The form of https://grafana.com/docs/grafana/latest/alerting/configure-notifications/manage-contact-points/integrations/webhook-notifier/
SENT: dict[str, Any] = {
    "receiver": "Forewarn",
    "status": "firing",
    "orgId": 1,
    "alerts": [
        {
            "status": "firing",
            "labels": {"alertname": "High memory usage", "component": "search", "zone": "us-1"},
            "annotations": {"description": "The system has high memory usage", "runbook_url": "https://example.com/runbook/1234"},
            "startsAt": "2026-11-26T09:51:03.157076+02:00",
            "endsAt": "0001-01-01T00:00:00Z",
            "generatorURL": "https://grafana.example.com/alerting/1afz29v7z/edit",
            "fingerprint": "c6eadffa33fcdf37",
            "silenceURL": "https://grafana.example.com/alerting/silence/new",
            "dashboardURL": "https://grafana.example.com/d/abc",
            "panelURL": "",
            "values": {"B": 44.23943737541908, "C": 1},
        }
    ],
    "groupLabels": {},
    "commonLabels": {"team": "blue"},
    "commonAnnotations": {},
    "externalURL": "https://grafana.example.com/",
    "version": "1",
    "groupKey": "{}:{}",
    "truncatedAlerts": 0,
    "title": "[FIRING:1]",
    "state": "alerting",
    "message": "**Firing**",
}
RAW = as_bytes(SENT)
HEADER = "x-grafana-alerting-signature"


def test_an_alert_is_an_event_of_its_component() -> None:
    answer = told(hook("grafana"), SENT)
    assert answer.events[0]["time"] == "2026-11-26T07:51:03.157076Z"
    assert (answer.data["component"], answer.data["name"], answer.data["key"]) == ("search", "High memory usage", "c6eadffa33fcdf37")
    assert (answer.data["summary"], answer.data["url"]) == ("The system has high memory usage", "https://grafana.example.com/d/abc")
    assert told(hook("grafana"), SENT).ids == answer.ids


def test_its_signature_is_over_the_bytes_as_they_came() -> None:
    ours = hook("grafana", SECRET, BEFORE)
    for secret in (SECRET, BEFORE):
        assert ours.judge({HEADER: signed(RAW, secret)}, RAW) == Signed()
    for wrong in ("", signed(RAW, "another"), signed(RAW)[:-1], signed(RAW + b" "), "é"):
        assert isinstance(ours.judge({HEADER: wrong}, RAW), Unsigned)
    assert isinstance(ours.judge({}, RAW), Unsigned)


def test_a_bearer_token_will_do_too() -> None:
    assert hook("grafana").judge(bearer(), RAW) == Signed()
    assert isinstance(hook("grafana").judge({**bearer("wrong"), HEADER: signed(RAW)}, RAW), Unsigned)


def test_with_a_header_for_the_moment_it_counts_for_five_minutes() -> None:
    ours = hook("grafana", signature={"header": "X-Sign", "timestamp": "X-At"})
    at = int(NOW.timestamp())
    verdict = ours.judge({"x-sign": signed(b"%d:" % at + RAW), "x-at": str(at)}, RAW)
    assert verdict == Signed(NOW)
    assert isinstance(ours.judge({"x-sign": signed(RAW)}, RAW), Unsigned)
    assert isinstance(ours.judge({"x-sign": signed(b"%d:" % at + RAW), "x-at": str(at + 1)}, RAW), Unsigned)
    assert fresh(NOW, NOW.replace(minute=5)) is None
    assert isinstance(fresh(NOW, NOW.replace(minute=5, second=1)), Unsigned)
    assert isinstance(fresh(NOW.replace(minute=5, second=1), NOW), Unsigned)
