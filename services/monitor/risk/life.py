"""A risk's life: raised → cleared, decided from what is remembered of the customer and how the risk's row stands."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from services.monitor.aggregates.moments import Moments
from services.monitor.risk.finding import Finding, Reason, Span
from services.monitor.risk.registry import KINDS
from services.monitor.rules.customers import CustomerRule
from shared.events import identity


@dataclass(frozen=True, slots=True)
class RiskRow:
    """A risk as its row has it: the truth about how it stands, for the fold and for people alike."""

    id: str
    customer_id: str
    rule: str
    version: str  # of the rule when it was raised
    title: str
    score: float
    contributions: dict[str, float]
    evidence: list[str]
    action: dict[str, Any] | None
    began_at: datetime  # event time of the first evidence
    last_at: datetime  # event time of the last evidence when it was raised
    raised_at: datetime  # on the database's clock
    cleared_at: datetime | None
    reason: str | None  # a Reason; a later version may know more of them
    cleared_by: str | None  # the person who cleared it, or the webhook that settled it
    note: str  # that person's words
    shadow: bool = False  # of a rule on trial: nothing is done about it
    action_status: str | None = None  # an ActionStatus; None: its rule asks for nothing
    action_tries: int = 0  # calls of the webhook that were begun
    action_answer: str = ""  # what the webhook answered, or why nothing is done
    acted_at: datetime | None = None  # since when the status is final

    @property
    def open(self) -> bool:
        return self.cleared_at is None

    @property
    def span(self) -> Span:
        return Span(self.began_at.timestamp(), self.last_at.timestamp())


@dataclass(frozen=True, slots=True)
class Raised:
    risk_id: str
    finding: Finding


@dataclass(frozen=True, slots=True)
class Cleared:
    risk_id: str
    reason: Reason


class ActionStatus(StrEnum):
    """What became of a risk's action."""

    WAITING = "waiting"  # → asked, answered, failed, withheld
    ASKED = "asked"  # whoever does it was told to; final
    ANSWERED = "answered"  # the webhook took it; final
    FAILED = "failed"  # the webhook did not, in all tries; final
    WITHHELD = "withheld"  # the risk was over before, or its rule is on trial; final


Decision = Raised | Cleared


def risk_id(rule: CustomerRule, customer: str, began: float) -> str:
    """The same risk has the same id, whoever finds it and however often. `began`: its first evidence."""
    return identity("risk", rule.id, rule.fingerprint, customer, began)


def step(rule: CustomerRule, customer: str, moments: Moments, row: RiskRow | None, now: float) -> list[Decision]:
    """Decides what the moments mean for a customer whose latest risk by this rule stands so; None: there was none.

    What a person cleared is raised again only by what came after that.
    """
    kind, decided = KINDS[rule.detector], list[Decision]()
    if row is not None and row.open:
        reason = kind.over(rule, moments, row.span, now)
        if reason is None:
            return []
        decided.append(Cleared(row.id, reason))
    elif row is not None and row.cleared_by is not None and row.cleared_at is not None:
        moments = moments.after(row.cleared_at.timestamp())
    finding = kind.find(rule, moments, now)
    if finding is not None and (raised := risk_id(rule, customer, finding.span.began)) != (row.id if row else None):
        decided.append(Raised(raised, finding))
    return decided
