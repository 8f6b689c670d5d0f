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
    priority: str | None = None  # of the case: low, normal, high, urgent; None: normal


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
        shadow: bool = False  # of a rule on trial: nobody acts on it

    type: Literal["forewarn.risk.raised.v1"] = "forewarn.risk.raised.v1"
    data: Data


class RiskActed(Fact):
    """monitor has had the action of a risk done. Said while the risk is open and monitor has read all there is, once a risk.

    `asked`: whoever does this kind of action does it now (notifier article and help, ticketing case). `answered` and `failed`: what came
    of a webhook, which monitor itself calls.
    """

    class Data(Payload):
        risk_id: Id
        customer_id: Id
        rule: str
        status: str  # asked, answered, failed; a later version may know more
        action: RiskAction
        title: str = ""  # the rule's words for agents
        score: Annotated[float, Field(ge=0, le=1)] = 0
        contributions: dict[str, float] = {}
        evidence: tuple[str, ...] = ()
        answer: str = ""  # of a webhook: what came back, or did not

    type: Literal["forewarn.risk.acted.v1"] = "forewarn.risk.acted.v1"
    data: Data


class RiskCleared(Fact):
    """The customer's trouble is over, or nobody looks any more."""

    class Data(Payload):
        customer_id: Id
        rule: str
        reason: str  # recovered, broken, unheard, person, webhook, renamed, rule_changed or rule_gone; a later version may know more
        risk_id: Id | None = None
        by: str | None = None  # the person who cleared it, or the webhook that settled it
        note: str = ""  # that person's words

    type: Literal["forewarn.risk.cleared.v1"] = "forewarn.risk.cleared.v1"
    data: Data
