"""The rule for a decline: one customer uses the product less than they used to."""

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import Field, model_validator

from services.monitor.rules.visits import VisitsRule
from shared.configuration.files import PositiveDuration


class DeclineRule(VisitsRule):
    """Per customer, how much they used the product lately against their own average."""

    detector: Literal["decline"] = Field(description="how the customer is judged: by using less than they used to")
    half_life: PositiveDuration = Field(
        timedelta(days=30), description="after how long a visit weighs half in what is recent; judged is whose visits span at least so long"
    )
    remember: int = Field(
        100,
        ge=3,
        le=400,
        description="visits that are remembered of a customer, the latest: those of some half-lives, or there is no average",
    )
    below: Annotated[float, Field(gt=0, lt=1)] = Field(0.5, description="a share of their average use; so little, or less, is a risk")
    recovers: Annotated[float, Field(gt=0, le=1)] = Field(0.75, description="the share from which on the risk is over; above `below`")
    window: PositiveDuration = Field(
        timedelta(days=365),
        description="how far back visits count; after how long without one the customer is given up, and the risk cleared",
    )

    @model_validator(mode="after")
    def _is_left_again(self) -> "DeclineRule":
        if self.recovers <= self.below:
            raise ValueError("recovers is not above below: a risk would come and go with each visit")
        if self.half_life > self.window / 2:
            raise ValueError("half_life is more than half of the window: no average is known by then")
        return self
