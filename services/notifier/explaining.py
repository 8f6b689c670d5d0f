"""Says in a word and a sentence why a customer knows of an incident, or does not, from what the ledger has. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

from services.notifier.deciding.decision import Waiting
from services.notifier.notification import TELLING, Kind, Reason, Status

HIDDEN = "•••"


class Because(StrEnum):
    """The reasons why a customer knows of an incident or not."""

    TOLD = "told"  # a provider took it
    MAYBE = "maybe_told"  # it was handed over, and it is not known whether it arrived
    WAITING = "waiting"  # it is to be told, and `waits_for` says what it waits for
    FAILED = "failed"  # nothing brought it
    SUPPRESSED = "suppressed"  # a rule objected: the notification says which
    HELD_OUT = "held_out"  # an experiment measures how those fare who are not told
    TAKEN_OUT = "taken_out"  # a person took them out of the incident
    MOVED = "moved"  # it counts for another incident since a person split them off
    ERASED = "erased"  # they asked to be forgotten
    NOT_TOUCHED = "not_touched"  # no impact of the incident that came here names them


WORDS: Mapping[Because, str] = {
    Because.TOLD: "They were told.",
    Because.MAYBE: "It was handed to a provider, and whether it arrived is not known.",
    Because.WAITING: "They are not told yet.",
    Because.FAILED: "They were not told: it could not be brought to them.",
    Because.SUPPRESSED: "They were not told: a rule objected.",
    Because.HELD_OUT: "They were not told: an experiment measures how those fare who are not.",
    Because.TAKEN_OUT: "They were not told: a person took them out of the incident.",
    Because.MOVED: "What they were told, or were to be told, counts for another incident: a person split them off.",
    Because.ERASED: "They were erased: nothing is remembered of them, and they are told nothing again.",
    Because.NOT_TOUCHED: "Nothing was written down for them: no impact of this incident that came here names them.",
}

# What a decision waits for, by its reason, filled in with the figures of the decision.
WAITS: Mapping[Waiting, str] = {
    Waiting.EARLY: "A ticket says that the incident is over; that the incident itself says so is waited for.",
    Waiting.BEHIND: "monitor read events that were {behind_s} s old: what it found may be over.",
    Waiting.UNKNOWN_CUSTOMER: "The directory does not know this customer yet.",
    Waiting.PAUSED: "The channel {channel} is paused, since too much of what it sent came back.",
    Waiting.SWITCHED_OFF: "A switch is thrown ({switch} {name}, {mode}), by {by}.",
    Waiting.UNAPPROVED: "A person is to approve of an audience of {audience} customers ({approval}).",
    Waiting.HOLD_DOWN: "It began less than {hold_down_s} s ago, and may be over soon.",
    Waiting.QUIET_HOURS: "It is night where the customer is: they are left alone until {quiet_until}.",
    Waiting.DIGEST: "They were told something at {last_told}: what follows within {digest_s} s of it is told together.",
    Waiting.SPREAD: "Only {per_minute} are told in a minute: it waits for its turn.",
}


@dataclass(frozen=True, slots=True)
class Waits:
    """What a notification waits for."""

    reason: str  # of `Waiting`; or decision, retry, provider, operator
    words: str
    until: datetime | None  # when it is looked at again at the latest; None: when somebody has it looked at


def because(notifications: Sequence[Mapping[str, Any]], erased_at: datetime | None, moved_to: str | None) -> Because:
    """Returns why the customer knows of the incident, or not. `notifications`: rows of the ledger, the earliest first."""
    if erased_at is not None:
        return Because.ERASED
    telling = [each for each in notifications if each["kind"] in TELLING]
    if any(each["status"] == Status.DELIVERED for each in telling):
        return Because.TOLD
    if any(each["sent_at"] is not None for each in telling):
        return Because.MAYBE
    if any(each["status"] == Status.WAITING for each in telling):
        return Because.WAITING
    alarm = next((each for each in telling if each["kind"] == Kind.OPENED), telling[0] if telling else None)
    if alarm is None:
        return Because.MOVED if moved_to is not None else Because.NOT_TOUCHED
    return _untold(alarm)


def _untold(alarm: Mapping[str, Any]) -> Because:
    if alarm["status"] == Status.FAILED:
        return Because.FAILED
    if (alarm["evidence"] or {}).get("removed"):
        return Because.TAKEN_OUT
    return Because.HELD_OUT if alarm["reason"] == Reason.HELD_OUT else Because.SUPPRESSED


def waits(row: Mapping[str, Any]) -> Waits | None:
    """Returns what a notification waits for; None once it is settled."""
    if row["status"] != Status.WAITING:
        return None
    why, until = row["why"] or {}, row["next_at"]
    if row["put_aside"] is not None:
        return Waits("operator", "It raised errors again and again and was put aside; `forewarn due` has it tried again.", None)
    if row["under_way"]:
        return Waits("provider", "It is decided about, or handed to the provider, at this moment.", until)
    return _waits_to_be_decided(row, why, until)


def _waits_to_be_decided(row: Mapping[str, Any], why: Mapping[str, Any], until: datetime | None) -> Waits:
    if row["told_with"] is not None:
        return Waits("digest", "It is told in one message with another notification, whose try brought nothing yet.", None)
    if reason := why.get("waits_for"):
        return Waits(reason, _said(reason, why), until)
    if row["attempts"]:
        return Waits("retry", "A try brought nothing; another one follows.", until)
    return Waits("decision", "Nothing is decided about it yet.", until)


def _said(reason: str, why: Mapping[str, Any]) -> str:
    """Returns the sentence with its figures; a figure that is not there is left out as a dash."""
    sentence = next((words for waiting, words in WAITS.items() if waiting == reason), "It is decided about again later.")
    return sentence.format_map(_Known(why))


class _Known(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return "–"


def masked(address: str) -> str:
    """Returns an address so that nobody learns it who does not know it: `a•••@example.org`, `•••42`, `https://example.com/•••`."""
    if "://" in address:
        parts = urlsplit(address)
        return f"{parts.scheme}://{parts.hostname or ''}/{HIDDEN}"
    local, at, domain = address.rpartition("@")
    return f"{local[:1]}{HIDDEN}@{domain}" if at else f"{HIDDEN}{address[-2:]}"
