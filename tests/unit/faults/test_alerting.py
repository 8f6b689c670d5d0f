"""What the topics say of alerts: the facts of an incident's life, each once, and how often an alert was said."""

import json
from collections import Counter

from aiokafka import ConsumerRecord

from services.monitor.aggregates.alerts import ALERT_REPORTED
from services.monitor.hearing.rekeying import CAME_FROM
from tests.faults.alerting import alerts_in, lives


def record(said: object, headers: tuple[tuple[str, bytes], ...] = ()) -> ConsumerRecord[bytes, bytes]:
    value = said if isinstance(said, bytes) else json.dumps(said).encode()
    return ConsumerRecord("a topic", 0, 0, 0, 0, None, value, None, 0, len(value), headers)


def fact(id_: str, kind: str, incident: str = "i-1") -> ConsumerRecord[bytes, bytes]:
    return record({"id": id_, "type": f"forewarn.incident.{kind}.v1", "subject": incident})


def test_a_fact_that_was_published_again_counts_once_and_one_that_was_said_again_twice() -> None:
    said = [fact("1", "opened"), fact("1", "opened"), fact("2", "resolved"), fact("3", "resolved"), fact("4", "opened", "another")]
    assert lives(said, "i-1") == Counter(opened=1, resolved=2)


def test_growth_and_impact_are_no_part_of_an_incidents_beginning_and_end() -> None:
    assert lives([fact("1", "opened"), fact("2", "updated"), fact("3", "impact")], "i-1") == Counter(opened=1)


def test_every_alert_counts_but_for_those_that_monitor_forwarded() -> None:
    alert = {"id": "a", "type": ALERT_REPORTED}
    other = {"id": "b", "type": "com.example.request", "data": ALERT_REPORTED}
    records = [record(alert), record(alert), record(alert, ((CAME_FROM, b"0:1"),)), record(other), record(b"no " + ALERT_REPORTED.encode())]
    assert alerts_in(records) == 2
