"""Rules: what the file may say, where it is wrong, and each condition on both sides of its boundary."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from services.monitor.rules.file import MISSING, Comparison, RulesFile, reader
from services.monitor.rules.file import test_of as condition  # pytest would take it for a test of ours
from shared.config import ConfigError, load
from shared.events import ProductEvent
from tests.builders import NOON, event
from tests.unit.monitor.builders import rule

RULES = """\
rules:
  - id: failing
    title: "{component} is failing"
    events: [com.example.request]
    bad: {data.ok: false}
    open: {ratio: 0.05}
    resolve: {ratio: 0.01}
"""


def holds(wanted: dict[str, Any], data: Any) -> bool:
    """Whether an event with this data is bad by a rule that says `bad: wanted`."""
    test = condition(rule(bad=wanted).bad)
    assert test is not None
    return test(event(data=data))


@pytest.mark.parametrize(
    ("wanted", "holding", "not_holding"),
    [
        ({"above": 800}, 800.001, 800),
        ({"at_least": 800}, 800, 799.999),
        ({"below": 5}, 4.999, 5),
        ({"at_most": 5}, 5, 5.001),
        ({"at_least": 500, "below": 600}, 599, 600),
        ({"is_not": "ok"}, "failed", "ok"),
        ({"is_not": None}, 0, None),
        (False, False, True),
        (True, True, 1),
        (None, None, 0),
        (1, 1.0, True),
        ("timeout", "timeout", "Timeout"),
        ([500, 503], 503, 502),
        (["timeout", None], None, "time"),
    ],
)
def test_a_condition_holds_on_one_side_of_its_boundary_only(wanted: Any, holding: Any, not_holding: Any) -> None:
    assert holds({"data.value": wanted}, {"value": holding})
    assert not holds({"data.value": wanted}, {"value": not_holding})


@pytest.mark.parametrize("wanted", [{"above": 0}, {"below": 9}, {"at_least": 0}, {"at_most": 9}])
@pytest.mark.parametrize("value", ["5", True, None, [5], {"5": 5}])
def test_only_numbers_are_above_or_below_a_number(wanted: Any, value: Any) -> None:
    assert not holds({"data.value": wanted}, {"value": value})


@pytest.mark.parametrize("wanted", [{"is_not": "x"}, {"above": -1}, "x", None, False, ["x", None]])
def test_a_field_that_is_not_there_fits_nothing(wanted: Any) -> None:
    assert not holds({"data.value": wanted}, {"other": "x"})


@pytest.mark.parametrize("data", ["text", b"bytes", None, [1], 5])
def test_data_that_is_no_object_has_no_fields(data: Any) -> None:
    event_of_another_kind = ProductEvent("1", "/shop", "com.example.request", NOON, "1.0", "c-1", data)
    assert reader("data.value")(event_of_another_kind) is MISSING
    assert reader("data.value.deeper")(event_of_another_kind) is MISSING


def test_a_machine_has_no_subject() -> None:
    assert reader("subject")(event(subject=None)) is MISSING
    assert reader("subject")(event(subject="c-1")) == "c-1"


def test_present_asks_whether_a_field_is_there_whatever_it_holds() -> None:
    assert holds({"data.error": {"present": True}}, {"error": None})
    assert not holds({"data.error": {"present": True}}, {"ok": True})
    assert holds({"data.error": {"present": False}}, {"ok": True})


def test_all_fields_that_are_named_must_hold() -> None:
    wanted = {"data.ok": True, "data.latency_ms": {"above": 5000}, "type": "com.example.request"}
    assert holds(wanted, {"ok": True, "latency_ms": 5001})
    assert not holds(wanted, {"ok": True, "latency_ms": 5000})
    assert not holds(wanted, {"ok": False, "latency_ms": 5001})


def test_a_path_reaches_into_nested_data() -> None:
    read = reader("data.http.status")
    assert read(event(data={"http": {"status": 503}})) == 503
    assert holds({"data.http.status": {"present": False}}, {"http": "503"})


@pytest.mark.parametrize(
    ("path", "data"),
    [
        ('data."http.status"', {"http.status": 503}),
        ('data.request."http.status".code', {"request": {"http.status": {"code": 503}}}),
        ('data."a \\"b\\".c"', {'a "b".c': 503}),
        ('data."back\\\\slash"', {"back\\slash": 503}),
        ('data."plain"', {"plain": 503}),
        ('data.a"b', {'a"b': 503}),
        ('data.""', {"": 503}),
    ],
)
def test_a_name_with_dots_is_written_in_quotes(path: str, data: dict[str, Any]) -> None:
    assert reader(path)(event(data=data)) == 503
    assert reader(path)(event(data={"http": {"status": 503}})) is MISSING
    assert holds({path: 503}, data)


@pytest.mark.parametrize(
    ("wanted", "never"),
    [
        ({"above": 5, "below": 3}, "no number is above 5 and below 3"),
        ({"above": 5, "below": 5}, "no number is above 5 and below 5"),
        ({"at_least": 5, "below": 5}, "no number is at_least 5 and below 5"),
        ({"above": 5, "at_most": 5}, "no number is above 5 and at_most 5"),
        ({"at_least": 5.5, "at_most": 5}, "no number is at_least 5.5 and at_most 5"),
        ({"above": 1, "at_least": 9, "below": 5}, "no number is above 1 and at_least 9 and below 5"),
        ({"above": float("nan")}, "no number is above nan"),
        ({"above": float("inf")}, "no number is above inf"),
        ({"present": False, "above": 1}, "a field that is not there compares with nothing"),
        ({"present": False, "is_not": "x"}, "a field that is not there compares with nothing"),
    ],
)
def test_a_comparison_that_excludes_itself_is_doubted(wanted: dict[str, Any], never: str) -> None:
    assert list(Comparison(**wanted).doubts()) == [f"this never holds: {never}"]


@pytest.mark.parametrize(
    "wanted",
    [
        {"above": 3, "below": 5},
        {"at_least": 5, "at_most": 5},
        {"above": -1},
        {"at_most": 0},
        {"present": False},
        {"present": True, "above": 1},
        {"is_not": None},
    ],
)
def test_a_comparison_that_can_hold_is_not_doubted(wanted: dict[str, Any]) -> None:
    assert list(Comparison(**wanted).doubts()) == []


@pytest.mark.parametrize(
    "path",
    [
        *("time", "data", "data.", "data..x", "extensions.region", "subject.name", "type.x", ""),
        *('data."x', 'data."x"y', 'data."x".', '"data".x.', '"type', 'data."x\\"'),
    ],
)
def test_any_other_path_is_refused(path: str) -> None:
    with pytest.raises(ValidationError, match=r"a field is data\.<name>, type, source or subject"):
        rule(bad={path: 1})


@pytest.mark.parametrize(
    ("before", "after", "line", "says"),
    [
        ("title:", "titel:", 2, "titel"),
        ("ratio: 0.05", "ratio: 1.5", 6, "less than or equal to 1"),
        ("resolve: {ratio: 0.01}", "resolve: {ratio: 0}", 7, "greater than 0"),
        ("resolve: {ratio: 0.01}", "resolve: {ratio: 0.06}", 2, "resolve.ratio is above open.ratio"),
        ("{data.ok: false}", "{time: 3}", 5, "time: a field is data.<name>, type, source or subject"),
        ("{data.ok: false}", "{data.ms: {above: }}", 5, "above says nothing"),
        ("{data.ok: false}", "{data.ms: {over: 3}}", 5, "over"),
        ("{data.ok: false}", "{}", 5, "at least 1 item"),
        ('"{component} is failing"', '"{name} is failing"', 3, "only {component} is filled in"),
        ("id: failing", "id: Failing!", 2, "should match pattern"),
        ("events: [com.example.request]", "events: []", 4, "at least 1 item"),
        ("bad:", "window: 4s\n    bad:", 5, "a window is between 5 s and 24 h"),
        ("resolve: {ratio: 0.01}", "resolve: {ratio: 0.01, events: 0}", 7, "greater than or equal to 1"),
        ("bad:", "symptom: Slow!\n    bad:", 5, "should match pattern"),
        ("bad:", "component: component\n    bad:", 2, "component: a field is data.<name>"),
    ],
)
def test_a_mistake_is_named_with_its_file_and_line(before: str, after: str, line: int, says: str, tmp_path: Path) -> None:
    path = tmp_path / "rules.yml"
    path.write_text(RULES.replace(before, after))
    with pytest.raises(ConfigError) as error:
        load(path, RulesFile)
    assert f"{path}:{line}: " in str(error.value)
    assert says in str(error.value)


def test_two_rules_with_one_id_are_a_mistake(tmp_path: Path) -> None:
    path = tmp_path / "rules.yml"
    path.write_text(RULES + RULES.removeprefix("rules:\n"))
    with pytest.raises(ConfigError, match="two rules have the same id"):
        load(path, RulesFile)


def test_the_shipped_rules_are_read_as_they_are_promised() -> None:
    rules = load(Path(__file__).parents[3] / "deploy/config/rules.yml", RulesFile)
    failing = next(each for each in rules.rules if each.id == "checkout-failing")
    assert (failing.width, failing.buckets) == (1, 15)
    assert (failing.open.ratio, failing.open.events, failing.open.customers) == (0.05, 50, 10)
    assert (failing.resolve.ratio, failing.resolve.calm.total_seconds(), failing.impact.at_least) == (0.01, 10, 2)
    assert (failing.evidence, failing.resolve.silent.total_seconds()) == (50, 900)
    assert {each.id: each.symptom for each in rules.rules} == {"checkout-failing": "failing", "responding-slowly": "slow"}


def test_opening_and_resolving_at_the_same_ratio_is_allowed() -> None:
    assert rule(open={"ratio": 0.05}, resolve={"ratio": 0.05}).resolve.ratio == 0.05


@pytest.mark.parametrize(("window", "width", "buckets"), [("5s", 1, 5), ("15s", 1, 15), ("29s", 1, 29), ("30s", 2, 15), ("1h", 240, 15)])
def test_a_window_is_covered_by_buckets_of_whole_seconds(window: str, width: int, buckets: int) -> None:
    cut = rule(window=window)
    assert (cut.width, cut.buckets) == (width, buckets)
    assert cut.width * cut.buckets >= cut.window.total_seconds()


def test_an_end_needs_as_many_events_as_an_opening_unless_the_rule_says_otherwise() -> None:
    assert rule().evidence == 50
    assert rule(resolve={"ratio": 0.01, "events": 7}).evidence == 7


# ── what decides counting ────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "changes",
    [
        {"window": "16s"},
        {"window": "1h"},
        {"events": ["com.example.request", "com.example.job"]},
        {"where": {"subject": {"present": True}}},
        {"bad": {"data.ok": 0}},
        {"bad": {"data.latency_ms": {"above": 1}}},
        {"component": "data.service"},
    ],
)
def test_a_change_of_what_is_counted_changes_the_fingerprint(changes: dict[str, Any]) -> None:
    assert rule(**changes).fingerprint != rule().fingerprint


@pytest.mark.parametrize(
    "changes",
    [
        {"title": "trouble with {component}"},
        {"severity": "low"},
        {"symptom": "slow"},
        {"open": {"ratio": 0.5, "events": 7, "customers": 0}},
        {"resolve": {"ratio": 0.001, "events": 7, "calm": "1h", "silent": "1h"}},
        {"impact": {"at_least": 1}},
        {"component": "data.component"},
        {"events": ["com.example.request", "com.example.request"]},
        {"window": "0h15s"},
    ],
)
def test_a_change_of_words_and_thresholds_or_of_how_it_is_written_does_not(changes: dict[str, Any]) -> None:
    assert rule(**changes).fingerprint == rule().fingerprint


def test_a_fingerprint_is_the_same_on_any_machine_for_ever() -> None:
    both = rule(bad={"data.ok": True, "data.latency_ms": {"above": 5000}})
    assert both.fingerprint == rule(bad={"data.latency_ms": {"above": 5000}, "data.ok": True}).fingerprint
    assert rule().fingerprint == "a1481ee8afcd"
