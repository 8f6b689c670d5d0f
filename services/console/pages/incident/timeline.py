"""Merges what all services say about one incident into one time line, alike things close together as one entry. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from services.console.frame.evidence import sentence
from services.console.frame.words import counted, duration, plain

TOGETHER = timedelta(minutes=1)  # alike things with no longer pause between them are one entry

# What the counts of `moments` are of, after "137 customers".
MOMENTS = {
    "touched": "were found to be affected",
    "opened": "were told",
    "updated": "were told what has changed",
    "resolved": "got the all-clear",
    "withdrawn": "were told that it is watched no longer",
    "dismissed": "were told that it was a false alarm",
    "answer": "got its status as an answer",
    "suppressed": "were not told, by decision",
    "failed": "could not be reached",
}

# What facts about its tickets say, after "12 tickets".
TICKETS = {
    "ticket.opened": "came in",
    "ticket.received": "got a message from the customer",
    "ticket.linked": "linked to it",
    "ticket.unlinked": "unlinked from it",
    "ticket.suggested": "suggested for it",
    "ticket.replied": "answered",
    "ticket.assigned": "assigned",
    "ticket.sla_warning": "close to the deadline",
    "ticket.sla_breached": "past the deadline",
    "ticket.resolved": "resolved",
    "ticket.reopened": "opened again",
    "ticket.closed": "closed",
    "ticket.rated": "rated",
}


@dataclass(frozen=True, slots=True)
class Happened:
    """One fact, or what happened to customers in one second, as the store has it."""

    at: datetime
    service: str
    what: str
    who: str | None = None
    detail: Mapping[str, Any] | None = None
    customers: int = 0  # of a moment
    ticket: int | None = None  # the number of the ticket that a fact is about


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the time line: what one service said, or so many alike things from `at` to `until`."""

    at: datetime
    until: datetime
    service: str
    what: str
    words: str
    note: str = ""  # what a person wrote: hidden from those who may not see it
    ticket: int | None = None  # where it is about one
    who: str = ""  # the person, where one acted


@dataclass(frozen=True, slots=True)
class _Run:
    first: Happened
    last: Happened
    many: int  # customers or facts


def timeline(all_that: Iterable[Happened]) -> list[Entry]:
    """Returns the entries in the order of time."""
    return [_entry(run) for run in _runs(sorted(all_that, key=lambda each: each.at))]


def _runs(happened: Sequence[Happened]) -> list[_Run]:
    """Puts alike things together; what monitor says of the incident stays by itself."""
    runs: list[_Run] = []
    latest: dict[str, int] = {}  # the place of the latest run of what is alike
    for each in happened:
        size = each.customers or 1
        place = latest.get(each.what)
        joins = each.customers > 0 or each.service != "monitor"
        if place is not None and joins and each.at - runs[place].last.at <= TOGETHER:
            runs[place] = _Run(runs[place].first, each, runs[place].many + size)
        else:
            latest[each.what] = len(runs)
            runs.append(_Run(each, each, size))
    return runs


def _entry(run: _Run) -> Entry:
    first, took = run.first, run.last.at - run.first.at
    within = f" within {duration(max(took, timedelta(seconds=1)))}" if run.many > 1 and took else ""
    note, ticket, who = "", None, ""
    if first.customers:
        words = f"{counted(run.many, 'customer')} {_plural(MOMENTS.get(first.what, plain(first.what)), run.many)}{within}"
    elif first.what.startswith("ticket."):
        words = f"{counted(run.many, 'ticket')} {TICKETS.get(first.what, plain(first.what))}{within}"
        ticket = first.ticket if run.many == 1 else None
        who = first.who or "" if run.many == 1 else ""
    else:
        words, who, note = _of_monitor(first), first.who or "", str((first.detail or {}).get("note") or "")
    return Entry(first.at, run.last.at, first.service, first.what, words, note, ticket, who)


def _plural(words: str, many: int) -> str:
    return words.replace("were ", "was ", 1) if many == 1 and words.startswith("were ") else words


def _of_monitor(said: Happened) -> str:
    """Returns what monitor says about the incident."""
    if said.what == "incident.updated" and (words := _by_person(said)):
        return words
    detail = said.detail or {}
    why = detail.get("why")
    because = f": {shown}" if isinstance(why, Mapping) and (shown := sentence(why)) else ""
    told = {
        "incident.opened": f"Opened{because}",
        "incident.updated": f"{_update(detail)}{because}",
        "incident.resolved": "Resolved" if said.who else f"Resolved, since events stayed calm{because}",
        "incident.reopened": f"Opened again{because}",
        "incident.withdrawn": f"No longer watched: {plain(str(detail.get('reason') or 'its rule is gone'))}",
        "incident.dismissed": "Dismissed as a false alarm",
    }
    return told.get(said.what, plain(said.what).capitalize())


# What people did, by the `step` of the fact.
BY_PEOPLE = {
    "acknowledged": "Acknowledged",
    "updated": "Said to customers",
    "severity": "Its severity was changed",
    "added": "Customers were added",
    "removed": "Customers were taken out",
    "absorbed": "Another incident was merged into it",
    "split": "Customers were split from it",
    "merged": "Merged into another incident, with which it ends",
}


def _by_person(said: Happened) -> str:
    """Returns what a person did with an open incident; empty when monitor says something by itself."""
    detail = said.detail or {}
    words, step = BY_PEOPLE.get(str(detail.get("step")), ""), detail.get("step")
    if step == "updated" and isinstance(public := detail.get("public"), Mapping):
        return f"{words}: “{public.get('words')}”"
    if step == "severity":
        return f"{words}: {detail.get('severity')}"
    if step in ("added", "removed", "absorbed", "split"):
        return f"{words}: it touches {counted(int(detail.get('affected') or 0), 'customer')}"
    return words


def _update(detail: Mapping[str, Any]) -> str:
    if detail.get("silent_since"):
        return "Silent: no events come"
    return "Still failing, as of a while ago" if (detail.get("behind_seconds") or 0) > 60 else "Still failing"
