"""An audience is held against what a person approved, and against what is normal for its rule. Pure."""

from dataclasses import dataclass
from typing import Any

from services.notifier.deciding.autonomy import Brakes


@dataclass(frozen=True, slots=True)
class Normal:
    """What is normal for a rule: the median of its latest audiences, and of how many."""

    customers: int | None
    audiences: int


def grown(total: int, approved: int | None, forgiven: int, brakes: Brakes) -> dict[str, Any] | None:
    """Returns the figures when an audience has grown too far since it was approved, or since the brake was released last."""
    if approved is None or total < brakes.at_least or total < brakes.grows * max(approved, forgiven):
        return None
    return {"audience": total, "approved": approved, "grows": brakes.grows}


def too_much(normal: Normal, lately: int, brakes: Brakes) -> dict[str, Any] | None:
    """Returns the figures when a rule touches far more customers in an hour than is normal for it; a new rule has no normal yet."""
    if normal.customers is None or normal.audiences < brakes.normal_after or lately < brakes.at_least:
        return None
    if lately < brakes.normal * max(normal.customers, 1):
        return None
    return {"lately": lately, "normal": normal.customers, "times": brakes.normal}
