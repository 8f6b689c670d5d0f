"""What every rule that opens incidents says, whatever its detector: of which components, and how an incident is called."""

from datetime import timedelta
from functools import cached_property
from hashlib import sha256
from string import Formatter
from typing import Annotated

from pydantic import Field, field_validator, model_validator

from services.monitor.aggregates.counts import Asks
from shared.conditions import reader
from shared.configuration.files import Config, Duration
from shared.events import Severity

ComponentName = Annotated[str, Field(min_length=1, max_length=255)]


class Ending(Config):
    """How an incident ends, whatever opened it. Silence is no evidence that all is well."""

    silent: Duration = Field(
        timedelta(minutes=15), description="an open incident whose component says nothing for so long is marked silent"
    )


class Escalation(Config):
    """How many customers make an incident so bad."""

    customers: int = Field(ge=1, description="so many customers at least whom it touches")
    tier: Annotated[str, Field(min_length=1, max_length=100)] | None = Field(
        None, description="only those of this tier count, as customers.v1 says it"
    )


class IncidentRule(Config):
    """A rule looks at each component by itself and opens incidents of it."""

    id: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")] = Field(
        description="its name: in incidents and risks, in metrics, and where notifications.yml has words for it"
    )
    title: str = Field(description="what customers and agents read; {component} is filled in, for customers with its name in catalog.yml")
    severity: Severity = Field("high", description="how bad its incidents are")
    escalate: dict[Severity, Escalation] = Field(
        {}, description="how bad they become with the customers they touch: {critical: {customers: 500}}"
    )
    symptom: Annotated[str, Field(pattern=r"^[a-z][a-z-]*$")] = Field("failing", description="failing, slow: chooses the words of mails")
    component: str = Field("data.component", description="where an event says its component")
    only: list[ComponentName] = Field(
        [], description="the components this rule looks at, known whatever the limit; not given: any that an event names"
    )
    shadow: bool = Field(False, description="on trial: it judges, its incidents are shown as such, and nobody is told of them")

    # each kind says these in its own way
    detector: str

    @field_validator("title")
    @classmethod
    def _names_only_the_component(cls, title: str) -> str:
        for _, name, spec, conversion in Formatter().parse(title):
            if name not in (None, "component") or spec or conversion:
                raise ValueError("only {component} is filled in; a brace that is meant is written twice")
        return title

    @model_validator(mode="after")
    def _names_a_field(self) -> "IncidentRule":
        reader(self.component)
        return self

    @cached_property
    def version(self) -> str:
        """Returns all that the rule says in one word: of two versions at least one thing is another."""
        said = self.model_dump_json(exclude=None if self.escalate else {"escalate"})  # without it the version is that of before
        return sha256(said.encode()).hexdigest()[:12]

    @property
    def silent(self) -> timedelta | None:
        """Returns after how long without an event of its component an open incident is marked silent; None: never."""
        raise NotImplementedError

    @property
    def asks(self) -> tuple[Asks, ...]:
        """Returns what it wants counted, each by its name."""
        raise NotImplementedError

    @property
    def fingerprint(self) -> str:
        """Returns the part of the rule that decides what is counted, and where.

        Counts under another fingerprint are no counts of this rule.
        """
        raise NotImplementedError
