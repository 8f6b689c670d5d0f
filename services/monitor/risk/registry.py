"""The kinds of risks by the name that a rule calls their detector: one line each."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from services.monitor.aggregates.moments import Moments
from services.monitor.risk import decline, payment, silence, stall, streak
from services.monitor.risk.finding import Finding, Reason, Span


@dataclass(frozen=True, slots=True)
class Kind:
    """How the moments of a customer are judged by one kind of rule, at a moment up to which all is known.

    What is to be remembered of a customer, the rule itself says (`following`).
    """

    find: Callable[[Any, Moments, float], Finding | None]
    over: Callable[[Any, Moments, Span, float], Reason | None]  # of an open risk
    look_at: Callable[[Any, Moments, Span | None, float], float]  # when time alone changes something; infinity: never
    least: Callable[[Any], int]  # the moments without which nothing is found, and time alone changes nothing
    outlook: Callable[[Any, Moments, float], float] | None = None  # the chance that nothing comes for a time: customers are ranked by it


KINDS = {
    "streak": Kind(streak.find, streak.over, streak.look_at, lambda rule: rule.failures),
    "stall": Kind(stall.find, stall.over, stall.look_at, lambda _: 1),
    "payment": Kind(payment.find, payment.over, payment.look_at, lambda _: 1),
    "silence": Kind(silence.find, silence.over, silence.look_at, lambda rule: rule.visits, silence.outlook),
    "decline": Kind(decline.find, decline.over, decline.look_at, lambda rule: rule.visits, decline.outlook),
}
