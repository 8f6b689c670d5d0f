"""docs/faults.md names for each fault the tests that show what happens: each is there, and none of them can be skipped."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROWS = re.findall(r"^\| (\d+) \|.*\| ([^|]+) \|$", (ROOT / "docs/faults.md").read_text(), re.MULTILINE)
NAMED = [named for _, tests in ROWS for named in re.findall(r"`([^`]+)`", tests)]


def test_every_fault_of_monitor_and_notifier_has_a_row() -> None:
    assert [int(number) for number, _ in ROWS] == [1, 3, 5, 9, 10, 11, *range(17, 30), 31, 32, 33, 36, 37, 40, 41]
    assert all("::" in tests for _, tests in ROWS)


@pytest.mark.parametrize("named", NAMED)
def test_the_test_is_there(named: str) -> None:
    path, _, name = named.partition("::")
    functions = (
        each for each in ast.walk(ast.parse((ROOT / path).read_text())) if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)
    )
    found = {each.name: each for each in functions}
    assert name in found, named
    assert not any("skip" in ast.unparse(each) for each in found[name].decorator_list)
