"""Says in words how the promise of a first response stands. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from services.console.frame.words import duration

ENDED = ("resolved", "closed")
AT_ONCE = timedelta(seconds=1)


@dataclass(frozen=True)
class Standing:
    """Is how a promise stands: `state` chooses its shape."""

    state: str  # ok, warned, breached, done
    words: str


def standing(ticket: Mapping[str, Any], now: datetime) -> Standing | None:
    """Returns how the ticket's clock stands; None when there was no promise."""
    due_at, responded_at = ticket["due_at"], ticket["responded_at"]
    if responded_at is not None:
        return Standing("breached" if ticket["breached_at"] else "done", _responded(ticket))
    if due_at is None:
        return None
    if ticket["status"] in ENDED:
        return Standing("done", "it ended before a response was needed")
    if now >= due_at:
        return Standing("breached", f"first response missed by {duration(now - due_at)}")
    return Standing("warned" if ticket["warned_at"] else "ok", f"first response due in {duration(due_at - now)}")


def _responded(ticket: Mapping[str, Any]) -> str:
    """Returns who responded, and after how long."""
    opened_at, responded_at, due_at = ticket["opened_at"], ticket["responded_at"], ticket["due_at"]
    who = "answered automatically" if ticket["responded_automatically"] else "answered"
    taken = responded_at - opened_at
    words = f"{who} at once" if taken < AT_ONCE else f"{who} after {duration(taken)}"
    if ticket["responded_automatically"] and ticket["person_responded_at"]:
        words += f", a person after {duration(ticket['person_responded_at'] - opened_at)}"
    if due_at is not None and responded_at > due_at:
        words += f", late by {duration(responded_at - due_at)}"
    return words
