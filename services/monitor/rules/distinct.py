"""The rule for distinct customers: too many of them meet bad events of a component, however few each of them meets."""

from typing import Literal

from pydantic import Field, model_validator

from services.monitor.rules.components import Resolving, WindowRule
from shared.configuration.files import Config


class Opening(Config):
    """Trouble is an incident once so many customers meet it within the window."""

    customers: int = Field(ge=1, description="distinct customers with bad events; each counts once, however many events are theirs")


class Calming(Resolving):
    """Trouble is over once fewer customers than that have met it for `calm`, in event time."""

    customers: int = Field(ge=1, description="distinct customers with bad events within the window, to stay below; at most open.customers")
    events: int = Field(
        1, ge=0, description="events at least within the window, or it says nothing; 0 where only failures are said: then silence is calm"
    )


class DistinctRule(WindowRule):
    """Per component, the distinct customers with bad events over a sliding window."""

    detector: Literal["distinct"] = Field(description="how the window is judged: by the number of customers with bad events")
    open: Opening = Field(description="when trouble is an incident")
    resolve: Calming = Field(description="when it is over")

    @model_validator(mode="after")
    def _hysteresis(self) -> "DistinctRule":
        if self.resolve.customers > self.open.customers:
            raise ValueError("resolve.customers is above open.customers: the incident would open and resolve at once")
        return self

    @property
    def evidence(self) -> int:
        """Returns how many events a window must hold before it can say that all is well; 0: one without events says so, too."""
        return self.resolve.events
