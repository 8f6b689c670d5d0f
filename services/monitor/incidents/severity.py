"""An incident is as bad as its rule says, and gets worse with the number and tier of the customers it touches; never better. Pure."""

from collections.abc import Mapping
from typing import get_args

from services.monitor.rules.incidents import IncidentRule
from shared.events import Severity

RANK: Mapping[str, int] = {severity: rank for rank, severity in enumerate(get_args(Severity))}


def worse(one: str, other: str) -> str:
    """Returns the worse of two severities. One of a later version, which is not known, counts as worse."""
    return max(one, other, key=lambda each: RANK.get(each, len(RANK)))


def risen(rule: IncidentRule, severity: str, touched: int, of_tiers: Mapping[str, int]) -> str:
    """Returns how bad an incident is that touches so many customers, and so many of each tier."""
    for reached, steps in rule.escalate.items():
        count = touched if steps.tier is None else of_tiers.get(steps.tier, 0)
        if count >= steps.customers:
            severity = worse(severity, reached)
    return severity
