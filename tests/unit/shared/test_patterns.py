"""Regular expressions of ours take time in proportion to the text, whatever it is: each is tried with what makes patterns go back."""

import ast
import importlib
import pkgutil
import re
import signal
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path
from re import _parser  # type: ignore[attr-defined]
from types import FrameType
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]
PACKAGES = ("shared", "services", "deploy")
LENGTH = 20_000  # characters: a linear pattern takes some 50 µs for them, a quadratic one 0.3 s and more
LIMIT_S = 0.1  # of this process's own time, for one text

Run = Callable[[str | bytes], Any]


def modules() -> Iterator[str]:
    for package in PACKAGES:
        found = pkgutil.walk_packages([str(ROOT / package)], f"{package}.")
        yield from (each.name for each in found if not each.name.endswith("__main__"))


def patterns() -> dict[str, tuple[re.Pattern[Any], str]]:
    """Returns every pattern that a module holds, or a method of one: by its place, with the method's name ("" for the pattern itself)."""
    found: dict[str, tuple[re.Pattern[Any], str]] = {}
    for name in modules():
        for attribute, held in vars(importlib.import_module(name)).items():
            pattern = held if isinstance(held, re.Pattern) else getattr(held, "__self__", None)
            if isinstance(pattern, re.Pattern):
                found[f"{name}.{attribute}"] = pattern, "" if held is pattern else held.__name__
    return found


PATTERNS = patterns()


def test_there_are_patterns_to_try() -> None:
    assert len(PATTERNS) > 25


def test_no_pattern_is_hidden_in_a_function() -> None:
    """Patterns must be compiled where a module begins: others are not seen here."""
    hidden = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for package in PACKAGES
        for path in (ROOT / package).rglob("*.py")
        for function in ast.walk(ast.parse(path.read_text()))
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        for node in ast.walk(function)
        if isinstance(node, ast.Call) and ast.unparse(node.func).startswith("re.") and node.func.attr != "escape"  # type: ignore[attr-defined]
    ]
    assert hidden == []


@pytest.mark.parametrize("place", PATTERNS)
def test_its_time_grows_with_the_text_and_no_faster(place: str) -> None:
    _try(*PATTERNS[place])


@pytest.mark.parametrize(
    ("pattern", "method"),
    [(r"(a+)+$", "match"), (r" *[^ ]+", "findall"), (r"\s*\[#\d+\]", "sub"), (r"[^<]*?\s*<", "match"), (r"(?:a|b|ab)*c", "")],
)
def test_a_pattern_that_goes_back_is_found(pattern: str, method: str) -> None:
    with pytest.raises(AssertionError, match=r"characters takes more than"):
        _try(re.compile(pattern), method)


def _try(pattern: re.Pattern[Any], method: str) -> None:
    runs = [_runs(pattern)[each] for each in ([method] if method else ["fullmatch", "sub"])]
    units = sorted(set(_units(_parser.parse(pattern.pattern, pattern.flags))), key=lambda unit: (len(unit), unit))[:12]
    for first, second, end in product(["", *units], units, ["", "\0"]):
        for text in (first + second * (LENGTH // len(second)) + end, (first + second) * (LENGTH // len(first + second)) + end):
            for run in runs:
                _within(LIMIT_S, run, text if isinstance(pattern.pattern, str) else text.encode("latin-1", "replace"))


def _runs(pattern: re.Pattern[Any]) -> dict[str, Run]:
    return {
        "search": pattern.search,
        "match": pattern.match,
        "fullmatch": pattern.fullmatch,
        "findall": pattern.findall,
        "split": pattern.split,
        "sub": lambda text: pattern.sub("" if isinstance(text, str) else b"", text),
    }


def _units(parsed: Any) -> Iterator[str]:
    """Yields what the pattern speaks of: its words, a character of each class, and what stands between."""
    word = ""
    for operator, argument in parsed:
        if str(operator) == "LITERAL":
            word += chr(argument)
            yield chr(argument)
            continue
        yield from [word] if len(word) > 1 else []
        word = ""
        yield from _inside(str(operator), argument)
    yield from [word] if len(word) > 1 else []
    yield from ("a", " ", "0")


def _inside(operator: str, argument: Any) -> Iterator[str]:
    match operator:
        case "IN":
            for kind, held in argument:
                if str(kind) == "LITERAL":
                    yield chr(held)
                elif str(kind) == "RANGE":
                    yield chr(held[0])
        case "MAX_REPEAT" | "MIN_REPEAT" | "POSSESSIVE_REPEAT":
            yield from _units(argument[2])
        case "SUBPATTERN" | "ASSERT" | "ASSERT_NOT":
            yield from _units(argument[-1])
        case "ATOMIC_GROUP":
            yield from _units(argument)
        case "BRANCH":
            for branch in argument[1]:
                yield from _units(branch)


def _within(seconds: float, run: Run, text: str | bytes) -> None:
    def stop(_: int, __: FrameType | None) -> None:
        raise AssertionError(f"{text[:60]!r}… of {len(text)} characters takes more than {seconds} s")

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        run(text)
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
