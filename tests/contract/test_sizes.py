"""No file and no function is longer than can be read at once: the longest ones are what makes code hard to change, not the median."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import LONGEST, place_of

ROOT = Path(__file__).parents[2]
LINES_OF_A_FILE, LINES_OF_A_FUNCTION = 400, 50
FILES = sorted(path for folder in ("services", "shared", "deploy", "bench", "tests") for path in (ROOT / folder).rglob("*.py"))


def functions(text: str) -> Iterator[tuple[str, int]]:
    """Yields each function's name with its number of lines."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name, (node.end_lineno or node.lineno) - node.lineno + 1


def too_long(where: str, text: str) -> list[str]:
    """Returns what is too long in a file, the file itself included."""
    parts = [("", text.count("\n"), LINES_OF_A_FILE), *((name, lines, LINES_OF_A_FUNCTION) for name, lines in functions(text))]
    return [f"{where} {name}: {lines} lines, at most {most}" for name, lines, most in parts if lines > most]


def test_no_file_and_no_function_is_too_long() -> None:
    assert len(FILES) > 500
    assert [found for path in FILES for found in too_long(str(path.relative_to(ROOT)), path.read_text())] == []


@pytest.mark.parametrize(("lines", "found"), [(50, 0), (51, 1)])
def test_a_function_of_more_than_50_lines_is_found(lines: int, found: int) -> None:
    assert len(too_long("it.py", "def it():\n" + "    1\n" * (lines - 1))) == found


@pytest.mark.parametrize(("lines", "found"), [(400, 0), (401, 1)])
def test_a_file_of_more_than_400_lines_is_found(lines: int, found: int) -> None:
    assert len(too_long("it.py", "1\n" * lines)) == found


def test_files_that_take_longest_begin_first_and_are_there() -> None:
    assert [each for each in LONGEST if not (ROOT / each).is_file()] == []
    assert [place_of(each) for each in LONGEST] == list(range(len(LONGEST)))
    assert place_of("tests/contract/test_sizes.py") == len(LONGEST)
