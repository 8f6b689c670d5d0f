"""Log records become events of whoever they are about, alike in both encodings; what cannot be read is refused, and nothing is quoted."""

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

from services.monitor.sources.file import SourcesFile
from services.monitor.sources.otlp import json as of_json
from services.monitor.sources.otlp import protobuf as of_protobuf
from services.monitor.sources.otlp.log import GROUPS, Log
from services.monitor.sources.otlp.model import Otlp
from services.monitor.sources.otlp.reading import RECORDS, LogReader, Taken, TooMany
from shared.configuration.files import ConfigError, load
from tests.unit.monitor.sources.otlp.sending import AT, in_json, in_protobuf, record, request
from tests.unit.monitor.sources.writing import NOW, sources

OWN = """
    otlp:
      events:
        - type: com.example.request
          when: {event: [checkout.paid, checkout.declined]}
          subject: "{attributes.app.customer}"
          data:
            component: "{scope}"
            ok: {from: "{severity_number}", is: {below: 17}}
            amount: "{body.order.amount}"
            all: "{body}"
            tags: "{attributes.tags}"
"""

Encoded = Callable[[dict[str, Any]], list[Log]]


@pytest.fixture(params=["json", "protobuf"])
def encoded(request: pytest.FixtureRequest) -> Encoded:
    """Returns what writes a request, and reads it again."""
    if request.param == "json":
        return lambda said: list(of_json.logs(in_json(said)))
    return lambda said: list(of_protobuf.logs(in_protobuf(said)))


def taken(logs: list[Log], otlp: Otlp | None = None) -> Taken:
    return LogReader(otlp or Otlp()).events(logs, NOW)


def events(logs: list[Log], otlp: Otlp | None = None) -> list[dict[str, Any]]:
    return [json.loads(each.value) for each in taken(logs, otlp).ready]


def test_an_error_is_an_event_of_its_service_and_user(encoded: Encoded) -> None:
    said = record(17, user_id="c-17", exception_type="java.net.ConnectException", http_route="/pay")
    [event] = events(encoded(request(said)))
    assert event.pop("id")
    assert event == {
        "specversion": "1.0",
        "source": "/otlp/checkout",
        "type": "io.opentelemetry.log",
        "time": "2026-11-26T12:00:00+00:00",
        "subject": "c-17",
        "data": {
            "component": "checkout",
            "ok": False,
            "severity": "ERROR",
            "exception": "java.net.ConnectException",
            "trace_id": "5b8efff798038103d269b633813fc60c",
        },
    }


@pytest.mark.parametrize(("severity", "counts"), [(0, 0), (1, 0), (16, 0), (17, 1), (24, 1)])
def test_what_is_less_than_an_error_is_left_out_and_not_rejected(encoded: Encoded, severity: int, counts: int) -> None:
    found = taken(encoded(request(record(severity))))
    assert (len(found.ready), found.rejected) == (counts, 0)


def test_who_is_meant_is_said_by_either_name_or_by_nobody(encoded: Encoded) -> None:
    both = events(encoded(request(record(enduser_id="old"), record(enduser_id="old", user_id="new"), record())))
    assert [each.get("subject") for each in both] == ["old", "new", None]


def test_a_file_of_ones_own_says_what_counts_and_reads_bodies_and_attributes(encoded: Encoded, tmp_path: Path) -> None:
    body = {"order": {"amount": 12.5, "items": [1, True]}}
    paid = record(9, body=body, app_customer="c-1", tags=["a", "b"]) | {"eventName": "checkout.paid"}
    declined = record(18, body="no", app_customer="c-2") | {"eventName": "checkout.declined"}
    found = events(encoded(request(paid, declined, record(24))), sources(tmp_path, OWN).otlp)
    assert [each["subject"] for each in found] == ["c-1", "c-2"]
    assert found[0]["data"] == {"component": "my.library", "ok": True, "amount": 12.5, "all": body, "tags": ["a", "b"]}
    assert found[1]["data"] == {"component": "my.library", "ok": False, "all": "no"}


def test_it_happened_at_its_time_else_when_it_was_observed_else_now(encoded: Encoded) -> None:
    observed = record(at=0) | {"observedTimeUnixNano": str(AT + 2_000_000_000)}
    never = record(at=0) | {"observedTimeUnixNano": "0"}
    found = taken(encoded(request(record(at=AT - 1_000_000_000), observed, never)))
    assert [each.at - NOW for each in found.ready] == [timedelta(seconds=-1), timedelta(seconds=2), timedelta(0)]


def test_the_same_record_is_the_same_event_and_any_other_is_another(encoded: Encoded) -> None:
    first = request(record(), record(at=AT + 1), record(body="another"), record(user_id="c-1"))
    ids = [each["id"] for each in events(encoded(first))]
    assert [each["id"] for each in events(encoded(first))] == ids
    assert len(set(ids)) == 4
    [elsewhere] = events(encoded(request(record(), service="cart")))
    assert elsewhere["id"] not in ids


def test_a_record_that_can_be_no_event_is_rejected_alone_and_not_quoted(encoded: Encoded) -> None:
    found = taken(encoded(request(record(at=1), record(), record(at=2**64 - 2_000_000), record(user_id="Ada\0"))))
    assert (len(found.ready), found.rejected) == (1, 3)
    assert found.why() == "2 of them: absurd_time: time: before 2000 or more than a day ahead; 1 of them: control_character: U+0000"


def test_a_request_has_so_many_records_at_most(encoded: Encoded) -> None:
    assert len(taken(encoded(request(*[record(1)] * RECORDS))).ready) == 0
    with pytest.raises(TooMany):
        taken(encoded(request(*[record(1)] * (RECORDS + 1))))


def test_a_request_has_so_many_resources_and_scopes_at_most() -> None:
    resource = ExportLogsServiceRequest()
    of_one = resource.resource_logs.add().scope_logs
    for _ in range(GROUPS):
        of_one.add()
    assert list(of_protobuf.logs(resource.SerializeToString())) == []
    assert list(of_json.logs(b'{"resourceLogs":[' + b",".join([b"{}"] * GROUPS) + b"]}")) == []
    of_one.add()
    with pytest.raises(ValueError, match=f"more than {GROUPS} resources"):
        list(of_protobuf.logs(resource.SerializeToString()))
    with pytest.raises(ValueError, match=f"more than {GROUPS} resources"):
        list(of_json.logs(b'{"resourceLogs":[' + b",".join([b"{}"] * (GROUPS + 1)) + b"]}"))


@pytest.mark.parametrize("body", [b"", b"{}"])
def test_an_empty_request_has_no_records(body: bytes) -> None:
    assert list((of_json if body else of_protobuf).logs(body)) == []


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"no json",
        b"[]",
        b'{"resourceLogs": {}}',
        b'{"resourceLogs": [{"scopeLogs": [{"logRecords": [7]}]}]}',
        b'{"resourceLogs": [{"scopeLogs": [{"logRecords": [{"timeUnixNano": "noon"}]}]}]}',
        b'{"resourceLogs": [{"scopeLogs": [{"logRecords": [{"timeUnixNano": -1}]}]}]}',
        b'{"resourceLogs": [{"scopeLogs": [{"logRecords": [{"timeUnixNano": "99999999999999999999"}]}]}]}',
        b'{"resourceLogs": [{"scopeLogs": [{"logRecords": [{"severityNumber": "SEVERITY_NUMBER_ERROR"}]}]}]}',
        b'{"resourceLogs": [{"resource": {"attributes": "\xff"}}]}',
    ],
)
def test_what_is_no_json_of_a_request_is_refused(body: bytes) -> None:
    with pytest.raises(ValueError, match="not JSON of ExportLogsServiceRequest"):
        list(of_json.logs(body))


def test_json_may_have_null_unknown_fields_and_numbers_for_texts() -> None:
    said = {"timeUnixNano": AT, "severityNumber": 17, "body": None, "attributes": None, "new": {"field": 1}, "traceId": None}
    [event] = events(
        list(of_json.logs(in_json({"resourceLogs": [{"resource": None, "scopeLogs": [{"scope": None, "logRecords": [said]}]}]})))
    )
    assert (event["source"], event["time"]) == ("/otlp", "2026-11-26T12:00:00+00:00")
    assert event["data"] == {"ok": False, "severity": "ERROR"}


@pytest.mark.parametrize("body", [b"\xff\xff", b"\x0a\xff", b"no protobuf", b'{"resourceLogs": []}'])
def test_what_is_no_protobuf_of_a_request_is_refused(body: bytes) -> None:
    with pytest.raises(ValueError, match="not Protobuf of ExportLogsServiceRequest"):
        list(of_protobuf.logs(body))


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("otlp: {events: []}", "at least 1"),
        ('otlp: {events: [{type: a, subject: "{user.id}"}]}', "user.id: a log record has body, event, otlp.id, scope"),
        ("otlp: {events: [{type: a}, {type: b}]}", "an id of its own"),
        ('otlp: {events: [{type: forewarn.customer.updated.v1, subject: "{body}"}]}', "no fact about a customer"),
        ('otlp: {events: [{type: a, once: "{body}"}]}', "once: an exporter sends again"),
    ],
)
def test_a_mistake_in_the_file_is_said(tmp_path: Path, said: str, why: str) -> None:
    file = tmp_path / "sources.yml"
    file.write_text(said)
    with pytest.raises(ConfigError, match=why):
        load(file, SourcesFile)
