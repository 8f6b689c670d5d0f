"""What every rule on components says, whatever its detector: which events count, and what is said of an incident."""

from datetime import timedelta
from functools import cached_property
from hashlib import sha256
from string import Formatter
from typing import Annotated

from pydantic import Field, field_validator, model_validator

from services.monitor.aggregates.counts import Counting
from shared.conditions import Condition, reader
from shared.configuration.files import Config, Duration
from shared.events import Severity

ComponentName = Annotated[str, Field(min_length=1, max_length=255)]


class Impact(Config):
    """The rule's measure of who is affected."""

    at_least: int = Field(1, ge=1, description="own bad events within the window before a customer is confirmed affected")


class Resolving(Config):
    """How an incident ends, whatever opened it. Silence is no evidence that all is well."""

    calm: Duration = Field(timedelta(minutes=2), description="for how long all must be well; longer than your events are late")
    silent: Duration = Field(
        timedelta(minutes=15), description="an open incident whose component says nothing for so long is marked silent"
    )


class ComponentRule(Config):
    """A rule judges each component over a sliding window of event time."""

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
    impact: Impact = Field(Impact(), description="who is affected")
    shadow: bool = Field(False, description="on trial: it judges, its incidents are shown as such, and nobody is told of them")

    # each kind says these in its own way
    detector: str
    resolve: Resolving

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
    def _names_a_field(self) -> "ComponentRule":
        reader(self.component)
        return self

    @cached_property
    def counting(self) -> Counting:
        """Returns what the rule wants counted."""
        return Counting(
            frozenset(self.events),
            self.where,
            self.component,
            frozenset(self.only),
            self.bad,
            self.window.total_seconds(),
            self.impact.at_least,
        )

    @property
    def evidence(self) -> int:
        """Returns how many events a window must hold before it can say that all is well; 0: one without events says so, too."""
        raise NotImplementedError

    @cached_property
    def version(self) -> str:
        """Returns all that the rule says in one word: of two versions at least one thing is another."""
        return sha256(self.model_dump_json().encode()).hexdigest()[:12]

    @property
    def width(self) -> int:
        """Returns how many seconds one bucket has."""
        return self.counting.width

    @property
    def fingerprint(self) -> str:
        """Returns the part of the rule that decides what is counted, and where.

        Counts under another fingerprint are no counts of this rule.
        """
        return self.counting.fingerprint
