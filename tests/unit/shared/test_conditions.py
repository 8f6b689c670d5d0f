"""Conditions are tried on both sides of their boundaries, with paths into an event, and with what can never hold."""

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from shared import conditions
from shared.conditions import MISSING, Comparison, Condition, reader
from shared.events import ProductEvent
from tests.builders import NOON, event

READ: TypeAdapter[Condition] = TypeAdapter(Condition)


def holds(wanted: dict[str, Any], data: Any) -> bool:
    """Says whether an event with this data fits the condition."""
    of = event(data=data)
    return all(test(reader(path)(of)) for path, test in conditions.tests_of(READ.validate_python(wanted)))


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
        READ.validate_python({path: 1})


def test_a_condition_that_names_nothing_passes_everything() -> None:
    assert holds({}, {"ok": False})
