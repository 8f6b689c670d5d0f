"""A message came: about a customer, an incident or a ticket. Writes down who must know what; sending is `timers.py`.

What follows from a fact about an incident for the customers it touches is work of its own, in pieces: `follow_up.py`.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TypeVar

from services.notifier import store
from services.notifier.addresses import contacts_changed
from services.notifier.incident import Said
from services.notifier.notification import Draft, Kind, end_id, told_id
from services.notifier.store import Place
from shared.events import (
    CustomerErased,
    CustomerUpdated,
    Fact,
    IncidentDismissed,
    IncidentImpact,
    IncidentOpened,
    IncidentReopened,
    IncidentResolved,
    IncidentUpdated,
    IncidentWithdrawn,
    TicketReplied,
    identity,
)
from shared.postgres import Tx

CUSTOMER_FACTS = (CustomerUpdated, CustomerErased)
INCIDENT_FACTS = (
    *(IncidentOpened, IncidentUpdated, IncidentReopened, IncidentImpact),
    *(IncidentResolved, IncidentWithdrawn, IncidentDismissed),
)
TICKET_FACTS = (TicketReplied,)

AnyFact = TypeVar("AnyFact", bound=Fact)


async def on_customers(tx: Tx, facts: Sequence[Fact]) -> None:
    """Keeps the directory. What waits for a customer who is new, reached elsewhere now, or erased, is decided at once."""
    erased = {fact.subject: fact for fact in facts if isinstance(fact, CustomerErased)}
    moved: list[str] = []
    for updates in _rounds(fact for fact in facts if isinstance(fact, CustomerUpdated)):
        moved += await store.put_customers(tx, updates)
    await store.erase_customers(tx, erased.values())
    await contacts_changed(tx, moved)
    await store.hasten(tx, customers=[*moved, *erased])


async def on_forgotten(tx: Tx, customer_ids: Sequence[str]) -> None:
    """The product deleted these customers' keys: the directory is as if it had never known them. What is erased stays erased."""
    await store.forget_customers(tx, customer_ids)


async def on_incidents(tx: Tx, facts: Sequence[Fact]) -> None:
    """Everybody in an impact must know. What a fact about an incident changes for its customers is due then."""
    news: dict[str, int] = {}
    for said in _rounds(fact for fact in facts if isinstance(fact, Said)):
        news |= await store.take_incidents(tx, said)
    await store.write_down(tx, (draft for fact in facts if isinstance(fact, IncidentImpact) for draft in _of_impact(fact)))
    await store.follow_up(tx, [Place(incident_id, revision) for incident_id, revision in news.items()])


async def on_tickets(tx: Tx, facts: Sequence[Fact]) -> None:
    """What is said on a ticket goes to its customer."""
    await store.write_down(tx, [_of_reply(fact) for fact in facts if isinstance(fact, TicketReplied)])


def _rounds(facts: Iterable[AnyFact]) -> list[list[AnyFact]]:
    """Cuts facts so that each round has at most one about the same subject: the database compares each with the one before it."""
    rounds: list[list[AnyFact]] = []
    before: Counter[str] = Counter()
    for fact in facts:
        if before[fact.subject] == len(rounds):
            rounds.append([])
        rounds[before[fact.subject]].append(fact)
        before[fact.subject] += 1
    return rounds


def _of_impact(fact: IncidentImpact) -> Iterable[Draft]:
    for affected in fact.data.customers:
        yield Draft(
            id=told_id(fact.data.incident_id, affected.customer_id),
            customer_id=affected.customer_id,
            kind=Kind.OPENED,
            about_at=affected.last_seen_at,
            cause_id=fact.id,
            cause_hops=fact.hops,
            incident_id=fact.data.incident_id,
            first_seen_at=affected.first_seen_at,
            evidence=affected.model_dump(mode="json", exclude={"customer_id"}),
        )


def _of_reply(fact: TicketReplied) -> Draft:
    """An all-clear is one and the same, whether the incident or the ticket brings it; every other reply is its own."""
    said = fact.data
    of_incident = said.kind == "resolved" and said.incident_id is not None
    return Draft(
        id=end_id(said.incident_id, Kind.RESOLVED, said.customer_id)
        if of_incident and said.incident_id
        else identity(said.ticket_id, said.reply_id),
        customer_id=said.customer_id,
        kind=Kind(said.kind),
        about_at=said.replied_at,
        cause_id=fact.id,
        cause_hops=fact.hops,
        incident_id=said.incident_id,
        ticket_id=said.ticket_id,
        ticket_number=said.number,
        subject=said.subject,
        body=said.body,
    )
