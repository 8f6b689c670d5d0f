"""Defines the facts of `risks.v1`: one customer is in trouble."""

from typing import Annotated, Literal

from pydantic import Field

from shared.events.envelope import Fact, Id, Payload


class RiskRaised(Fact):
    """One customer is stalled, failing, declining or unhappy."""

    class Data(Payload):
        customer_id: Id
        rule: str
        score: Annotated[float, Field(ge=0, le=1)]
        contributions: dict[str, float] = {}
        evidence: tuple[str, ...] = ()

    type: Literal["forewarn.risk.raised.v1"] = "forewarn.risk.raised.v1"
    data: Data


class RiskCleared(Fact):
    """The customer's trouble is over."""

    class Data(Payload):
        customer_id: Id
        rule: str
        reason: str

    type: Literal["forewarn.risk.cleared.v1"] = "forewarn.risk.cleared.v1"
    data: Data
