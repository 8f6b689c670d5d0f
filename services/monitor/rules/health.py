"""The rule for health: what other rules find of one customer adds up, each with a weight."""

import json
from collections.abc import Mapping
from functools import cached_property
from hashlib import sha256
from typing import Annotated, Literal

from pydantic import Field, model_validator

from services.monitor.rules.customers import Action
from shared.configuration.files import Config

RuleId = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
Share = Annotated[float, Field(gt=0, le=1)]


class HealthRule(Config):
    """Per customer, the open risks by other rules: the score of each, times its weight, adds up to the score of this one."""

    id: RuleId = Field(description="its name: in incidents and risks, in metrics, and where notifications.yml has words for it")
    title: str = Field(min_length=1, max_length=1000, description="what agents read")
    detector: Literal["health"] = Field(description="how the customer is judged: by what other rules find of them")
    weights: Mapping[RuleId, Share] = Field(
        min_length=1,
        description="rules on single customers in this file, and how much the score of a risk by each counts",
        examples=[{"payments-fail": 0.6}],
    )
    raise_at: Share = Field(0.5, description="the sum at which a risk is raised")
    clear_below: Share = Field(0.3, description="the sum below which it is cleared; at most raise_at")
    action: Action | None = Field(None, description="what is done about the risk")
    shadow: bool = Field(False, description="on trial: it judges, its risks are shown as such, and nothing is done about them")

    @model_validator(mode="after")
    def _hysteresis(self) -> "HealthRule":
        if self.clear_below > self.raise_at:
            raise ValueError("clear_below is above raise_at: the risk would be raised and cleared at once")
        if sum(self.weights.values()) < self.raise_at:
            raise ValueError("this never raises a risk: all weights together are less than raise_at")
        return self

    @cached_property
    def version(self) -> str:
        """Returns all that the rule says in one word: of two versions at least one thing is another."""
        return sha256(self.model_dump_json().encode()).hexdigest()[:12]

    @cached_property
    def fingerprint(self) -> str:
        """Returns the part of the rule that decides who is at risk. What was found under another fingerprint is not of this rule."""
        judged = {"weights": dict(self.weights), "raise_at": self.raise_at, "clear_below": self.clear_below}
        return sha256(json.dumps(judged, sort_keys=True).encode()).hexdigest()[:12]
