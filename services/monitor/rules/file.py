"""The model of the rules file; its conditions (`where`, `bad`) are those of `shared/conditions.py`. Pure: others read the file."""

import json
from datetime import timedelta
from functools import cached_property
from hashlib import sha256
from string import Formatter
from typing import Annotated, Any

from pydantic import Field, field_validator, model_validator

from shared.conditions import MISSING, Condition, Read, as_written, reader
from shared.configuration.files import Config, Duration, PositiveDuration
from shared.events import Severity

BUCKETS = 15  # a window is cut into 15 to 29 buckets of whole seconds; a short one into as many as it has seconds

Ratio = Annotated[float, Field(ge=0, le=1)]
ComponentName = Annotated[str, Field(min_length=1, max_length=255)]


class Opening(Config):
    """Trouble is an incident once all of these are reached within the window."""

    ratio: Ratio = Field(description="bad events of all events")
    events: int = Field(20, ge=1, description="events at least, good and bad")
    customers: int = Field(1, ge=0, description="distinct customers with bad events at least; 0 where machines speak")


class Resolving(Config):
    """Trouble is over once enough events have stayed below the ratio for `calm`, in event time. Silence is no evidence."""

    ratio: Ratio = Field(gt=0, description="bad events of all events, to stay below; at most open.ratio")
    events: int | None = Field(None, ge=1, description="events at least within the window, or it says nothing; not given: open.events")
    calm: Duration = Field(timedelta(minutes=2), description="for how long; longer than your events are late")
    silent: Duration = Field(
        timedelta(minutes=15), description="an open incident whose component says nothing for so long is marked silent"
    )


class Impact(Config):
    """The rule's measure of who is affected."""

    at_least: int = Field(1, ge=1, description="own bad events within the window before a customer is confirmed affected")


class RatioRule(Config):
    """Per component, the share of bad events over a sliding window."""

    id: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")] = Field(
        description="its name: in incidents, in metrics, and where notifications.yml has words for it"
    )
    title: str = Field(description="what customers and agents read; {component} is filled in, for customers with its name in catalog.yml")
    severity: Severity = Field("high", description="how bad its incidents are")
    symptom: Annotated[str, Field(pattern=r"^[a-z][a-z-]*$")] = Field("failing", description="failing, slow: chooses the words of mails")
    events: list[str] = Field(min_length=1, description="the event types that count")
    where: Condition = Field({}, description="which of them count; all that is named must hold")
    component: str = Field("data.component", description="where an event says its component")
    only: list[ComponentName] = Field(
        [], description="the components this rule looks at, known whatever the limit; not given: any that an event names"
    )
    bad: Condition = Field(min_length=1, description="what makes an event bad; all that is named must hold")
    window: Duration = Field(timedelta(minutes=1), description="how far back it looks, in event time: 5s to 24h")
    open: Opening = Field(description="when trouble is an incident: all of it is reached within the window")
    resolve: Resolving = Field(description="when it is over")
    impact: Impact = Field(Impact(), description="who is affected")

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

    @model_validator(mode="after")
    def _hysteresis(self) -> "RatioRule":
        reader(self.component)
        if self.resolve.ratio > self.open.ratio:
            raise ValueError("resolve.ratio is above open.ratio: the incident would open and resolve at once")
        return self

    def component_of(self) -> Read:
        """Returns what names an event's component; MISSING for one this rule does not look at."""
        read, only = reader(self.component), frozenset(self.only)
        if not only:
            return read
        return lambda event: said if type(said := read(event)) is str and said in only else MISSING

    @property
    def width(self) -> int:
        """Returns how many seconds one bucket has."""
        return max(int(self.window.total_seconds()) // BUCKETS, 1)

    @property
    def buckets(self) -> int:
        """Returns how many buckets one window has."""
        return -(-int(self.window.total_seconds()) // self.width)

    @property
    def evidence(self) -> int:
        """Returns how many events a window must hold before it can say that all is well."""
        return self.resolve.events or self.open.events

    @cached_property
    def fingerprint(self) -> str:
        """Returns the part of the rule that decides what is counted, and where.

        Counts under another fingerprint are no counts of this rule.
        """
        counting: dict[str, Any] = {
            "events": sorted(set(self.events)),
            "where": as_written(self.where),
            "bad": as_written(self.bad),
            "component": self.component,
            "window": [self.width, self.buckets],
        }
        if self.only:  # a rule without it counts as versions did that did not know it
            counting["only"] = sorted(set(self.only))
        return sha256(json.dumps(counting, sort_keys=True).encode()).hexdigest()[:12]


class RulesFile(Config):
    """The rules say what counts as trouble."""

    horizon: PositiveDuration = Field(
        timedelta(minutes=10), description="how late an event may come and still count; a duplicate is known for twice as long"
    )
    rules: list[RatioRule] = Field(description="each looks at every component that it meets")

    @field_validator("rules")
    @classmethod
    def _distinct(cls, rules: list[RatioRule]) -> list[RatioRule]:
        names = [rule.id for rule in rules]
        if len(set(names)) < len(names):
            raise ValueError("two rules have the same id")
        return rules
