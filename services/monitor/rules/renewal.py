"""The rule for renewals: one customer renews soon, and other rules find that they use less."""

import json
from datetime import timedelta
from functools import cached_property
from hashlib import sha256
from typing import Literal

from pydantic import Field, field_validator

from services.monitor.rules.customers import Action
from services.monitor.rules.health import RuleId
from shared.configuration.files import Config, PositiveDuration


class RenewalRule(Config):
    """Per customer, the day of their renewal (`renews_at` in customers.v1) and the open risks by rules that see their use fall."""

    id: RuleId = Field(description="its name: in incidents and risks, in metrics, and where notifications.yml has words for it")
    title: str = Field(min_length=1, max_length=1000, description="what agents read")
    detector: Literal["renewal"] = Field(description="how the customer is judged: by a renewal that is near while their use falls")
    before: PositiveDuration = Field(timedelta(days=30), description="how long before the day of the renewal, in whole days: 1d to 365d")
    falling: list[RuleId] = Field(
        min_length=1,
        description="rules on single customers in this file, such as one of decline or silence: an open risk by any of them is falling use",
        examples=[["uses-less"]],
    )
    action: Action | None = Field(None, description="what is done about the risk")
    shadow: bool = Field(False, description="on trial: it judges, its risks are shown as such, and nothing is done about them")

    @field_validator("before")
    @classmethod
    def _in_days(cls, before: timedelta) -> timedelta:
        if before % timedelta(days=1) or before > timedelta(days=365):
            raise ValueError("it is a number of days between 1d and 365d")
        return before

    @cached_property
    def version(self) -> str:
        """Returns all that the rule says in one word: of two versions at least one thing is another."""
        return sha256(self.model_dump_json().encode()).hexdigest()[:12]

    @cached_property
    def fingerprint(self) -> str:
        """Returns the part of the rule that decides who is at risk. What was found under another fingerprint is not of this rule."""
        judged = {"before": self.before.days, "falling": sorted(self.falling)}
        return sha256(json.dumps(judged, sort_keys=True).encode()).hexdigest()[:12]
