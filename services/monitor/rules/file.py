"""What the rules file may say, and how a rule looks at one event. Pure; `shared/config.py` reads the file."""

import json
import math
import operator
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from functools import cached_property
from hashlib import sha256
from string import Formatter
from typing import Annotated, Any

from pydantic import Field, field_validator, model_validator

from shared.config import Config, Duration, PositiveDuration
from shared.events import ProductEvent, Severity

BUCKETS = 15  # a window is cut into 15 to 29 buckets of whole seconds; a short one into as many as it has seconds
Test = Callable[[ProductEvent], bool]
Read = Callable[[ProductEvent], Any]
MISSING = object()

Ratio = Annotated[float, Field(ge=0, le=1)]
Operand = bool | int | float | str | None


class Comparison(Config):
    """`{above: 800}`, `{below: 5, at_least: 1}`, `{present: true}`: all that is named must hold."""

    above: float | None = None
    at_least: float | None = None
    below: float | None = None
    at_most: float | None = None
    is_not: Operand = None
    present: bool | None = None

    @model_validator(mode="after")
    def _says_something(self) -> "Comparison":
        if not self.model_fields_set:
            raise ValueError("name at least one of above, at_least, below, at_most, is_not, present")
        if empty := [name for name in self.model_fields_set - {"is_not"} if getattr(self, name) is None]:
            raise ValueError(f"{', '.join(sorted(empty))} says nothing")
        return self

    def doubts(self) -> Iterator[str]:
        """Whether no value can pass it."""
        said = self.model_dump(exclude_unset=True)
        if self.present is False and len(said) > 1:
            yield "this never holds: a field that is not there compares with nothing"
        lowest = max((each for each in (self.above, self.at_least) if each is not None), default=-math.inf)
        highest = min((each for each in (self.below, self.at_most) if each is not None), default=math.inf)
        if not (lowest < highest or (lowest == highest and lowest != self.above and highest != self.below)):
            yield f"this never holds: no number is {' and '.join(f'{name} {said[name]:g}' for name in COMPARE if name in said)}"


Condition = Mapping[str, Operand | list[Operand] | Comparison]
ComponentName = Annotated[str, Field(min_length=1, max_length=255)]


class Opening(Config):
    """Trouble is an incident once all of these are reached within the window."""

    ratio: Ratio = Field(description="bad events of all events")
    events: int = Field(20, ge=1, description="events at least, good and bad")
    customers: int = Field(1, ge=0, description="distinct customers with bad events at least; 0 where machines speak")


class Resolving(Config):
    """Trouble is over once enough events have stayed below the ratio for `calm`, in event time. Silence is no evidence."""

    ratio: Ratio = Field(gt=0)
    events: int | None = Field(None, ge=1, description="events at least within the window, or it says nothing; not given: open.events")
    calm: Duration = timedelta(minutes=2)
    silent: Duration = Field(
        timedelta(minutes=15), description="an open incident whose component says nothing for so long is marked silent"
    )


class Impact(Config):
    """Who is affected."""

    at_least: int = Field(1, ge=1, description="own bad events within the window before a customer is confirmed affected")


class RatioRule(Config):
    """Per component, the share of bad events over a sliding window."""

    id: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
    title: str = Field(description="what customers and agents read; {component} is filled in, for customers with its name in catalog.yml")
    severity: Severity = "high"
    symptom: Annotated[str, Field(pattern=r"^[a-z][a-z-]*$")] = Field("failing", description="failing, slow: chooses the words of mails")
    events: list[str] = Field(min_length=1, description="the event types that count")
    where: Condition = {}
    component: str = Field("data.component", description="where an event says its component")
    only: list[ComponentName] = Field(
        [], description="the components this rule looks at, known whatever the limit; not given: any that an event names"
    )
    bad: Condition = Field(min_length=1, description="what makes an event bad; all that is named must hold")
    window: Duration = timedelta(minutes=1)
    open: Opening
    resolve: Resolving
    impact: Impact = Impact()

    @field_validator("title")
    @classmethod
    def _names_only_the_component(cls, title: str) -> str:
        for _, name, spec, conversion in Formatter().parse(title):
            if name not in (None, "component") or spec or conversion:
                raise ValueError("only {component} is filled in; a brace that is meant is written twice")
        return title

    @field_validator("window")
    @classmethod
    def _reasonable(cls, window: timedelta) -> timedelta:
        if not timedelta(seconds=5) <= window <= timedelta(hours=24):
            raise ValueError("a window is between 5 s and 24 h")
        return window

    @field_validator("where", "bad")
    @classmethod
    def _known_fields(cls, condition: Condition) -> Condition:
        for path in condition:
            reader(path)
        return condition

    @model_validator(mode="after")
    def _hysteresis(self) -> "RatioRule":
        reader(self.component)
        if self.resolve.ratio > self.open.ratio:
            raise ValueError("resolve.ratio is above open.ratio: the incident would open and resolve at once")
        return self

    def component_of(self) -> Read:
        """What names an event's component; MISSING for one this rule does not look at."""
        read, only = reader(self.component), frozenset(self.only)
        if not only:
            return read
        return lambda event: said if type(said := read(event)) is str and said in only else MISSING

    @property
    def width(self) -> int:
        """Seconds in one bucket."""
        return max(int(self.window.total_seconds()) // BUCKETS, 1)

    @property
    def buckets(self) -> int:
        """Buckets in one window."""
        return -(-int(self.window.total_seconds()) // self.width)

    @property
    def evidence(self) -> int:
        """Events that a window must hold before it can say that all is well."""
        return self.resolve.events or self.open.events

    @cached_property
    def fingerprint(self) -> str:
        """The part of the rule that decides what is counted, and where. Counts under another fingerprint are no counts of this rule."""
        counting: dict[str, Any] = {
            "events": sorted(set(self.events)),
            "where": _plain(self.where),
            "bad": _plain(self.bad),
            "component": self.component,
            "window": [self.width, self.buckets],
        }
        if self.only:  # a rule without it counts as versions did that did not know it
            counting["only"] = sorted(set(self.only))
        return sha256(json.dumps(counting, sort_keys=True).encode()).hexdigest()[:12]


def _plain(condition: Condition) -> dict[str, Any]:
    """The condition as the file has it: a comparison without the operators it does not name."""
    return {path: wanted.model_dump(exclude_unset=True) if isinstance(wanted, Comparison) else wanted for path, wanted in condition.items()}


class RulesFile(Config):
    """rules.yml."""

    horizon: PositiveDuration = Field(
        timedelta(minutes=10), description="how late an event may come and still count; a duplicate is known for twice as long"
    )
    rules: list[RatioRule]

    @field_validator("rules")
    @classmethod
    def _distinct(cls, rules: list[RatioRule]) -> list[RatioRule]:
        names = [rule.id for rule in rules]
        if len(set(names)) < len(names):
            raise ValueError("two rules have the same id")
        return rules


# ── looking at one event ─────────────────────────────────────────────────────────────────────


def reader(path: str) -> Read:
    """What an event holds at `data.a.b`, `type`, `source` or `subject`; MISSING when it holds nothing there.

    A name with dots in it is written in double quotes: `data."http.status"`. Raises ValueError for any other path.
    """
    match _names_in(path):
        case ["data", name]:
            return _datum(name)
        case ["data", *names] if names:
            return _nested(names)
        case ["type" | "source" | "subject" as attribute]:
            return lambda event: MISSING if (value := getattr(event, attribute)) is None else value
    raise ValueError(f'{path}: a field is data.<name>, type, source or subject; a name with dots is written data."the.name"')


_escaped = re.compile(r"\\(.)")
_name = re.compile(r'"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<bare>[^".][^.]*)').match


def _names_in(path: str) -> list[str]:
    """The names between the dots, without their quotes; empty when it is no path."""
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


def test_of(condition: Condition) -> Test | None:
    """The condition as a function of one event; None when everything passes."""
    tests = [test for path, wanted in condition.items() for test in _tests(reader(path), wanted)]
    return _all(tests) if tests else None


def _all(tests: Sequence[Test]) -> Test:
    if len(tests) == 1:
        return tests[0]
    first, rest = tests[0], _all(tests[1:])
    return lambda event: first(event) and rest(event)


def _tests(read: Read, wanted: Operand | list[Operand] | Comparison) -> list[Test]:
    if isinstance(wanted, Comparison):
        return [_compare(read, name, operand) for name, operand in wanted.model_dump(exclude_unset=True).items()]
    if isinstance(wanted, list):
        return [lambda event: any(_same(read(event), each) for each in wanted)]
    if isinstance(wanted, bool) or wanted is None:
        return [lambda event: read(event) is wanted]
    return [lambda event: _same(read(event), wanted)]


def _same(value: Any, wanted: Operand) -> bool:
    return value == wanted and isinstance(value, bool) == isinstance(wanted, bool)


def _compare(read: Read, name: str, operand: Any) -> Test:
    """One comparison by the name it has in the file; a number is compared with numbers only."""
    if name == "present":
        return lambda event: (read(event) is not MISSING) == operand
    if name == "is_not":
        return lambda event: (value := read(event)) is not MISSING and not _same(value, operand)
    compare = COMPARE[name]

    def test(event: ProductEvent) -> bool:
        value = read(event)
        return (type(value) is int or type(value) is float) and compare(value, operand)

    return test


COMPARE: dict[str, Callable[[float, float], bool]] = {
    "above": operator.gt,
    "at_least": operator.ge,
    "below": operator.lt,
    "at_most": operator.le,
}
