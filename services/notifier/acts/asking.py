"""Decides about many notifications, and asks the database what a rule needs only where it can count: a ticket, a turn, a place.

A turn and a place are taken by asking for them, so only those ask who would be told now; the turn comes first, since a turn that
nobody uses harms less than a place that nobody is told at.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from typing import TypeVar

from services.notifier.deciding.decision import Hold, Send, Suppressed
from services.notifier.deciding.order import decide
from services.notifier.deciding.policy import Caps, Policy
from services.notifier.deciding.rules.quiet import SYSTEMS
from services.notifier.deciding.turns import Limit, of_all, of_incident
from services.notifier.notification import ENDS, Kind
from services.notifier.situation import Situation
from services.notifier.store import places, ticket_links, turns
from shared.postgres import Tx

Key = TypeVar("Key")
Decided = tuple[Situation, Send | Hold | Suppressed]

ONCE = (Kind.OPENED, *ENDS, Kind.MAINTENANCE_PLANNED)  # what one person is told once, whoever they are in the directory


async def decisions(tx: Tx, known: Mapping[Key, Situation], policy: Policy, *, told_before: Collection[Key]) -> dict[Key, Decided]:
    """Returns what is decided, with what it was decided on. `told_before`: who was told something of the incident or on the ticket."""
    known = {**known, **await _answered(tx, {key: known[key] for key in told_before})}
    decided: dict[Key, Decided] = {key: (each, decide(each, policy)) for key, each in known.items()}
    for limit_of in (of_incident, of_all):
        _decide_anew(decided, await _with_turns(tx, decided, policy.caps, limit_of), policy)
    _decide_anew(decided, await _told_already(tx, decided), policy)
    return decided


def _decide_anew(decided: dict[Key, Decided], changed: Mapping[Key, Situation], policy: Policy) -> None:
    decided.update({key: (each, decide(each, policy)) for key, each in changed.items()})


async def _answered(tx: Tx, known: Mapping[Key, Situation]) -> dict[Key, Situation]:
    """Returns those of the alarms whose customers were told of the incident on a ticket."""
    alarms = {key: pair for key, each in known.items() if (pair := _pair(each)) is not None}
    tickets = await ticket_links.answered(tx, set(alarms.values()))
    return {key: replace(known[key], answered_on=tickets[pair]) for key, pair in alarms.items() if pair in tickets}


def _pair(situation: Situation) -> tuple[str, str] | None:
    about = situation.notification
    if about.kind is not Kind.OPENED or not about.proactive or about.incident_id is None or about.sent_at is not None:
        return None
    return about.incident_id, about.customer_id


async def _with_turns(
    tx: Tx, decided: Mapping[Key, Decided], caps: Caps, limit_of: Callable[[Situation, Caps], Limit | None]
) -> dict[Key, Situation]:
    """Returns those who would be told and must wait for a turn by this limit."""
    asking = {
        key: limit
        for key, (each, decision) in decided.items()
        if isinstance(decision, Send) and (limit := limit_of(each, caps)) is not None
    }
    taken = await turns.take(tx, asking)
    return {key: replace(decided[key][0], turn=turn) for key, turn in taken.items()}


async def _told_already(tx: Tx, decided: Mapping[Key, Decided]) -> dict[Key, Situation]:
    """Returns those who would be told what was told at the same address by another notification."""
    wanted: dict[str, bytes] = {}
    keys: dict[str, Key] = {}
    for key, (each, decision) in decided.items():
        about = each.notification
        of = about.incident_id or about.period
        if isinstance(decision, Send) and about.proactive and about.kind in ONCE and of is not None:
            if decision.contact.channel in SYSTEMS:
                continue  # a system is told of each customer by name
            wanted[about.id], keys[about.id] = places.place_of(of, about.kind, decision.contact), key
    by = await places.take(tx, wanted)
    return {keys[id_]: replace(decided[keys[id_]][0], told_by=other) for id_, other in by.items()}
