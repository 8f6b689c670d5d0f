"""Silence: a customer has been away for longer than the times between their visits explain.

Were visits to come by chance, at a rate that n gaps of T seconds in all tell, the chance of a silence of at least t is
(T / (T + t)) ** n: the posterior predictive of a Poisson process under the prior 1/rate, a Lomax distribution. After few visits a
silence must so be longer than after many.
https://en.wikipedia.org/wiki/Lomax_distribution
"""

import math

from services.monitor.aggregates.moments import Moments
from services.monitor.risk.finding import Finding, Reason, Span, length, shown
from services.monitor.rules.silence import SilenceRule


def find(rule: SilenceRule, moments: Moments, now: float) -> Finding | None:
    """Finds a risk once so long a silence is no more likely than `chance`, until the customer is given up.

    The score is how unlikely it is.
    """
    visits = _visits(rule, moments)
    if len(visits) < rule.visits or not _due(rule, visits) <= now < visits[-1] + rule.window.total_seconds():
        return None
    gaps, lasted, quiet = len(visits) - 1, visits[-1] - visits[0], now - visits[-1] - rule.visit.total_seconds()
    chance = (lasted / (lasted + quiet)) ** gaps
    evidence = (
        f"{len(visits)} visits between {shown(visits[0])} and {shown(visits[-1])}, {length(lasted / gaps)} apart on average",
        f"none for {length(quiet)}, which by that rhythm has a chance of {chance:.1%}",
    )
    return Finding(Span(visits[-1], visits[-1]), {"quiet for longer than their rhythm explains": round(1 - chance, 4)}, evidence)


def over(rule: SilenceRule, moments: Moments, risk: Span, now: float) -> Reason | None:
    """Says why an open risk is over: the customer is back, or is given up."""
    if moments.troubles and moments.troubles[-1][0] > risk.last:
        return Reason.RECOVERED
    return Reason.UNHEARD if now >= risk.last + rule.window.total_seconds() else None


def look_at(rule: SilenceRule, moments: Moments, risk: Span | None, now: float) -> float:
    """Returns when the passing of time alone changes something: the silence is too long, or the customer is given up."""
    if risk is not None:
        return risk.last + rule.window.total_seconds()
    visits = _visits(rule, moments)
    due = _due(rule, visits) if len(visits) >= rule.visits else math.inf
    return due if due > now else math.inf


def _visits(rule: SilenceRule, moments: Moments) -> list[float]:
    """Returns when the visits were that lie within the window before the last one."""
    ats = [at for at, _ in moments.troubles]
    return [at for at in ats if at > ats[-1] - rule.window.total_seconds()]


def _due(rule: SilenceRule, visits: list[float]) -> float:
    """Returns from when on the silence is too long."""
    gaps, lasted = len(visits) - 1, visits[-1] - visits[0]
    return visits[-1] + rule.visit.total_seconds() + lasted * (math.pow(rule.chance, -1 / gaps) - 1)
