"""Evaluates the condition language of rules and mappings: what a field must say, and how it is read from an event.

`{data.ok: false, data.latency_ms: {above: 800}}` holds when every field that it names holds. Pure.
"""

import math
import operator
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Annotated, Any

from pydantic import AfterValidator, Discriminator, Field, Tag, model_validator

from shared.configuration.files import Config, meant
from shared.events import ProductEvent

Holds = Callable[[Any], bool]
Read = Callable[[ProductEvent], Any]
MISSING = object()

Operand = Annotated[bool | int | float | str | None, meant("one value: a text, a number, true, false or null")]


class Comparison(Config):
    """A comparison is written as `{above: 800}`, `{below: 5, at_least: 1}`, `{present: true}`: all that is named must hold."""

    above: float | None = Field(None, description="it is a number above this one")
    at_least: float | None = Field(None, description="it is this number, or one above it")
    below: float | None = Field(None, description="it is a number below this one")
    at_most: float | None = Field(None, description="it is this number, or one below it")
    is_not: Operand = Field(None, description="it is there, and is anything but this")
    present: bool | None = Field(None, description="true: it is there, whatever it holds; false: it is not")

    @model_validator(mode="after")
    def _says_something(self) -> "Comparison":
        if not self.model_fields_set:
            raise ValueError("name at least one of above, at_least, below, at_most, is_not, present")
        if empty := [name for name in self.model_fields_set - {"is_not"} if getattr(self, name) is None]:
            raise ValueError(f"{', '.join(sorted(empty))} says nothing")
        return self

    def doubts(self) -> Iterator[str]:
        """Yields why no value can pass the comparison, if none can."""
        said = self.model_dump(exclude_unset=True)
        if self.present is False and len(said) > 1:
            yield "this never holds: a field that is not there compares with nothing"
        lowest = max((each for each in (self.above, self.at_least) if each is not None), default=-math.inf)
        highest = min((each for each in (self.below, self.at_most) if each is not None), default=math.inf)
        if not (lowest < highest or (lowest == highest and lowest != self.above and highest != self.below)):
            yield f"this never holds: no number is {' and '.join(f'{name} {said[name]:g}' for name in COMPARE if name in said)}"


def _kind(said: object) -> str:
    match said:
        case Mapping() | Comparison():
            return "comparison"
        case list() | tuple():
            return "list"
    return "value"


# A field must have one value, any of several, or a value that passes a comparison.
Wanted = Annotated[
    Annotated[Operand, Tag("value")] | Annotated[list[Operand], Tag("list")] | Annotated[Comparison, Tag("comparison")],
    Discriminator(_kind),
]


def _of_events(condition: Mapping[str, Wanted]) -> Mapping[str, Wanted]:
    for path in condition:
        reader(path)
    return condition


Condition = Annotated[Mapping[str, Wanted], AfterValidator(_of_events)]  # path → what an event must say there


def as_written(condition: Mapping[str, Wanted]) -> dict[str, Any]:
    """Returns the condition as its file has it: a comparison holds only the operators that are named."""
    return {path: wanted.model_dump(exclude_unset=True) if isinstance(wanted, Comparison) else wanted for path, wanted in condition.items()}


# ── looking at one event ─────────────────────────────────────────────────────────────────────


def reader(path: str) -> Read:
    """Makes a function that reads `data.a.b`, `type`, `source` or `subject` of an event; MISSING when it holds nothing there.

    A name with dots in it is written in double quotes: `data."http.status"`. Raises ValueError for any other path.
    """
    match names_in(path):
        case ["data", name]:
            return _datum(name)
        case ["data", *names] if names:
            return _nested(names)
        case ["type" | "source" | "subject" as attribute]:
            return lambda event: MISSING if (value := getattr(event, attribute)) is None else value
    raise ValueError(f'{path}: a field is data.<name>, type, source or subject; a name with dots is written data."the.name"')


_escaped = re.compile(r"\\(.)")
_name = re.compile(r'"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<bare>[^".][^.]*)').match


def names_in(path: str) -> list[str]:
    """Returns the names between the dots, without their quotes; empty when it is no path."""
    names, at = [], 0
    while (found := _name(path, at)) is not None:
        names.append(found["bare"] or _escaped.sub(r"\1", found["quoted"] or ""))
        at = found.end() + 1
        if found.end() == len(path):
            return names
        if path[found.end()] != ".":
            break
    return []


def _datum(name: str) -> Read:
    def read(event: ProductEvent) -> Any:
        data = event.data
        return data.get(name, MISSING) if type(data) is dict else MISSING

    return read


def _nested(names: Sequence[str]) -> Read:
    def read(event: ProductEvent) -> Any:
        value = event.data
        for name in names:
            value = value.get(name, MISSING) if type(value) is dict else MISSING
        return value

    return read


def tests_of(condition: Condition) -> list[tuple[str, Holds]]:
    """Returns the tests that must all hold, each with the path of the field whose value, or MISSING, it takes."""
    return [(path, test) for path, wanted in condition.items() for test in _tests(wanted)]


def _tests(wanted: Wanted) -> list[Holds]:
    """Makes the tests of one field. The most frequent ones are functions in C: monitor runs them for every event."""
    if isinstance(wanted, Comparison):
        return [_compare(name, operand) for name, operand in wanted.model_dump(exclude_unset=True).items()]
    if isinstance(wanted, list):
        if all(isinstance(each, str) for each in wanted):
            return [partial(operator.contains, tuple(wanted))]  # a tuple, since a value may be one that has no hash
        return [lambda value: any(_same(value, each) for each in wanted)]
    if isinstance(wanted, bool) or wanted is None:
        return [partial(operator.is_, wanted)]
    return [partial(operator.eq, wanted)] if isinstance(wanted, str) else [lambda value: _same(value, wanted)]


def _same(value: Any, wanted: Operand) -> bool:
    return value == wanted and isinstance(value, bool) == isinstance(wanted, bool)


def _compare(name: str, operand: Any) -> Holds:
    """Makes one comparison by the name it has in the file; a number is compared with numbers only."""
    if name == "present":
        return partial(operator.is_not if operand else operator.is_, MISSING)
    if name == "is_not":
        return lambda value: value is not MISSING and not _same(value, operand)
    return OfNumber(partial(TURNED[name], operand))


class OfNumber:
    """A test that only numbers pass. Who knows that all values are numbers may run `holds` alone, which is a function in C."""

    __slots__ = ("holds",)

    def __init__(self, holds: Callable[[Any], bool]) -> None:
        self.holds = holds

    def __call__(self, value: Any) -> bool:
        return (type(value) is int or type(value) is float) and self.holds(value)


COMPARE: dict[str, Callable[[float, float], bool]] = {
    "above": operator.gt,
    "at_least": operator.ge,
    "below": operator.lt,
    "at_most": operator.le,
}

# The same with the operand first, as `partial` has it: `above: 5` holds when 5 < value.
TURNED: dict[str, Callable[[float, float], bool]] = {
    "above": operator.lt,
    "at_least": operator.le,
    "below": operator.gt,
    "at_most": operator.ge,
}
