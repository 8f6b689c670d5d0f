"""The rule for a percentile: the larger ones of a component's numbers are too large, as when one request in twenty is slow."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from services.monitor.rules.components import Resolving, WindowRule
from shared.conditions import Comparison, Condition, reader
from shared.configuration.files import Config

Number = Annotated[float, Field(gt=0, le=1e12)]


class Opening(Config):
    """Trouble is an incident once all of these are reached within the window."""

    at_least: Number = Field(description="the percentile, in the number's own unit")
    events: int = Field(50, ge=1, description="events that say the number at least; of fewer a percentile says little")
    customers: int = Field(1, ge=0, description="distinct customers with bad events at least; 0 where machines speak")


class Calming(Resolving):
    """Trouble is over once the percentile of enough events has stayed below the number for `calm`, in event time."""

    below: Number = Field(description="the percentile, to stay below; at most open.at_least")
    events: int | None = Field(
        None, ge=1, description="events that say the number at least, or the window says nothing; not given: open.events"
    )


class PercentileRule(WindowRule):
    """Per component, a percentile of a number that events say, over a sliding window. It is known within 1 %."""

    detector: Literal["percentile"] = Field(description="how the window is judged: by a percentile of a number")
    number: str = Field(
        min_length=1,
        max_length=255,
        description="where an event says the number; one that says none does not count",
        examples=["data.latency_ms"],
    )
    percentile: Annotated[float, Field(gt=0, lt=100)] = Field(95.0, description="which one: so many percent of the numbers are no larger")
    bad: Condition = Field(
        {}, description="what makes an event bad, and so affects its customer; not given: its number is at least open.at_least"
    )
    open: Opening = Field(description="when trouble is an incident: all of it is reached within the window")
    resolve: Calming = Field(description="when it is over")

    @model_validator(mode="after")
    def _hysteresis(self) -> "PercentileRule":
        if self.resolve.below > self.open.at_least:
            raise ValueError("resolve.below is above open.at_least: the incident would open and resolve at once")
        return self

    @model_validator(mode="after")
    def _names_a_number(self) -> "PercentileRule":
        reader(self.number)
        return self

    @property
    def fails(self) -> Condition:
        """Returns what makes an event bad."""
        return self.bad or {self.number: Comparison(at_least=self.open.at_least)}

    @property
    def measured(self) -> str:
        """Returns where an event says the number that is sketched."""
        return self.number

    @property
    def evidence(self) -> int:
        """Returns how many numbers a window must hold before it can say that all is well."""
        return self.resolve.events or self.open.events
