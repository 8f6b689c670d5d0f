"""What every rule on single customers says, whatever its detector: which events it looks at, and what is to be done about a risk."""

import json
from datetime import timedelta
from functools import cached_property
from hashlib import sha256
from typing import Annotated, ClassVar, Literal

from pydantic import Field, field_validator, model_validator

from services.monitor.aggregates.moments import Following
from shared.conditions import Condition
from shared.configuration.files import Config, PositiveDuration


class Action(Config):
    """What is done about a risk, once, while it is open and monitor has read all there is."""

    kind: Literal["article", "help", "case", "webhook"] = Field(
        description="article: notifier sends it to the customer; help: notifier offers it; case: ticketing opens one of the customer;"
        " webhook: monitor calls one of actions.yml, which may settle the trouble"
    )
    url: str | None = Field(None, max_length=2000, pattern=r"^https?://", description="of the article")
    name: str | None = Field(None, min_length=1, max_length=255, description="of the webhook in actions.yml")
    priority: Literal["low", "normal", "high", "urgent"] | None = Field(None, description="of the case; else normal")

    @model_validator(mode="after")
    def _says_which(self) -> "Action":
        if (self.kind == "article") != (self.url is not None):
            raise ValueError("an article has a url, and nothing else has")
        if (self.kind == "webhook") != (self.name is not None):
            raise ValueError("a webhook has a name, and nothing else has")
        if self.kind != "case" and self.priority is not None:
            raise ValueError("a case has a priority, and nothing else has")
        return self


class CustomerRule(Config):
    """A rule judges each customer by their own events, in event time."""

    id: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")] = Field(
        description="its name: in incidents and risks, in metrics, and where notifications.yml has words for it"
    )
    title: str = Field(min_length=1, max_length=1000, description="what agents read")
    events: list[str] = Field(min_length=1, description="the event types that count")
    where: Condition = Field({}, description="which of them count; all that is named must hold")
    action: Action | None = Field(None, description="what is done about the risk")
    shadow: bool = Field(False, description="on trial: it judges, its risks are shown as such, and nothing is done about them")

    longest: ClassVar[timedelta] = timedelta(days=90)  # of all windows of this kind

    # each kind says these in its own way
    detector: str
    window: PositiveDuration

    @field_validator("window")
    @classmethod
    def _reasonable(cls, window: timedelta) -> timedelta:
        if not timedelta(minutes=1) <= window <= cls.longest:
            raise ValueError(f"a window of a customer is between 1m and {cls.longest.days}d")
        return window

    @cached_property
    def version(self) -> str:
        """Returns all that the rule says in one word: of two versions at least one thing is another."""
        return sha256(self.model_dump_json().encode()).hexdigest()[:12]

    @property
    def following(self) -> Following:
        """Returns what the rule wants remembered of each customer."""
        raise NotImplementedError

    @cached_property
    def fingerprint(self) -> str:
        """Returns the part of the rule that decides who is at risk. What was found under another fingerprint is not of this rule."""
        judged = self.model_dump(mode="json", exclude={"id", "title", "action", "shadow"}, exclude_defaults=True)
        judged |= {"detector": self.detector}
        return sha256(json.dumps(judged, sort_keys=True).encode()).hexdigest()[:12]
