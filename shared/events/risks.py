"""Defines the facts of `risks.v1`: one customer is in trouble."""

from typing import Annotated, Literal

from pydantic import Field

from shared.events.envelope import Fact, Id, Payload
from shared.events.moments import Moment


class RiskAction(Payload):
    """The rule asks whoever acts on a risk to do this."""

    kind: str  # article, help, case or webhook; a later version may know more
    url: str | None = None  # of the article
    name: str | None = None  # of the webhook


class RiskRaised(Fact):
    """One customer is stalled, failing, declining or unhappy."""

    class Data(Payload):
        customer_id: Id
        rule: str
        score: Annotated[float, Field(ge=0, le=1)]
        contributions: dict[str, float] = {}
        evidence: tuple[str, ...] = ()
        title: str = ""  # the rule's words for agents
        version: str = ""  # of the rule
        action: RiskAction | None = None
        risk_id: Id | None = None  # by which monitor's REST API knows it
        began_at: Moment | None = None  # event time of the first evidence
        last_at: Moment | None = None  # and of the last: when monitor catches up, what it finds may be old

    type: Literal["forewarn.risk.raised.v1"] = "forewarn.risk.raised.v1"
    data: Data


class RiskCleared(Fact):
    """The customer's trouble is over, or nobody looks any more."""

    class Data(Payload):
        customer_id: Id
        rule: str
        reason: str  # recovered, broken, unheard, person, renamed, rule_changed or rule_gone; a later version may know more
        risk_id: Id | None = None
        by: str | None = None  # the person who cleared it
        note: str = ""  # that person's words

    type: Literal["forewarn.risk.cleared.v1"] = "forewarn.risk.cleared.v1"
    data: Data
