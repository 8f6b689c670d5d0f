"""Says how an incident stands, in words and as a state that styles know. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.console.frame.words import number

BEHIND = 60.0  # seconds; above that monitor says how things were, not how they are
MANY = 10_000  # counts of rows stop here, so that they take the same time however many there are

ENDS = {
    "resolved": "resolved",
    "withdrawn": "no longer watched",
    "dismissed": "a false alarm",
}


@dataclass(frozen=True, slots=True)
class Standing:
    """How an incident stands: the state, its words, and since when where that is known."""

    state: str  # failing, silent, behind, resolved, withdrawn, dismissed
    words: str
    since: datetime | None = None


def standing(incident: Mapping[str, Any]) -> Standing:
    """Returns how the incident of a row stands. An open one is silent, read late, or does what its rule detects."""
    status = incident["status"]
    if status != "open":
        return Standing(status, ENDS.get(status, status), incident["ended_at"])
    if incident["merged_into"] is not None:
        return Standing("withdrawn", "the same trouble as another incident, with which it ends")
    if incident["silent_since"] is not None:
        return Standing("silent", "silent since", incident["silent_since"])
    if incident["behind_seconds"] > BEHIND:
        return Standing("behind", "failing, as of a while ago: monitor is catching up")
    taken = f", {incident['acknowledged_by']} has it" if incident["acknowledged_by"] else ""
    return Standing("failing", incident["symptom"].replace("_", " ") + taken)


def shown(rows: list[Any]) -> list[dict[str, Any]]:
    """Returns incidents with their `standing`, as lists show them."""
    return [{**row, "standing": standing(row)} for row in rows]


def at_most(counted: int) -> str:
    """Returns a count that stopped after `MANY`: `37`, or `more than 10 000`."""
    return number(counted) if counted <= MANY else f"more than {number(MANY)}"
