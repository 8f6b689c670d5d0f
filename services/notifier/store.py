"""What notifier remembers: rows become values and values become rows. Decides nothing."""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg

from services.notifier.audience import Contact, Customer, Preferences, trimmed
from services.notifier.incident import Incident, IncidentStatus, Said, incident_of
from services.notifier.notification import Attempt, Draft, Kind, Notification, Status
from services.notifier.situation import Situation
from shared.events import Contact as ContactData
from shared.events import CustomerErased, CustomerUpdated
from shared.postgres import Queries, Tx
from shared.timers import schedule

queries = Queries(Path(__file__).with_name("queries.sql"))

DELIVERY = "delivery"  # due rows of what we say first
REPLY = "reply"  # due rows of replies: lanes of their own, so that no storm of the others holds them up
LANES = (DELIVERY, REPLY)
FOLLOW_UP = "follow_up"  # due rows of facts about incidents whose customers are still to be looked through
TICKET_FIRST = timedelta(seconds=5)  # so long a ticket has to say the all-clear in its own words, before we say it in ours


# ── the directory ────────────────────────────────────────────────────────────────────────────


async def put_customers(tx: Tx, facts: Collection[CustomerUpdated]) -> list[str]:
    """Remembers the latest about each customer (one fact a customer); returns those who are new or whose contacts are others now.

    A mark at one of their addresses that is older than such a change is forgotten; an unchanged export forgets none.
    """
    contacts = {fact.subject: [_stored(each) for each in fact.data.contacts] for fact in facts}
    before = {row["id"]: row["contacts"] for row in await tx.fetch(queries.contacts_before, list(contacts))}
    rows = await tx.fetch(
        queries.put_customers,
        [fact.subject for fact in facts],
        [fact.data.name for fact in facts],
        [fact.data.account for fact in facts],
        [fact.data.tier for fact in facts],
        [fact.data.locale for fact in facts],
        [fact.data.timezone for fact in facts],
        [json.dumps(each) for each in contacts.values()],  # as text: asyncpg would take lists for dimensions
        [fact.data.consent for fact in facts],
        [fact.time for fact in facts],
        [fact.id for fact in facts],
    )
    changed = {fact.subject: fact.time for fact in facts if _as_set(contacts[fact.subject]) != _as_set(before.get(fact.subject))}
    moved = [row["id"] for row in rows if row["id"] in changed]
    if moved:
        await tx.execute(queries.forget_marks, moved, [changed[each] for each in moved])
    return moved


async def erase_customers(tx: Tx, facts: Collection[CustomerErased]) -> None:
    """Forgets everything personal about them, for good. Words that wait to be brought go when they are decided about."""
    ids = [fact.subject for fact in facts]
    await tx.execute(queries.erase_customers, ids, [fact.time for fact in facts])
    await tx.execute(queries.erase_preferences, ids)
    await tx.execute(queries.erase_bad_addresses, ids)


async def forget_customers(tx: Tx, customer_ids: Sequence[str]) -> None:
    """Removes their entries, unless they are erased; what they chose with us stays."""
    await tx.execute(queries.forget_customers, list(customer_ids))


async def unreached(tx: Tx, customer_ids: Sequence[str]) -> list[Customer]:
    """Those of them who could not be told of an incident that still goes on, for want of an address."""
    return [_customer(row) for row in await tx.fetch(queries.unreached, customer_ids)] if customer_ids else []


async def wait_again(tx: Tx, customer_ids: Sequence[str]) -> None:
    """What those customers could not be told is due again."""
    rows = await tx.fetch(queries.wait_again, customer_ids)
    await schedule(tx, DELIVERY, {row["id"]: row["now"] for row in rows})


async def customer(tx: Tx, customer_id: str, *, lock: bool = False) -> Customer | None:
    row = await tx.fetchrow(queries.customer_locked if lock else queries.customer, customer_id)
    return _customer(row) if row else None


# ── incidents ────────────────────────────────────────────────────────────────────────────────


# In the order of the query's parameters.
_OF_INCIDENT = (
    *("id", "rule", "component", "severity", "title", "started_at", "symptom", "revision", "failing_at", "behind", "silent_since"),
    *("status", "ended_at", "tell", "ended_by", "hops"),
)


async def take_incidents(tx: Tx, facts: Collection[Said]) -> dict[str, int]:
    """Remembers what is said of incidents (one fact an incident) and keeps them locked; returns the revisions of those that were news."""
    told = [incident_of(fact) for fact in facts]
    rows = await tx.fetch(queries.take_incidents, *([getattr(incident, column) for incident in told] for column in _OF_INCIDENT))
    return {row["id"]: row["revision"] for row in rows}


async def lock_incident(tx: Tx, incident_id: str) -> Incident | None:
    """The incident as it stands, and will stand until `tx` ends."""
    row = await tx.fetchrow(queries.lock_incident, incident_id)
    return _incident(row) if row else None


@dataclass(frozen=True, slots=True)
class Place:
    """How far the customers of an incident have been looked through after a fact about it."""

    incident_id: str
    revision: int
    after: str = ""  # a customer's id

    @property
    def ref(self) -> str:
        return json.dumps([self.incident_id, self.revision, self.after])

    @classmethod
    def of(cls, ref: str) -> "Place":
        return cls(*json.loads(ref))


async def follow_up(tx: Tx, places: Iterable[Place]) -> None:
    """Has the customers looked through from there on, now."""
    now = await tx.fetchval("SELECT clock()")
    await schedule(tx, FOLLOW_UP, {place.ref: now for place in places})


async def of_incident(tx: Tx, place: Place, at_most: int, *, awaiting: bool) -> tuple[list[Notification], Place | None]:
    """What the next customers have in the ledger of the incident, or only what hangs on it, and from where to go on.

    So many rows at most, of whole customers, as long as no customer alone has more.
    """
    query = queries.next_awaiting if awaiting else queries.next_of_incident
    found = [_notification(row) for row in await tx.fetch(query, place.incident_id, place.after, at_most + 1)]
    if len(found) <= at_most:
        return found, None
    whole = [each for each in found if each.customer_id != found[-1].customer_id] or found
    return whole, Place(place.incident_id, place.revision, whole[-1].customer_id)


async def of_incident_and_customer(tx: Tx, incident_id: str, customer_id: str) -> list[Notification]:
    return [_notification(row) for row in await tx.fetch(queries.of_incident_and_customer, incident_id, customer_id)]


async def true_anew(tx: Tx, notification_ids: Sequence[str]) -> None:
    """What was suppressed because the incident had not been failing lately waits again."""
    rows = await tx.fetch(queries.true_anew, notification_ids)
    await schedule(tx, DELIVERY, {row["id"]: row["now"] for row in rows})


# ── the ledger ───────────────────────────────────────────────────────────────────────────────

# In the order of the query's parameters.
_COLUMNS = (
    *("id", "customer_id", "kind", "incident_id", "ticket_id", "ticket_number", "subject", "body"),
    *("about_at", "first_seen_at", "evidence", "cause_id", "cause_hops"),
)


async def write_down(tx: Tx, drafts: Iterable[Draft]) -> None:
    """Enters what the ledger does not have yet, due now. What it has stays as it is: saying it again changes nothing."""
    new = {draft.id: draft for draft in reversed(list(drafts))}.values()
    if not new:
        return
    rows = await tx.fetch(queries.write_down, *([getattr(draft, column) for draft in new] for column in _COLUMNS))
    await schedule(tx, DELIVERY, {row["id"]: row["now"] for row in rows if row["proactive"]})
    replies = {row["id"]: row["now"] + (TICKET_FIRST if row["wordless"] else timedelta()) for row in rows if not row["proactive"]}
    if replies:
        await tx.execute(queries.leave_lane, DELIVERY, list(replies))
        await schedule(tx, REPLY, replies)


async def hasten(tx: Tx, *, customers: Sequence[str] = (), notifications: Sequence[str] = ()) -> None:
    """Has it decided at once what these customers wait for, and these notifications."""
    of_customers = await tx.fetch(queries.waiting_of_customers, customers) if customers else []
    if waiting := [*notifications, *(row["id"] for row in of_customers)]:
        await tx.execute(queries.hasten, list(LANES), waiting)


@dataclass(frozen=True, slots=True)
class Found:
    """A notification that is due: all that counts, and what the customer got before about the same thing."""

    situation: Situation
    earlier: tuple[str, ...]


async def find(tx: Tx, notification_id: str, per: timedelta) -> Found | None:
    """The notification, locked, and its customer, locked; None when it is settled. `per`: how far back sends count."""
    row = await tx.fetchrow(queries.notification_situation, notification_id)
    if row is None or row["status"] != Status.WAITING:
        return None
    notification = _notification(row)
    known = await customer(tx, notification.customer_id, lock=True)
    before = await tx.fetchrow(
        queries.told_before, notification.customer_id, notification_id, notification.incident_id, notification.ticket_id, per
    )
    assert before is not None  # noqa: S101  an aggregate has one row
    preferences = Preferences(row["wants_incident"], row["wants_guidance"])
    situation = Situation(notification, known, preferences, _incident(row), before["recent"], row["now"])
    return Found(situation, tuple(before["earlier"]))


async def last_proactive(tx: Tx, customer_id: str) -> Notification | None:
    """What this customer got last without asking: whose link was most likely used."""
    row = await tx.fetchrow(queries.last_proactive, customer_id)
    return _notification(row) if row else None


async def begin_sending(tx: Tx, notification_id: str, channel: str, why: dict[str, Any], dated_at: datetime) -> None:
    await tx.execute(queries.begin_sending, notification_id, channel, why, dated_at)


async def put_off(tx: Tx, until: datetime) -> None:
    """Leaves what is due now alone until then."""
    await tx.execute(queries.put_off, list(LANES), until)


async def settle(tx: Tx, notification_id: str, status: Status, attempt: Attempt, *, told: bool) -> None:
    """Delivered or failed. `told`: whether the customer has it, or may have it."""
    reason = attempt.reason or None
    await tx.execute(queries.settle, notification_id, status, reason, told, [_attempt_as_json(attempt)])


async def try_again(tx: Tx, notification_id: str, attempt: Attempt, *, told: bool) -> None:
    await tx.execute(queries.try_again, notification_id, told, [_attempt_as_json(attempt)])


# ── rows and values ──────────────────────────────────────────────────────────────────────────


def _stored(contact: ContactData) -> dict[str, str]:
    return {"channel": contact.channel, "address": trimmed(contact.address), "role": contact.role}


def _as_set(contacts: Iterable[Mapping[str, str]] | None) -> frozenset[tuple[str, ...]] | None:
    """The contacts without their order, which exports do not keep; None for a customer nobody knew."""
    return None if contacts is None else frozenset((each["channel"], each["address"], each["role"]) for each in contacts)


def _customer(row: asyncpg.Record) -> Customer:
    bad = set(row["bad"])
    contacts = tuple(Contact(each["channel"], each["address"], each["role"], each["address"] in bad) for each in row["contacts"])
    return Customer(row["id"], row["name"], row["timezone"], contacts, row["consent"], row["erased_at"] is not None)


def _incident(row: asyncpg.Record) -> Incident | None:
    if not row["incident_known"]:
        return None
    return Incident(
        id=row["incident_id"],
        title=row["title"],
        component=row["component"],
        severity=row["severity"],
        started_at=row["started_at"],
        rule=row["rule"],
        symptom=row["symptom"],
        revision=row["revision"],
        status=IncidentStatus(row["incident_status"]),
        ended_at=row["resolved_at"],
        tell=row["tell"],
        ended_by=row["resolved_by"],
        hops=row["hops"],
        failing_at=row["failing_at"],
        silent_since=row["silent_since"],
        behind=timedelta(seconds=row["behind_seconds"]),
    )


def _notification(row: asyncpg.Record) -> Notification:
    attempts = tuple(
        Attempt(datetime.fromisoformat(each["at"]), each["outcome"], each["reason"], each["detail"]) for each in row["attempts"]
    )
    names = [field.name for field in fields(Notification)]
    return Notification(
        **{**{name: row[name] for name in names}, "attempts": attempts, "kind": Kind(row["kind"]), "status": Status(row["status"])}
    )


def _attempt_as_json(attempt: Attempt) -> dict[str, str]:
    return {"at": attempt.at.isoformat(), "outcome": attempt.outcome, "reason": attempt.reason, "detail": attempt.detail}
