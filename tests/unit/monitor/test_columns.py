"""A comparison says the same of a column of numbers, which is compared at once, as of each value by itself."""

import gc
import weakref
from collections.abc import Sequence
from typing import Any

import pytest
from pydantic import TypeAdapter

from services.monitor.fold.columns import Columns, Predicate
from shared import conditions
from shared.conditions import Condition
from tests.builders import event

READ: TypeAdapter[Condition] = TypeAdapter(Condition)
NUMBERS = (-1, 0, 4.999, 5, 5.001, 6, float("nan"), float("inf"))


@pytest.mark.parametrize("name", ["above", "at_least", "below", "at_most"])
@pytest.mark.parametrize("others", [(), (True, "6", None, [5])])
def test_a_comparison_of_a_column_is_that_of_each_value(name: str, others: tuple[Any, ...]) -> None:
    said, condition = (*NUMBERS, *others), READ.validate_python({"data.n": {name: 5}})
    columns = Columns([event(data={"n": value}) for value in said], [0.0] * len(said), 0.0)
    [(_, test)] = conditions.tests_of(condition)
    rows = columns.rows(Predicate(condition))
    assert list(rows) == [row for row, value in enumerate(said) if test(value)]
    assert 0 < len(rows) < len(NUMBERS)


@pytest.mark.parametrize(("present", "rows"), [(True, [0, 1]), (False, [2])])
def test_a_field_that_holds_nothing_is_there(present: bool, rows: list[int]) -> None:
    columns = Columns([event(data={"n": 1}), event(data={"n": None}), event(data={})], [0.0] * 3, 0.0)
    assert list(columns.rows(Predicate(READ.validate_python({"data.n": {"present": present}})))) == rows


@pytest.mark.parametrize("wanted", [False, True, 1, 0, "a", [0, "a"], ["a", "b"], [], {"is_not": "a"}, {"at_least": 1}])
@pytest.mark.parametrize(
    "said", [(True, False), (1, 0), (1.0, 0.0), ("a", "b", "c"), (1, True, 0, False), ("a", ["a"], {}), range(40), ("a",)]
)
def test_a_few_values_that_come_often_are_found_as_each_by_itself(wanted: Any, said: Sequence[Any]) -> None:
    every, condition = [*said] * 3, READ.validate_python({"data.n": wanted})
    columns = Columns([event(data={"n": value}) for value in every], [0.0] * len(every), 0.0)
    tests = conditions.tests_of(condition)
    assert list(columns.rows(Predicate(condition))) == [row for row, value in enumerate(every) if all(test(value) for _, test in tests)]


def test_one_of_several_texts_is_none_of_another_type() -> None:
    [(_, test)] = conditions.tests_of(READ.validate_python({"data.n": ["a", "1"]}))
    assert [each for each in ("a", "1", "b", 1, True, None, ["a"], {"a": 1}, conditions.MISSING) if test(each)] == ["a", "1"]


def test_a_batch_is_let_go_with_its_last_reader() -> None:
    """A circle among its parts would keep the events until the garbage collector comes, which is seldom."""
    columns = Columns([event(data={"n": 1}), event(data={"n": 2})], [0.0] * 2, 0.0)
    columns.select(Predicate(READ.validate_python({"data.n": 1}))).shares("subject")
    seen = weakref.ref(columns)
    gc.disable()
    try:
        del columns
        assert seen() is None
    finally:
        gc.enable()
