"""The rule for silence: one customer is quiet for longer than their own rhythm explains."""

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import Field

from services.monitor.rules.visits import VisitsRule
from shared.configuration.files import PositiveDuration


class SilenceRule(VisitsRule):
    """Per customer, the time since their last visit against the times between their visits before."""

    detector: Literal["silence"] = Field(description="how the customer is judged: by being quiet for longer than their rhythm explains")
    chance: Annotated[float, Field(gt=0, lt=1)] = Field(
        0.02, description="how likely so long a silence is by the rhythm at most, were visits to come by chance"
    )
    window: PositiveDuration = Field(
        timedelta(days=90), description="how far back visits count; after how long a silence the customer is given up, and the risk cleared"
    )
