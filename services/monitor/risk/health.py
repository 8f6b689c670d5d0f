"""The health of a customer: the open risks by other rules, each with its weight. A risk of its own, raised and cleared as they are.

It is looked at when one of them is raised or cleared, and knows no time: the score of a risk is that with which it was raised.
"""

from collections.abc import Sequence

from services.monitor.risk.finding import Finding, Reason, Span
from services.monitor.risk.life import Cleared, Decision, Raised, RiskRow
from services.monitor.rules.health import HealthRule
from shared.events import identity


def step(rule: HealthRule, customer: str, others: Sequence[RiskRow], row: RiskRow | None) -> list[Decision]:
    """Decides what the latest risks of a customer by the rules that have a weight mean. `row`: the customer's latest risk by this rule.

    The same open risks have the same risk of this rule: what a person cleared is raised again only when others have come.
    """
    parts = sorted((each for each in others if each.open and not each.shadow), key=lambda each: each.id)
    finding = _finding(rule, parts)
    total = finding.score if finding is not None else 0.0
    if row is not None and row.open:
        return [Cleared(row.id, last_reason(others))] if total < rule.clear_below else []
    if finding is None or total < rule.raise_at:
        return []
    raised = identity("risk", rule.id, rule.fingerprint, customer, *(each.id for each in parts))
    return [] if row is not None and row.id == raised else [Raised(raised, finding)]


def _finding(rule: HealthRule, parts: Sequence[RiskRow]) -> Finding | None:
    """Returns what the open risks come to, with the contribution of each; None without any."""
    if not parts:
        return None
    span = Span(min(each.span.began for each in parts), max(each.span.last for each in parts))
    contributions = {each.rule: round(rule.weights[each.rule] * each.score, 4) for each in parts}
    return Finding(span, contributions, tuple(f"{each.rule}: {line}" for each in parts for line in each.evidence))


def last_reason(others: Sequence[RiskRow]) -> Reason:
    """Returns why the last of the other risks was cleared: for the same reason this one is."""
    cleared = sorted((each.cleared_at, each.reason) for each in others if each.cleared_at is not None and each.reason in set(Reason))
    return Reason(cleared[-1][1]) if cleared else Reason.RECOVERED
