"""Says in words why a customer was not told: a sentence for each reason that notifier knows, with the figures of the decision. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from services.console.frame.words import counted, duration, number, plain

Why = Mapping[str, Any]


class Step(StrEnum):
    """The steps from an event to a customer who knows, in the order in which they are taken."""

    EVENT = "event"  # something of theirs failed
    RULE = "rule"  # enough failed for an incident
    IMPACT = "impact"  # the incident touches this customer
    PREFERENCE = "preference"  # they want to be told
    TRUE = "still true"  # it is so when it is about to be said
    CAP = "cap"  # they were not told too often
    ADDRESS = "address"  # there is one that can be used
    CONSENT = "people’s consent"  # people allow that so many are told
    WORDS = "words"  # what was written
    ANSWER = "provider’s answer"  # it was taken


@dataclass(frozen=True, slots=True)
class Said:
    """What a reason means: the step that it ends at, a few words for lists, and its sentence, given the figures."""

    step: Step
    short: str
    sentence: Callable[[Why], str]


def why_not(reason: str | None, why: Why) -> str:
    """Returns the sentence for a reason; of one that a later version has, its words."""
    said = REASONS.get(reason or "")
    if said is None:
        return f"The reason given is “{plain(reason)}”." if reason else "Nothing is decided yet."
    return said.sentence(why)


def in_short(reason: str | None) -> str:
    """Returns a few words for a reason, as lists and filters have them."""
    said = REASONS.get(reason or "")
    return said.short if said else plain(reason) if reason else "not decided yet"


def trouble(answer: str) -> tuple[str, str]:
    """Returns what the last try met, in a sentence, and the provider's own words, which may name the customer's address.

    An answer may begin with notifier's word for it: `deferred 451 …`; without one there is no sentence.
    """
    word, _, rest = answer.partition(" ")
    sentence = TROUBLES.get(word)
    return (f"The last try: {sentence}.", rest) if sentence else ("", answer)


def came_back(bounce: str | None, complained: bool = False) -> str:
    """Returns what is said of a message after it was taken: that it came back, that it was called spam, or nothing."""
    back = f"It came back: {BOUNCES.get(bounce, plain(bounce))}." if bounce else ""
    spam = "They called it spam, so they are told nothing first of its purpose any more." if complained else ""
    return " ".join(filter(None, (back, spam)))


# ── sentences with figures ───────────────────────────────────────────────────────────────────


# What contradicts that it goes on, or that it ended, by what the incident was.
CONTRADICTIONS = {
    "unknown": "Nothing was known of the incident when it was to be told.",
    "silent": "No events had come for {silent}: silence is no evidence that it goes on.",
    "open": "The incident was open, so its end could not be told.",
}


# What contradicts what was to be said of maintenance, by how it was then.
OF_MAINTENANCE = {
    "unknown": "Nothing was known of the maintenance when it was to be told.",
    "for others": "They were not of the audience of the maintenance any more.",
    "over": "The maintenance was over before they could be told.",
    "cancelled": "The maintenance was called off before they could be told.",
}


def _stale(why: Why) -> str:
    """There are six ways not to be so any more; the figures tell which."""
    if "maintenance" in why:
        return OF_MAINTENANCE.get(str(why["maintenance"]), "The maintenance stood otherwise when they could be told.")
    if "age_s" in why:
        return f"What happened was {_lasting(why, 'age_s')} old; nothing older than {_lasting(why, 'max_event_age_s')} is told."
    if "last_failing_s" in why:
        return (
            f"It had not failed for {_lasting(why, 'last_failing_s')}; what is told as going on was true within"
            f" {_lasting(why, 'told_within_s')}."
        )
    return _contradicted(why)


def _contradicted(why: Why) -> str:
    status = why.get("incident")
    if not isinstance(status, str):
        return "It was no longer true, or too old to be worth saying."
    if why.get("tell") is False and status not in CONTRADICTIONS:
        return f"The incident was {plain(status)}, and whoever ended it said that customers need not hear of it."
    said = CONTRADICTIONS.get(status, f"The incident was {plain(status)} before they could be told.")
    return said.format(silent=_lasting(why, "silent_s"))


def _opted_out(why: Why) -> str:
    by = {"customer": "as they chose themselves", "directory": "as the directory of customers says"}.get(str(why.get("by")), "")
    purpose = "guidance" if why.get("purpose") == "guidance" else "incidents"
    return f"They do not want to be told of {purpose}{', ' if by else ''}{by}."


def _capped(why: Why) -> str:
    if not isinstance(why.get("recent"), int):
        return "They had been told often enough within the hour."
    times = "once" if why["recent"] == 1 else f"{number(why['recent'])} times"
    cap = f"; at most {counted(why['cap'], 'message')}" if isinstance(why.get("cap"), int) else ""
    per = f" in {_lasting(why, 'per_s')}" if "per_s" in why else ""
    return f"They had been told {times} already{cap}{per}."


def _no_contact(why: Why) -> str:
    if why.get("customer") == "unknown":
        return f"The directory did not know this customer, and {_lasting(why, 'waited_s')} were waited for it."
    count = why.get("addresses", why.get("emails"))  # older versions knew mail alone
    if isinstance(count, int) and count > 0:
        return f"None of {counted(count, 'address', 'addresses')} can be used: {number(why.get('bad', 0))} were refused before."
    return "They have no address to write to."


def _rehearsed(why: Why) -> str:
    if why.get("step") == "shadow":
        return "Its rule is in shadow: it is decided as ever, and nobody is told."
    return "A dry run was on: it is decided as ever, and nobody is told."


def _unapproved(why: Why) -> str:
    count = why.get("audience")
    audience = f"an audience of {counted(count, 'customer')}" if isinstance(count, int) else "so large an audience"
    if why.get("approval") == "rejected":
        return f"A person rejected {audience}."
    return f"Nobody approved of {audience} in time."


def _held_out(why: Why) -> str:
    name, share = why.get("experiment"), why.get("share")
    part = f" with {number(share * 100, 1)} % of the accounts" if isinstance(share, int | float) else ""
    of = f"the experiment {plain(name)}" if isinstance(name, str) else "an experiment"
    return f"Theirs is held out{part}: {of} measures how those fare who are not told."


def _lasting(why: Why, name: str) -> str:
    value = why.get(name)
    return duration(value) if isinstance(value, int | float) else "some time"


def _always(sentence: str) -> Callable[[Why], str]:
    return lambda _: sentence


# ── the table ────────────────────────────────────────────────────────────────────────────────

REASONS: Mapping[str, Said] = {
    # suppressed: notifier decided so
    "erased": Said(Step.PREFERENCE, "erased", _always("They asked to be forgotten, so they are never told anything again.")),
    "opted_out": Said(Step.PREFERENCE, "do not want it", _opted_out),
    "stale": Said(Step.TRUE, "no longer true", _stale),
    "superseded": Said(
        Step.TRUE, "something newer was told", _always("Something newer was to be told instead: of several changes only the last is.")
    ),
    "capped": Said(Step.CAP, "told often enough", _capped),
    "no_contact": Said(Step.ADDRESS, "no address", _no_contact),
    "dry_run": Said(Step.CONSENT, "rehearsed only", _rehearsed),
    "unapproved": Said(Step.CONSENT, "not approved", _unapproved),
    "held_out": Said(Step.CONSENT, "held out", _held_out),
    "answered": Said(
        Step.TRUE, "told on their ticket", _always("A ticket of theirs was answered with this incident: they hear of its end there.")
    ),
    "duplicate": Said(
        Step.ADDRESS, "told as another customer", _always("The same was told at the same address, as another customer of the directory.")
    ),
    # failed: no retry will bring it
    "address": Said(Step.ANSWER, "no such address", _always("The server said that there is no such address.")),
    "refused": Said(Step.ANSWER, "refused for good", _always("The server refused the message for good.")),
    "unsupported": Said(Step.ANSWER, "address not supported", _always("The server cannot take an address like theirs, and was not asked.")),
    "expired": Said(Step.ANSWER, "not brought in time", _always("It could not be brought within its time to live.")),
}

# What a try met that another may not: the first word of a failure's detail.
TROUBLES: Mapping[str, str] = {
    "unreachable": "the server could not be reached",
    "relay": "the server refused us, whomever the message was for",
    "deferred": "the server said: not now",
    "malformed": "no message could be made of it, which is a defect of ours",
    "unknown": "the connection died while the message was handed over, so it may have arrived",
    "paused": "it was not tried, since nothing reached that place just then",
    "elsewhere": "the address was refused, and there was another",
}

# What is said of a message that a server had taken and that came back.
BOUNCES: Mapping[str, str] = {
    "address": "there is no such address",
    "refused": "the server there refuses it for good",
    "transient": "it could not be put into the mailbox, and nobody tries any longer",
}
