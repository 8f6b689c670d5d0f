"""The rule for a number: too many bad events of a component, however many are good."""

from typing import Literal

from pydantic import Field, model_validator

from services.monitor.rules.components import Resolving, WindowRule
from shared.configuration.files import Config


class Opening(Config):
    """Trouble is an incident once all of these are reached within the window."""

    count: int = Field(ge=1, description="bad events")
    customers: int = Field(1, ge=0, description="distinct customers with bad events at least; 0 where machines speak")


class Calming(Resolving):
    """Trouble is over once the bad events have stayed below `count` for `calm`, in event time."""

    count: int = Field(ge=1, description="bad events within the window, to stay below; at most open.count")
    events: int = Field(
        1, ge=0, description="events at least within the window, or it says nothing; 0 where only failures are said: then silence is calm"
    )


class CountRule(WindowRule):
    """Per component, the number of bad events over a sliding window: its rate is `count` a `window`."""

    detector: Literal["count"] = Field(description="how the window is judged: by the number of bad events")
    open: Opening = Field(description="when trouble is an incident: all of it is reached within the window")
    resolve: Calming = Field(description="when it is over")

    @model_validator(mode="after")
    def _hysteresis(self) -> "CountRule":
        if self.resolve.count > self.open.count:
            raise ValueError("resolve.count is above open.count: the incident would open and resolve at once")
        return self

    @property
    def evidence(self) -> int:
        """Returns how many events a window must hold before it can say that all is well; 0: one without events says so, too."""
        return self.resolve.events
