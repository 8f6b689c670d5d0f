"""The rule for a share: too many of a component's events are bad."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from services.monitor.rules.components import Resolving, WindowRule
from shared.configuration.files import Config

Ratio = Annotated[float, Field(ge=0, le=1)]


class Opening(Config):
    """Trouble is an incident once all of these are reached within the window."""

    ratio: Ratio = Field(description="bad events of all events")
    events: int = Field(20, ge=1, description="events at least, good and bad")
    customers: int = Field(1, ge=0, description="distinct customers with bad events at least; 0 where machines speak")


class Calming(Resolving):
    """Trouble is over once enough events have stayed below the ratio for `calm`, in event time."""

    ratio: Ratio = Field(gt=0, description="bad events of all events, to stay below; at most open.ratio")
    events: int | None = Field(None, ge=1, description="events at least within the window, or it says nothing; not given: open.events")


class RatioRule(WindowRule):
    """Per component, the share of bad events over a sliding window."""

    detector: Literal["ratio"] = Field("ratio", description="how the window is judged: by the share of bad events")
    open: Opening = Field(description="when trouble is an incident: all of it is reached within the window")
    resolve: Calming = Field(description="when it is over")

    @model_validator(mode="after")
    def _hysteresis(self) -> "RatioRule":
        if self.resolve.ratio > self.open.ratio:
            raise ValueError("resolve.ratio is above open.ratio: the incident would open and resolve at once")
        return self

    @property
    def evidence(self) -> int:
        """Returns how many events a window must hold before it can say that all is well."""
        return self.resolve.events or self.open.events
