"""A failure streak: so many failures of one customer since their last success, none of them too long ago."""

import math

from services.monitor.aggregates.moments import Moments
from services.monitor.risk.finding import Finding, Reason, Span, shown
from services.monitor.rules.streak import StreakRule


def find(rule: StreakRule, moments: Moments, now: float) -> Finding | None:
    """Finds a risk when the latest `failures` failures lie within the window, and the last one is no older than that.

    Half of the score is that the rule's number is reached; the other half grows with what is beyond it, up to twice the number.
    """
    failed, window = [at for at, _ in moments.troubles], rule.window.total_seconds()
    if len(failed) < rule.failures or failed[-1] - failed[-rule.failures] > window or now >= failed[-1] + window:
        return None
    beyond = 0.5 * (len(failed) - rule.failures) / rule.failures
    contributions = {"failures in a row": 0.5} | ({"more than the rule asks for": round(beyond, 4)} if beyond else {})
    many = "at least " if len(failed) == rule.following.most else ""
    evidence = [f"{many}{len(failed)} failures in a row ({', '.join(rule.events)}) between {shown(failed[0])} and {shown(failed[-1])}"]
    if moments.ended:
        evidence.append(f"the last success was at {shown(moments.ended)}")
    return Finding(Span(failed[0], failed[-1]), contributions, tuple(evidence))


def over(rule: StreakRule, moments: Moments, risk: Span, now: float) -> Reason | None:
    """Says why an open risk is over: a success, a late success in the midst of the failures, or no failure for as long as the window."""
    last = moments.troubles[-1][0] if moments.troubles else risk.last
    if moments.ended >= risk.last:
        return Reason.RECOVERED
    if moments.ended >= risk.began and len(moments.troubles) < rule.failures:
        return Reason.BROKEN
    return Reason.UNHEARD if now >= last + rule.window.total_seconds() else None


def look_at(rule: StreakRule, moments: Moments, risk: Span | None, now: float) -> float:  # noqa: ARG001  every kind has the moment
    """Returns when the passing of time alone changes something: an open risk is over a window after its last failure."""
    if risk is None:
        return math.inf
    return (moments.troubles[-1][0] if moments.troubles else risk.last) + rule.window.total_seconds()
