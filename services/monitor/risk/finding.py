"""What is found of one customer, and why a risk is over."""

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum


class Reason(StrEnum):
    """Why a risk is cleared: a closed list, also a metric's label."""

    RECOVERED = "recovered"  # an event after all the evidence shows it
    BROKEN = "broken"  # a late event shows that the evidence was no risk
    UNHEARD = "unheard"  # nothing was heard for as long as the rule looks back
    PERSON = "person"  # somebody cleared it
    WEBHOOK = "webhook"  # the webhook of its rule's action answered that it has settled the trouble
    RENAMED = "renamed"  # the name is an alias: what was held of it is the customer's
    RULE_CHANGED = "rule_changed"  # no rule judges it any more
    RULE_GONE = "rule_gone"


@dataclass(frozen=True, slots=True)
class Span:
    """When the evidence of a risk was. Times are event time, seconds since the epoch."""

    began: float  # its first event
    last: float  # its last one


@dataclass(frozen=True, slots=True)
class Finding:
    """One customer is at risk."""

    span: Span
    contributions: dict[str, float]  # what the score adds up from
    evidence: tuple[str, ...]  # sentences with figures and times

    @property
    def score(self) -> float:
        """Returns how bad it is, from 0 to 1."""
        return min(round(sum(self.contributions.values()), 4), 1.0)


def moment(at: float) -> datetime:
    """Returns event time as an aware UTC datetime."""
    return datetime.fromtimestamp(at, UTC)


def shown(at: float) -> str:
    """Returns event time as evidence names it."""
    return f"{moment(at):%Y-%m-%d %H:%M:%S} UTC"


def length(seconds: float) -> str:
    """Returns a duration as rules.yml writes it, in its two largest units: 3d, 1h30m."""
    parts, left = [], int(seconds)
    for unit, size in (("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)):
        if left >= size:
            parts.append(f"{left // size}{unit}")
            left %= size
    return "".join(parts[:2]) or "0s"
