"""A comparison says the same of a column of numbers, which is compared at once, as of each value by itself."""

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
