"""A payment has failed, and none has gone through in time: the customer may lose what they pay for without having decided so."""

import math

from services.monitor.aggregates.moments import Moments
from services.monitor.risk.finding import Finding, Reason, Span, length, shown
from services.monitor.rules.payment import PaymentRule


def find(rule: PaymentRule, moments: Moments, now: float) -> Finding | None:
    """Finds a risk once the first failure is as old as `grace`, until nothing has failed for the window.

    Half of the score is that the time is over; the other half grows until it has passed twice.
    """
    if not moments.troubles:
        return None
    began, last, grace = moments.troubles[0][0], moments.troubles[-1][0], rule.grace.total_seconds()
    if now < began + grace or now >= last + rule.window.total_seconds():
        return None
    beyond = round(min(0.5 * (now - began - grace) / grace, 0.5), 4)
    contributions = {"a failed payment was not made good": 0.5} | ({"time beyond the limit": beyond} if beyond else {})
    many = len(moments.troubles)
    failures = f"{'at least ' if many == rule.remember else ''}{many} failed"
    evidence = [f"{failures} ({', '.join(rule.events)}) since {shown(began)}, the latest at {shown(last)}"]
    evidence.append(f"{', '.join(rule.paid.events)} did not follow within {length(grace)}")
    if moments.ended:
        evidence.append(f"the last one that went through was at {shown(moments.ended)}")
    return Finding(Span(began, last), contributions, tuple(evidence))


def over(rule: PaymentRule, moments: Moments, risk: Span, now: float) -> Reason | None:
    """Says why an open risk is over: a payment went through after it began, or nothing has failed for the window."""
    if moments.ended >= risk.began:
        return Reason.RECOVERED if moments.ended >= risk.last else _broken(rule, moments, now)
    last = moments.troubles[-1][0] if moments.troubles else risk.last
    return Reason.UNHEARD if now >= last + rule.window.total_seconds() else None


def look_at(rule: PaymentRule, moments: Moments, risk: Span | None, now: float) -> float:
    """Returns when the passing of time alone changes something: the grace is over, or the risk is."""
    graces = (at + rule.grace.total_seconds() for at, *_ in moments.troubles)  # of each: what came before a person's word counts no more
    if risk is None:
        return _earliest(now, *graces)
    return _earliest(now, (moments.troubles[-1][0] if moments.troubles else risk.last) + rule.window.total_seconds(), *graces)


def _earliest(now: float, *moments: float) -> float:
    return min((each for each in moments if each > now), default=math.inf)


def _broken(rule: PaymentRule, moments: Moments, now: float) -> Reason | None:
    """Says whether a late payment in the midst of the failures leaves a risk."""
    return None if find(rule, moments, now) is not None else Reason.BROKEN
