"""A decline: a customer comes less often than they used to, or for less.

What is recent is the weight of all visits, each halved with every half-life that has passed since. It is held against what it would be
were the customer to come at their average rate from the first visit to now. Of somebody who comes steadily, and not less often than once
in one and a half half-lives, it never falls to half of that.
"""

import math

from services.monitor.aggregates.moments import Moments
from services.monitor.risk.finding import Finding, Reason, Span, length, shown
from services.monitor.risk.visits import Visits, discounted, memory, visits_of
from services.monitor.rules.decline import DeclineRule


def find(rule: DeclineRule, moments: Moments, now: float) -> Finding | None:
    """Finds a risk once what is recent is no more than the rule's share of the average, until the customer is given up.

    The score is what is missing to the average: visits first, then what a visit weighs.
    """
    visits = visits_of(rule, moments)
    if not _is_known(rule, visits) or not _due(rule, visits) <= now < visits.ats[-1] + rule.window.total_seconds():
        return None
    missing = 1 - _share(rule, visits, now)
    seldom = min(max(1 - _share(rule, visits.counted, now), 0.0), missing)
    contributions = {"comes less often than they used to": round(seldom, 4)} if seldom > 0 else {}
    if missing - seldom > 0:
        contributions["visits weigh less than they used to"] = round(missing - seldom, 4)
    last, gap = visits.ats[-1], visits.lasted / (len(visits.ats) - 1)
    ahead, none = length(rule.ahead.total_seconds()), outlook(rule, moments, now)
    evidence = (
        f"{len(visits.ats)} visits between {shown(visits.ats[0])} and {shown(last)}, {length(gap)} apart on average",
        f"use, halved with each {length(rule.half_life.total_seconds())} that passes, is at {1 - missing:.0%} of their average",
        f"none in the following {ahead} has a chance of {none:.0%} by their recent rate",
    )
    return Finding(Span(last, last), contributions, evidence)


def over(rule: DeclineRule, moments: Moments, risk: Span, now: float) -> Reason | None:
    """Says why an open risk is over: since it was raised they have come as before, or nothing was heard for the window."""
    visits = visits_of(rule, moments)
    last = visits.ats[-1] if visits.ats else risk.last
    if now >= last + rule.window.total_seconds():
        return Reason.UNHEARD
    came_back = last > risk.last and _average(rule, visits) > 0
    return Reason.RECOVERED if came_back and _share(rule, visits, now) >= rule.recovers else None


def look_at(rule: DeclineRule, moments: Moments, risk: Span | None, now: float) -> float:
    """Returns when the passing of time alone changes something: what is recent has fallen too far, or the customer is given up."""
    visits = visits_of(rule, moments)
    if risk is not None:
        return (visits.ats[-1] if visits.ats else risk.last) + rule.window.total_seconds()
    due = _due(rule, visits) if _is_known(rule, visits) else math.inf
    return due if due > now else math.inf


def outlook(rule: DeclineRule, moments: Moments, now: float) -> float:
    """Returns the chance that the customer does not come in the time ahead, by what is recent; 1 when nothing is remembered of them."""
    visits = visits_of(rule, moments)
    return discounted(visits, now, rule.ahead.total_seconds(), rule.half_life.total_seconds()) if visits.ats else 1.0


def _is_known(rule: DeclineRule, visits: Visits) -> bool:
    """Says whether there are visits enough, over a time long enough, to know an average."""
    return len(visits.ats) >= rule.visits and visits.lasted >= rule.half_life.total_seconds() and _average(rule, visits) > 0


def _share(rule: DeclineRule, visits: Visits, now: float) -> float:
    """Returns what is recent as a share of what it would be at the average rate."""
    half_life, now = rule.half_life.total_seconds(), max(now, visits.ats[-1])
    begun = 1 - math.exp2((visits.ats[0] - now) / half_life)
    return visits.recent(now, half_life) / (_average(rule, visits) * begun)


def _due(rule: DeclineRule, visits: Visits) -> float:
    """Returns from when on the share is no more than the rule's, if nobody comes."""
    half_life, least = rule.half_life.total_seconds(), rule.below * _average(rule, visits)
    faded = least / (visits.recent(visits.ats[-1], half_life) + least * math.exp2(-visits.lasted / half_life))
    return visits.ats[-1] + max(-half_life * math.log2(faded), 0.0)


def _average(rule: DeclineRule, visits: Visits) -> float:
    """Returns what is recent of whoever has always come at this customer's average rate, and weighed as much; 0: none is known."""
    if not visits.lasted:
        return 0.0
    mean = sum(visits.weights) / len(visits.weights)
    return mean * (len(visits.ats) - 1) / visits.lasted * memory(rule.half_life.total_seconds())
