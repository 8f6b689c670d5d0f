"""A row becomes the events its mapping says, the same ones each time; events that services would refuse are refused, with a reason."""

import re
from pathlib import Path
from typing import Any

import pytest

from deploy.local.mappings.file import Mapping
from deploy.local.processes import Failed
from deploy.local.replay import SHIPPED, mapping_of
from services.monitor.rules.file import RulesFile
from services.monitor.rules.ratio import RatioRule
from shared.cloudevents import FACT_HEADERS, read_fact
from shared.cloudevents import Reason as Dead
from shared.configuration.files import ConfigError, load
from shared.events import FACT_OF, SupportRequested
from shared.mapping.turning import Ready, Reason, Refused
from tests.unit.local.replaying import NOW, PLAIN, SERVICENOW, mapping, read, turn

AT = "2026-11-24T10:00:00+00:00"


def with_data(folder: Path, data: str) -> Mapping:
    return mapping(folder, 'format: csv\ntime: {from: "{at}"}\nevents:\n  - {type: com.example.request, data: ' + data + "}\n")


def data_of(folder: Path, data: str, **columns: Any) -> Any:
    """Returns what `data` of the one event is when the row has these columns."""
    [event] = turn(with_data(folder, data), {"at": AT, **columns})
    return event["data"] if isinstance(event, dict) else event


# ── what is in an event ──────────────────────────────────────────────────────────────────────


def test_an_events_identity_is_the_files_name_and_the_rows_number(tmp_path: Path) -> None:
    first, second = turn(mapping(tmp_path), {"at": AT, "part": "checkout"}, {"at": AT, "part": "checkout"})
    assert isinstance(first, dict)
    assert isinstance(second, dict)
    assert (first["source"], first["id"], second["id"]) == ("/replay/log.csv", "log.csv:1", "log.csv:2")
    assert first | {"id": ""} == second | {"id": ""}


def test_a_field_whose_column_says_nothing_is_left_out(tmp_path: Path) -> None:
    assert data_of(tmp_path, '{a: "{x}", b: "{y} and {x}", c: "{y}"}', x="", y="1") == {"c": "1"}


def test_the_first_text_whose_columns_all_say_something_is_taken(tmp_path: Path) -> None:
    data = '{who: {from: ["caller-{caller}", "caller-of-{number}"]}}'
    assert data_of(tmp_path, data, caller="7", number="1") == {"who": "caller-7"}
    assert data_of(tmp_path, data, caller="", number="1") == {"who": "caller-of-1"}


def test_data_may_be_nested_and_hold_what_no_row_says(tmp_path: Path) -> None:
    data = '{contacts: [{channel: email, address: "{mail}"}], ok: false, weight: 2, set: "{{x}}"}'
    expected = {"contacts": [{"channel": "email", "address": "a@example.org"}], "ok": False, "weight": 2, "set": "{x}"}
    assert data_of(tmp_path, data, mail="a@example.org") == expected


@pytest.mark.parametrize(
    ("value", "column", "becomes"),
    [
        ("{from: '{x}', as: number}", "12", 12),
        ("{from: '{x}', as: number}", " -1.5 ", -1.5),
        ("{from: '{x}', as: boolean}", "Yes", True),
        ("{from: '{x}', as: boolean}", "0", False),
        ("{from: '{x}', as: lower}", "GOLD", "gold"),
        ("{from: '{x}', map: {Phone: phone}}", "Phone", "phone"),
        ("{from: '{x}', map: {Phone: phone}, default: form}", "Fax", "form"),
        ("{from: '{x}', match: '^/([^/]+)', default: home}", "/checkout/pay", "checkout"),
        ("{from: '{x}', match: '^/([^/]+)', default: home}", "/", "home"),
        ("{from: '{x}', is: {below: 500}}", "499", True),
        ("{from: '{x}', is: {below: 500}}", "500", False),
        ("{from: '{x}', is: {at_least: 400, below: 500}}", "404", True),
        ("{from: '{x}', default: 0}", "", 0),
        ("{from: '{x}'}", {"of": "JSON"}, {"of": "JSON"}),
        ("{from: '{x}', as: text}", True, "true"),
    ],
)
def test_a_value_is_converted_as_the_mapping_says(tmp_path: Path, value: str, column: Any, becomes: Any) -> None:
    assert data_of(tmp_path, "{y: " + value + "}", x=column) == {"y": becomes}


def test_a_regular_expression_that_would_go_back_for_ever_ends(tmp_path: Path) -> None:
    value = "{y: {from: '{x}', match: '^(?:(?:[a-z]+)+)+(!)$'}}"
    assert data_of(tmp_path, value, x="a" * 500_000) == {}
    assert data_of(tmp_path, value, x="a" * 500_000 + "!") == {"y": "!"}


@pytest.mark.parametrize(("text", "cut"), [("/Käse/x", "Käse"), ("//", None), ("", None), ("/a\udcff/", "a")])
def test_what_is_cut_out_is_text_or_refused_as_none(tmp_path: Path, text: str, cut: str | None) -> None:
    found = data_of(tmp_path, "{y: {from: '{x}', match: '^/([^/]+)/'}}", x=text)
    if "\udcff" in text:
        assert isinstance(found, Refused)
        assert found.reason == Reason.NOT_TEXT
    else:
        assert found == ({} if cut is None else {"y": cut})


@pytest.mark.parametrize(("kind", "text"), [("number", "twelve"), ("number", "inf"), ("number", "nan"), ("boolean", "maybe")])
def test_what_cannot_be_converted_refuses_the_row(tmp_path: Path, kind: str, text: str) -> None:
    refused = data_of(tmp_path, "{y: {from: '{x}', as: " + kind + "}}", x=text)
    assert isinstance(refused, Refused)
    assert refused.reason == Reason.WRONG_VALUE
    assert refused.detail.startswith("data.y: ")


# ── what is no text ──────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("held", "called"), [({"a": 1}, "an object"), ([1, 2], "a list"), ({}, "an object")])
@pytest.mark.parametrize(
    ("value", "where"),
    [
        ('"caller {x}"', "caller {x}"),
        ("{from: ['{y}', 'caller {x}']}", "caller {x}"),
        ("{from: '{x}', as: text}", "data.y"),
        ("{from: '{x}', as: lower}", "data.y"),
        ("{from: '{x}', as: number}", "data.y"),
        ("{from: '{x}', map: {Phone: phone}}", "data.y"),
        ("{from: '{x}', match: '(.*)'}", "data.y"),
        ("{from: '{x}', routes: {/: home}}", "data.y"),
    ],
)
def test_an_object_or_a_list_where_a_text_is_meant_is_refused(tmp_path: Path, value: str, where: str, held: Any, called: str) -> None:
    assert data_of(tmp_path, "{y: " + value + "}", x=held) == Refused(Reason.WRONG_VALUE, where, f"{where}: {called} where a text is meant")


@pytest.mark.parametrize("field", ["id", "source", "subject", "once"])
def test_so_it_is_where_an_event_is_named(tmp_path: Path, field: str) -> None:
    [refused] = turn(mapping(tmp_path, PLAIN + f"        {field}: '{{x}}'\n"), {"at": AT, "part": "checkout", "x": {"a": 1}})
    assert refused == Refused(Reason.WRONG_VALUE, "{x}", "{x}: an object where a text is meant")


def test_a_condition_compares_an_object_with_no_text(tmp_path: Path) -> None:
    when = mapping(tmp_path, PLAIN + "        when: {x: ['{\"a\":1}', null]}\n")
    assert turn(when, {"at": AT, "part": "checkout", "x": {"a": 1}}) == []
    is_not = mapping(tmp_path, PLAIN + "        when: {x: {is_not: '{\"a\":1}'}}\n")
    assert len(turn(is_not, {"at": AT, "part": "checkout", "x": {"a": 1}})) == 1


def test_a_component_that_is_an_object_is_data_and_no_key(tmp_path: Path) -> None:
    [ready] = mapping(tmp_path).turning().turn({"file": "log.csv", "row": "1", "at": AT, "part": {"name": "checkout"}}, NOW)
    assert isinstance(ready, Ready)
    assert ready.key == b"/replay/log.csv"


def test_rows_that_say_nothing_of_what_they_are_once_for_are_all_taken(tmp_path: Path) -> None:
    once = mapping(tmp_path, PLAIN + "        once: '{x}'\n")
    given = [{"at": AT, "part": "checkout", "x": x} for x in ("", "1", "1", "")]
    assert [each["id"] for each in turn(once, *given) if isinstance(each, dict)] == ["log.csv:1", "log.csv:2", "log.csv:4"]


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ('from: "{at}"', "from: {at}", 'time.from: braces without quotes are an object; write "{at}" where a column is meant'),
        ('component: "{part}"', "component: {part}", 'events.0.data.component: braces without quotes are an object; write "{part}"'),
        ("type: com", "id: {number}\n        type: com", 'events.0.id: braces without quotes are an object; write "{number}"'),
        ("type: com", "id: {number: 1}\n        type: com", "events.0.id: an object is not a text or a list of texts"),
        ("type: com", "id: 5\n        type: com", "events.0.id: 5 is not a text or a list of texts"),
        ("type: com.example.request", "type: {a: 1}", "events.0.type: an object is not a text: put it in quotes"),
    ],
)
def test_a_mapping_that_has_an_object_where_a_text_is_meant_is_refused(tmp_path: Path, before: str, after: str, said: str) -> None:
    assert before in PLAIN
    with pytest.raises(ConfigError) as refused:
        mapping(tmp_path, PLAIN.replace(before, after))
    assert str(refused.value).split(":", 2)[2].startswith(f" {said}")


# ── when it happened ─────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("time", "column", "becomes"),
    [
        ("", "2026-11-24T10:00:00Z", "2026-11-24T10:00:00+00:00"),
        (", timezone: Europe/Berlin", "2026-11-24 10:00", "2026-11-24T09:00:00+00:00"),
        (", formats: ['%d/%m/%Y %H:%M']", "1/2/2016 03:04", "2016-02-01T03:04:00+00:00"),
        (", formats: [unix]", "1764000000.5", "2025-11-24T16:00:00.500000+00:00"),
        (", formats: [unix_ms]", 1764000000500, "2025-11-24T16:00:00.500000+00:00"),
        (", formats: ['%Y', iso]", "2026-11-24T10:00:00-05:00", "2026-11-24T15:00:00+00:00"),
    ],
)
def test_an_event_has_the_time_of_its_row(tmp_path: Path, time: str, column: Any, becomes: str) -> None:
    of = mapping(tmp_path, 'format: csv\ntime: {from: "{at}"' + time + "}\nevents: [{type: com.example.request}]\n")
    [event] = turn(of, {"at": column})
    assert isinstance(event, dict)
    assert event["time"] == becomes


@pytest.mark.parametrize(
    ("column", "reason"),
    [("", Reason.NO_TIME), ("yesterday", Reason.NO_TIME), ("1999-12-31", Dead.ABSURD_TIME), ("2099-01-01", Dead.ABSURD_TIME)],
)
def test_a_row_without_a_possible_time_is_refused(tmp_path: Path, column: str, reason: str) -> None:
    [refused] = turn(mapping(tmp_path), {"at": column, "part": "checkout"})
    assert isinstance(refused, Refused)
    assert refused.reason == reason


# ── which rows ───────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("when", "passing"),
    [
        ("{state: New}", ["New"]),
        ("{state: [New, '7']}", ["New", "7"]),
        ("{state: 7}", ["7"]),
        ("{state: {at_least: 7}}", ["7"]),
        ("{state: {below: 7}}", []),
        ("{state: {is_not: New}}", ["Closed", "7"]),
        ("{state: {present: false}}", [""]),
        ("{state: New, at: {present: false}}", []),
    ],
)
def test_only_rows_that_pass_become_events(tmp_path: Path, when: str, passing: list[str]) -> None:
    text = 'format: csv\ntime: {from: "{at}"}\nevents: [{type: com.example.request, when: ' + when + ', data: {state: "{state}"}}]\n'
    events = turn(mapping(tmp_path, text), *({"at": AT, "state": state} for state in ("New", "Closed", "7", "")))
    assert [event["data"].get("state", "") for event in events if isinstance(event, dict)] == passing


def test_once_takes_the_first_row_that_becomes_an_event(tmp_path: Path) -> None:
    text = 'format: csv\ntime: {from: "{at}"}\nevents: [{type: com.example.request, once: "{n}", data: {s: "{s}"}}]\n'
    rows = [{"at": at, "n": n, "s": s} for at, n, s in [("", "1", "a"), (AT, "1", "b"), (AT, "2", "c"), (AT, "1", "d")]]
    refused, first, second = turn(mapping(tmp_path, text), *rows)
    assert isinstance(refused, Refused)
    assert [event["data"]["s"] for event in (first, second) if isinstance(event, dict)] == ["b", "c"]


def test_a_row_may_become_several_events(tmp_path: Path) -> None:
    text = """
        format: csv
        time: {from: "{at}"}
        events:
          - {type: com.example.order, subject: "{who}"}
          - {type: forewarn.customer.updated.v1, id: "{file}:{row}:who", subject: "{who}", data: {name: "{who}"}}
    """
    turning = mapping(tmp_path, text).turning()
    results = turning.turn({"file": "f", "stem": "f", "row": "1", "at": AT, "who": "Ada"}, NOW)
    assert [(each.topic, each.key) for each in results if isinstance(each, Ready)] == [
        ("product.events.v1", b"Ada"),
        ("customers.v1", b"Ada"),
    ]


# ── what readers would refuse ────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("columns", "reason"),
    [
        ({"who": ""}, Reason.NO_IDENTITY),
        ({"who": "\udcff"}, Reason.NOT_TEXT),
        ({"who": "a\0b"}, Dead.CONTROL_CHARACTER),
        ({"who": "a" * 256}, Dead.WRONG_TYPE),
        ({"who": "a", "text": "b" * (1 << 20)}, Dead.TOO_LARGE),
    ],
)
def test_what_would_be_a_dead_letter_is_refused_with_its_reason(tmp_path: Path, columns: dict[str, str], reason: str) -> None:
    text = """
        format: csv
        time: {from: "{at}"}
        events: [{type: forewarn.support.requested.v1, subject: "{who}", data: {body: "{text}"}}]
    """
    [refused] = turn(mapping(tmp_path, text), {"at": AT, **columns})
    assert isinstance(refused, Refused)
    assert refused.reason == reason


# ── mistakes in a mapping ────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("format: csv", "format: xml", "mapping.yml:1: format"),
        ('"{at}"', '"{at!r}"', "braces hold a column's name"),
        ('"{at}"', '"{at"', "mapping.yml:2: time.from"),
        ("com.example.request", "forewarn.incident.opened.v1", "Forewarn's own to say"),
        ("com.example.request", "forewarn.support.requested.v1", "say the subject"),
        ('"{part}"', '{from: "{part}", match: "("}', "not a regular expression"),
        ('"{part}"', '{from: "{part}", match: "a"}', "needs one group"),
        ('"{part}"', '{from: "{part}", match: "(?=a)(b)"}', "not a regular expression of RE2: invalid perl operator"),
        ('"{part}"', '{from: "{part}", routes: {cart: cart}}', "a route is a path"),
        ('"{part}"', '{from: "{part}", routes: {"/cart?x": cart}}', "a route is a path"),
        ('"{part}"', '{from: "{part}", az: number}', "mapping.yml:6: events.0.data.component.az"),
        ("format: csv", "format: csv\nencoding: utf-3", "no encoding"),
        ('{from: "{at}"}', '{from: "{at}", timezone: Mars}', "no IANA time zone"),
    ],
)
def test_a_mistake_in_a_mapping_is_told_with_its_line(tmp_path: Path, old: str, new: str, said: str) -> None:
    text = 'format: csv\ntime: {from: "{at}"}\nevents:\n- type: com.example.request\n  data:\n    component: "{part}"\n'
    assert old in text
    with pytest.raises(ConfigError, match=re.escape(said)):
        mapping(tmp_path, text.replace(old, new))


def test_two_events_of_a_row_need_ids_of_their_own(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="count as one"):
        mapping(tmp_path, 'format: csv\ntime: {from: "{at}"}\nevents: [{type: a}, {type: b}]\n')


def test_a_mapping_that_is_not_there_is_told_with_those_that_are() -> None:
    with pytest.raises(Failed, match="access-log, cloudwatch, servicenow"):
        mapping_of("cloud")


# ── what is shipped ──────────────────────────────────────────────────────────────────────────


def test_the_servicenow_log_becomes_one_request_an_incident() -> None:
    of = mapping_of("servicenow")
    turning = of.turning()
    rows = [row for row in read(SERVICENOW, of) if isinstance(row, dict)]
    events = [each for row in rows for each in turning.turn(row, NOW)]
    assert len(rows) == 65
    assert len(events) == len({row["number"] for row in rows}) == 12
    facts = [read_fact(each.value, FACT_HEADERS, NOW, FACT_OF) for each in events if isinstance(each, Ready)]
    requests = {fact.id: fact for fact in facts if isinstance(fact, SupportRequested)}
    first = requests["0000045"]
    assert (first.subject, first.time.isoformat(), first.data.component) == ("caller-2403", "2016-02-29T01:16:00+00:00", "category-55")
    assert first.data.subject == "Symptom 72 in category 55"
    assert first.data.body == "Incident 0000045, opened by 8 at location 143. Impact 2, urgency 2."
    assert (requests["0005690"].subject, requests["0012463"].subject) == ("caller-of-0005690", "caller-of-0012463")
    assert (requests["0000687"].data.subject, requests["0000687"].data.component) == ("Trouble of an unknown kind", None)
    assert {request.data.channel for request in requests.values()} == {"phone", "email", "form"}


def test_a_cloudwatch_series_becomes_metrics_of_its_machine(tmp_path: Path) -> None:
    file = tmp_path / "ec2_cpu_utilization_825cc2.csv"
    file.write_text("timestamp,value\n2014-04-10 00:04:00,91.958\n")
    of = mapping_of("cloudwatch")
    [row] = read(file, of)
    assert isinstance(row, dict)
    [event] = turn(of, row)
    assert isinstance(event, dict)
    assert event["data"] == {"component": "ec2_cpu_utilization_825cc2", "metric": "ec2_cpu_utilization", "value": 91.958}
    assert "subject" not in event


def test_the_rules_for_cloudwatch_are_rules() -> None:
    assert [rule.open.customers for rule in load(SHIPPED / "cloudwatch-rules.yml", RulesFile).rules if isinstance(rule, RatioRule)] == [
        0,
        0,
    ]


def test_a_web_servers_log_becomes_requests_that_failed_or_did_not(tmp_path: Path) -> None:
    file = tmp_path / "access.log"
    file.write_text(
        '192.0.2.1 - frank [10/Oct/2025:13:55:36 -0700] "GET /checkout/pay?card=1 HTTP/1.1" 503 23 "http://x/" "Mozilla \\"x\\"" 0.12\n'
        '192.0.2.1 - - [10/Oct/2025:13:55:36 -0700] "GET / HTTP/1.1" 200 -\n'
    )
    of = mapping_of("access-log")
    failed, fine = turn(of, *(row for row in read(file, of) if isinstance(row, dict)))
    assert isinstance(failed, dict)
    assert isinstance(fine, dict)
    assert (failed["subject"], failed["time"]) == ("frank", "2025-10-10T20:55:36+00:00")
    assert failed["data"] == {"component": "checkout", "ok": False, "status": 503, "method": "GET", "path": "/checkout/pay", "bytes": 23}
    assert fine["data"] == {"component": "home", "ok": True, "status": 200, "method": "GET", "path": "/"}
    assert "subject" not in fine


def test_the_mapping_in_the_handbook_is_one(tmp_path: Path) -> None:
    handbook = (SHIPPED.parent.parent.parent / "docs" / "operations.md").read_text()
    [text] = re.findall(r"```yaml\n(format: .*?)```", handbook, re.DOTALL)
    row = {"opened_at": "1/2/2026 10:00", "state": "Open", "number": "7", "customer": "?", "how": "Fax", "path": "/pay/now", "text": "help"}
    [event] = turn(mapping(tmp_path, text), row)
    assert isinstance(event, dict)
    assert (event["subject"], event["time"]) == ("unknown-7", "2026-02-01T09:00:00+00:00")
    assert event["data"] == {"channel": "form", "component": "pay", "body": "help"}
