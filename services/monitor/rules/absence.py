"""The rule for what does not come: an expected event of a component, a heartbeat or the end of a nightly job, stays away."""

from datetime import timedelta
from functools import cached_property
from typing import Literal

from pydantic import Field, field_validator

from services.monitor.aggregates.counts import Asks, Counting
from services.monitor.rules.incidents import IncidentRule
from shared.conditions import Condition
from shared.configuration.files import Duration

SECONDS = 60  # of one bucket: how finely it is counted does not matter, as nobody judges a window of it
NEVER: Condition = {"type": []}  # none of no types


class AbsenceRule(IncidentRule):
    """Per component, whether an expected event comes in time, by the wall clock. The incident ends as soon as it comes again."""

    detector: Literal["absence"] = Field(description="how it is judged: by the time for which nothing was heard")
    events: list[str] = Field(min_length=1, description="the event types that are expected, any of them")
    where: Condition = Field({}, description="which of them are; all that is named must hold")
    every: Duration = Field(description="how long after one event the next is due: 30s to 35d; of one never heard, after the rule began")
    grace: Duration = Field(timedelta(minutes=1), description="by how much it may be late: an incident opens after that")

    @field_validator("every")
    @classmethod
    def _reasonable(cls, every: timedelta) -> timedelta:
        if not timedelta(seconds=30) <= every <= timedelta(days=35):
            raise ValueError("an event is expected every 30 seconds to 35 days")
        return every

    @property
    def waits(self) -> timedelta:
        """Returns for how long nothing may be heard."""
        return self.every + self.grace

    @cached_property
    def counting(self) -> Counting:
        """Returns what the rule wants counted: that there was an event, of which none is bad."""
        return Counting(frozenset(self.events), self.where, self.component, frozenset(self.only), NEVER, SECONDS)

    @property
    def silent(self) -> None:
        """An absence does not fall silent: it is silence."""
        return

    @property
    def asks(self) -> tuple[Asks, ...]:
        """Returns itself: there is nothing else that it wants counted."""
        return (self,)

    @property
    def fingerprint(self) -> str:
        """Returns the fingerprint of what is counted. How long it waits is no part of it: what was heard stays heard."""
        return self.counting.fingerprint
