"""Converts what a row or record says: to text, a number, a moment, true or false. Pure."""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from typing import Any

import msgspec

from shared.conditions import COMPARE, MISSING, Comparison, Wanted
from shared.mapping.model import Value, pattern
from shared.mapping.routes import Routes

Test = Callable[[Any], bool]

_encode = msgspec.json.Encoder().encode
_integer = re.compile(r"\s*[+-]?\d{1,18}\s*").fullmatch


def as_text(held: Any) -> str:
    """Returns the text of a plain value, as a file writes it: true and not True. Raises ValueError for an object and for a list."""
    if type(held) is str:
        return held
    if isinstance(held, dict | list):
        raise ValueError(f"{'an object' if isinstance(held, dict) else 'a list'} where a text is meant")
    return _encode(held).decode()


def as_number(held: Any) -> int | float:
    """Returns the number. Raises ValueError for what is none, and for infinity."""
    if isinstance(held, int | float) and not isinstance(held, bool):
        return held
    text = as_text(held)
    number = int(text) if _integer(text) else float(text)
    if number - number != 0:
        raise ValueError(f"{text!r} is not finite")
    return number


BOOLEANS = {"true": True, "yes": True, "1": True, "t": True, "y": True, "false": False, "no": False, "0": False, "f": False, "n": False}


def as_boolean(held: Any) -> bool:
    """Returns the truth value. Raises ValueError for what is neither."""
    text = as_text(held).strip().lower()
    if text not in BOOLEANS:
        raise ValueError(f"{text!r} is neither true nor false")
    return BOOLEANS[text]


CONVERSIONS: dict[str, Callable[[Any], Any]] = {
    "text": as_text,
    "number": as_number,
    "boolean": as_boolean,
    "lower": lambda held: as_text(held).lower(),
}


def steps_of(value: Value) -> Iterator[Callable[[Any], Any]]:
    """Yields what is done to a value, in order; each step takes a value, may return None, and raises ValueError when it cannot be done."""
    if value.match is not None:
        yield partial(_cut_out, pattern(value.match).search)
    if value.empty is not None:
        empty = value.empty
        yield lambda held: empty if held == "" else held
    if value.routes is not None:
        name = Routes(value.routes).name
        yield lambda held: name(as_text(held))
    if value.map:
        listed = value.map.get
        yield lambda held: listed(as_text(held))
    if value.as_ is not None:
        yield CONVERSIONS[value.as_]
    if value.is_ is not None:
        yield _comparison(value.is_)


def _cut_out(search: Callable[[bytes], Any], held: Any) -> str | None:
    """Returns the first group. Raises UnicodeEncodeError for bytes that are no text."""
    text = as_text(held).encode()
    found = search(text)
    begins, ends = found.span(1) if found else (-1, -1)
    return None if begins < 0 else text[begins:ends].decode()


def test_of(wanted: Wanted) -> Test:
    """Returns the condition as a function of what a column has; texts are compared, except where a number is asked for."""
    if isinstance(wanted, Comparison):
        return _comparison(wanted)
    texts = frozenset(None if each is None else as_text(each) for each in (wanted if isinstance(wanted, list) else [wanted]))
    return lambda held: (held if type(held) is str else _comparable(held)) in texts


def _comparable(held: Any) -> Any:
    """Returns what a plain value is compared as; an object and a list are equal to no plain value."""
    return held if held is None else MISSING if isinstance(held, dict | list) else as_text(held)


def _comparison(comparison: Comparison) -> Test:
    tests = [_compare(name, operand) for name, operand in comparison.model_dump(exclude_unset=True).items()]
    return lambda held: all(test(held) for test in tests)


def _compare(name: str, operand: Any) -> Test:
    """Compares as rules do; a text counts as the number it writes, and what writes none compares with nothing."""
    if name == "present":
        return lambda held: (held is not None) == operand
    if name == "is_not":
        return lambda held: held is not None and _comparable(held) != as_text(operand)
    compare = COMPARE[name]

    def test(held: Any) -> bool:
        try:
            return held is not None and compare(as_number(held), operand)
        except ValueError:
            return False

    return test


def parser(format_: str) -> Callable[[Any], datetime]:
    """Makes a function that reads a time in that format; it raises ValueError, OverflowError or OSError when it is not."""
    return PARSERS.get(format_) or partial(_strptime, format_)


def _strptime(format_: str, held: Any) -> datetime:
    return datetime.strptime(as_text(held), format_)  # noqa: DTZ007  the mapping's zone is put where it has none


def _seconds(held: Any) -> float:
    """Returns the number of a time; true is none, as it is none when a file writes it."""
    return held if type(held) is int or type(held) is float else float(as_text(held))


PARSERS: dict[str, Callable[[Any], datetime]] = {
    "iso": lambda held: datetime.fromisoformat(as_text(held)),
    "unix": lambda held: datetime.fromtimestamp(_seconds(held), UTC),
    "unix_ms": lambda held: datetime.fromtimestamp(_seconds(held) / 1000, UTC),
}
