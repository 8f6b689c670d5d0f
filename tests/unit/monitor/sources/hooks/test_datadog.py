"""Datadog's webhooks, by the template of docs/emit.md, are alerts from their trigger to their recovery."""

import json
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from services.monitor.sources.hooks.datadog import Sent
from services.monitor.sources.hooks.memory import Fired
from services.monitor.sources.hooks.signatures import Signed, Unsigned
from shared.cloudevents import Undecodable
from tests.unit.monitor.sources.hooks.sending import NOW, as_bytes, bearer, hook, told

PAGE = Path(__file__).parents[5] / "docs" / "emit.md"
AT = int(NOW.timestamp() * 1000) - 60_000
SENT: dict[str, Any] = {
    "cycle": "7716548234011234567",
    "transition": "Triggered",
    "date": str(AT),
    "monitor": "1234",
    "title": "Checkout is slow",
    "tags": "env:prod, service:checkout,monitor,service:other",
    "priority": "P2",
    "link": "https://app.datadoghq.com/event/event?id=1",
}


def sent(fired: dict[str, Fired], **changes: Any) -> tuple[dict[str, Any], dict[str, Fired]]:
    ours = hook("datadog")
    made = ours.made(ours.read({}, as_bytes({**SENT, **changes}), NOW), NOW, fired)
    [one] = made.ready
    return json.loads(one.value), made.fired


def test_the_template_of_the_page_has_the_fields_that_are_read() -> None:
    [template] = re.findall(r"```json\n(\{[^`]*\$ALERT_CYCLE_KEY[^`]*\})\n```", PAGE.read_text())
    assert json.loads(template).keys() == {*Sent.__struct_fields__}


def test_a_monitor_that_triggers_is_an_alert_that_fires() -> None:
    answer = told(hook("datadog"), SENT)
    assert answer.events[0]["time"] == "2026-11-26T11:59:00Z"
    assert answer.data == {
        "component": "checkout",
        "key": "7716548234011234567",
        "name": "Checkout is slow",
        "status": "firing",
        "starts_at": "2026-11-26T11:59:00+00:00",
        "ends_at": None,
        "severity": "P2",
        "summary": "Checkout is slow",
        "url": "https://app.datadoghq.com/event/event?id=1",
        "labels": {"env": "prod", "service": "checkout"},
    }


def test_it_is_one_alert_through_its_cycle() -> None:
    fired, known = sent({})
    for transition in ("Warn", "Re-Triggered", "Renotify", "No Data"):
        again, known = sent(known, transition=transition, date=AT + 30_000)
        assert again["id"] == fired["id"]
    ended, known = sent(known, transition="Recovered", date=AT + 50_000, tags="")
    assert (ended["data"]["component"], ended["data"]["starts_at"]) == ("checkout", fired["data"]["starts_at"])
    assert ended["time"] == (NOW - timedelta(seconds=10)).isoformat().replace("+00:00", "Z")
    assert sent({}, cycle="another")[0]["id"] != fired["id"]


def test_what_is_not_filled_in_says_nothing() -> None:
    data = told(hook("datadog"), {**SENT, "cycle": "$ALERT_CYCLE_KEY", "priority": "", "link": "$LINK", "title": "$ALERT_TITLE"}).data
    assert (data["key"], data["severity"], data["url"], data["name"]) == ("monitor:1234", None, None, "monitor 1234")


def test_any_other_transition_is_left_out() -> None:
    assert told(hook("datadog"), {**SENT, "transition": "Muted"}).left_out == {"not_meant": 1}


@pytest.mark.parametrize("change", [{"date": "$DATE"}, {"cycle": None}, {"tags": ["env:prod"]}])
def test_what_has_another_shape_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(Undecodable):
        told(hook("datadog"), {**SENT, **change})


def test_its_token_is_the_secret() -> None:
    assert hook("datadog").judge(bearer(), b"") == Signed()
    assert isinstance(hook("datadog").judge(bearer("wrong"), b""), Unsigned)
