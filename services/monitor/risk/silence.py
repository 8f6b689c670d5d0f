"""Silence: a customer has been away for longer than the times between their visits explain.

Were visits to come by chance, at a rate that n gaps of T seconds in all tell, the chance of a silence of at least t is
(T / (T + t)) ** n: the posterior predictive of a Poisson process under the prior 1/rate, a Lomax distribution. After few visits a
silence must so be longer than after many.
https://en.wikipedia.org/wiki/Lomax_distribution
"""

import math

from services.monitor.aggregates.moments import Moments
from services.monitor.risk.finding import Finding, Reason, Span, length, shown
from services.monitor.risk.visits import Visits, bg_nbd, visits_of
from services.monitor.rules.silence import SilenceRule


def find(rule: SilenceRule, moments: Moments, now: float) -> Finding | None:
    """Finds a risk once so long a silence is no more likely than `chance`, until the customer is given up.

    The score is how unlikely it is.
    """
    visits = visits_of(rule, moments)
    if len(visits.ats) < rule.visits or not _due(rule, visits) <= now < visits.ats[-1] + rule.window.total_seconds():
        return None
    first, last, gaps = visits.ats[0], visits.ats[-1], len(visits.ats) - 1
    lasted, quiet = visits.lasted, now - last - rule.visit.total_seconds()
    chance = (lasted / (lasted + quiet)) ** gaps
    ahead, none = length(rule.ahead.total_seconds()), outlook(rule, moments, now)
    evidence = (
        f"{gaps + 1} visits between {shown(first)} and {shown(last)}, {length(lasted / gaps)} apart on average",
        f"none for {length(quiet)}, which by that rhythm has a chance of {chance:.1%}",
        f"none in the following {ahead} has a chance of {none:.0%} by their rate so far",
    )
    return Finding(Span(last, last), {"quiet for longer than their rhythm explains": round(1 - chance, 4)}, evidence)


def over(rule: SilenceRule, moments: Moments, risk: Span, now: float) -> Reason | None:
    """Says why an open risk is over: the customer is back, or is given up."""
    if moments.troubles and moments.troubles[-1][0] > risk.last:
        return Reason.RECOVERED
    return Reason.UNHEARD if now >= risk.last + rule.window.total_seconds() else None


def look_at(rule: SilenceRule, moments: Moments, risk: Span | None, now: float) -> float:
    """Returns when the passing of time alone changes something: the silence is too long, or the customer is given up."""
    if risk is not None:
        return risk.last + rule.window.total_seconds()
    visits = visits_of(rule, moments)
    due = _due(rule, visits) if len(visits.ats) >= rule.visits else math.inf
    return due if due > now else math.inf


def outlook(rule: SilenceRule, moments: Moments, now: float) -> float:
    """Returns the chance that the customer does not come in the time ahead; 1 when nothing is remembered of them.

    Whoever comes seldom is seldom unusual, and yet likely not to come: customers are ranked by this and not by the score of a silence.
    """
    visits = visits_of(rule, moments)
    return bg_nbd(visits, now, rule.ahead.total_seconds()) if visits.ats else 1.0


def _due(rule: SilenceRule, visits: Visits) -> float:
    """Returns from when on the silence is too long."""
    gaps, lasted = len(visits.ats) - 1, visits.lasted
    return visits.ats[-1] + rule.visit.total_seconds() + lasted * (math.pow(rule.chance, -1 / gaps) - 1)
