"""A customer renews soon, and other rules find that they use less: a risk of its own, while it is not too late to win them back.

It is looked at when such a risk is raised or cleared, when another day of renewal is said, and when that day comes near or is over. Pure.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta

from services.monitor.risk.finding import Finding, Reason, Span
from services.monitor.risk.health import last_reason
from services.monitor.risk.life import Cleared, Decision, Raised, RiskRow
from services.monitor.rules.renewal import RenewalRule
from shared.events import identity

DAY = timedelta(days=1)


def step(
    rule: RenewalRule, customer: str, others: Sequence[RiskRow], renews_at: date | None, row: RiskRow | None, today: date
) -> list[Decision]:
    """Decides what the customer's day of renewal means beside their latest risks by the rules that see use fall. Days are those of UTC.

    `row`: the customer's latest risk by this rule. The same renewal beside the same risks is the same risk of this rule: what a person
    cleared is raised again only when use falls anew, or before another renewal.
    """
    parts = sorted((each for each in others if each.open and not each.shadow), key=lambda each: each.id)
    near = renews_at is not None and timedelta() <= renews_at - today <= rule.before
    if row is not None and row.open:
        return [] if parts and near else [Cleared(row.id, _reason(others, parts, renews_at, today))]
    if renews_at is None or not near or not parts:
        return []
    raised = identity("risk", rule.id, rule.fingerprint, customer, renews_at.isoformat(), *(each.id for each in parts))
    return [] if row is not None and row.id == raised else [Raised(raised, _finding(parts, renews_at, today))]


def look_at(rule: RenewalRule, renews_at: date | None, today: date) -> datetime | None:
    """Returns when the passing of time alone changes something: the renewal comes near, or is over; None: never."""
    if renews_at is None or renews_at < today:
        return None
    left = renews_at - today
    return datetime.combine(today, time.min, UTC) + (left - rule.before if left > rule.before else left + DAY)


def _finding(parts: Sequence[RiskRow], renews_at: date, today: date) -> Finding:
    """Returns what is found: as bad as use has fallen."""
    span = Span(min(each.span.began for each in parts), max(each.span.last for each in parts))
    evidence = (
        f"renews on {renews_at}, in {(renews_at - today).days} d",
        *(f"{each.rule}: {line}" for each in parts for line in each.evidence),
    )
    return Finding(span, {each.rule: each.score for each in parts}, evidence)


def _reason(others: Sequence[RiskRow], parts: Sequence[RiskRow], renews_at: date | None, today: date) -> Reason:
    """Returns why a risk is over: use recovered, the renewal moved on, its day has passed without a word, or there is none."""
    if not parts:
        return last_reason(others)
    if renews_at is None:
        return Reason.BROKEN
    return Reason.UNHEARD if renews_at < today else Reason.RECOVERED
