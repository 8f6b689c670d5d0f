"""A stall: a customer has begun something, and the step that must follow has not come in time."""

import math

from services.monitor.aggregates.moments import Moments
from services.monitor.risk.finding import Finding, Reason, Span, length, shown
from services.monitor.rules.stall import StallRule


def find(rule: StallRule, moments: Moments, now: float) -> Finding | None:
    """Finds a risk from `within` after the latest step until it is given up.

    Half of the score is that the time is over; the other half grows until it has passed twice.
    """
    if not moments.troubles:
        return None
    began, within = moments.troubles[-1][0], rule.within.total_seconds()
    if not within <= now - began < rule.window.total_seconds():
        return None
    beyond = round(min(0.5 * (now - began - within) / within, 0.5), 4)
    contributions = {"the expected step did not come": 0.5} | ({"time beyond the limit": beyond} if beyond else {})
    expected = ", ".join(rule.expects.events)
    evidence = (f"{', '.join(rule.events)} was at {shown(began)}", f"{expected} did not follow within {length(within)}")
    return Finding(Span(began, began), contributions, evidence)


def over(rule: StallRule, moments: Moments, risk: Span, now: float) -> Reason | None:
    """Says why an open risk is over: the step came, or it is given up."""
    if moments.ended >= risk.began:
        return Reason.RECOVERED
    return Reason.UNHEARD if now >= risk.began + rule.window.total_seconds() else None


def look_at(rule: StallRule, moments: Moments, risk: Span | None, now: float) -> float:
    """Returns when the passing of time alone changes something: the step is missed, or given up."""
    if risk is not None:
        return risk.began + rule.window.total_seconds()
    due = moments.troubles[-1][0] + rule.within.total_seconds() if moments.troubles else math.inf
    return due if due > now else math.inf
