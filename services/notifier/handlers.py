"""A message came: about a customer, an incident or a ticket. Writes down who must know what; sending is `timers.py`."""

from collections.abc import Iterable, Sequence

from services.notifier import store
from services.notifier.addresses import contacts_changed
from services.notifier.notification import Draft, Kind, all_clear_id, told_id
from shared.events import (
    CustomerErased,
    CustomerUpdated,
    Fact,
    IncidentImpact,
    IncidentOpened,
    IncidentReopened,
    IncidentResolved,
    IncidentUpdated,
    TicketReplied,
    identity,
)
from shared.postgres import Tx

CUSTOMER_FACTS = (CustomerUpdated, CustomerErased)
INCIDENT_FACTS = (IncidentOpened, IncidentUpdated, IncidentResolved, IncidentReopened, IncidentImpact)
TICKET_FACTS = (TicketReplied,)


async def on_customers(tx: Tx, facts: Sequence[Fact]) -> None:
    """Keeps the directory. What waits for a customer who is new, reached elsewhere now, or erased, is decided at once."""
    updated: dict[str, CustomerUpdated] = {}
    for fact in facts:
        if isinstance(fact, CustomerUpdated) and (fact.subject not in updated or updated[fact.subject].time <= fact.time):
            updated[fact.subject] = fact
    erased = {fact.subject: fact for fact in facts if isinstance(fact, CustomerErased)}
    moved = await store.put_customers(tx, updated.values())
    await store.erase_customers(tx, erased.values())
    await contacts_changed(tx, moved)
    await store.hasten(tx, customers=[*moved, *erased])


async def on_forgotten(tx: Tx, customer_ids: Sequence[str]) -> None:
    """The product deleted these customers' keys: the directory is as if it had never known them. What is erased stays erased."""
    await store.forget_customers(tx, customer_ids)


async def on_incidents(tx: Tx, facts: Sequence[Fact]) -> None:
    """Everybody in an impact must know; when the incident is over, everybody who was told must know that too."""
    told = [fact for fact in facts if isinstance(fact, IncidentOpened | IncidentUpdated | IncidentResolved | IncidentReopened)]
    turns = {fact.data.incident_id: fact for fact in told if isinstance(fact, IncidentResolved | IncidentReopened)}
    resolved = [incident_id for incident_id, fact in turns.items() if isinstance(fact, IncidentResolved)]
    await store.put_incidents(tx, {fact.data.incident_id: fact.data for fact in told}.values())
    await store.write_down(tx, (draft for fact in facts if isinstance(fact, IncidentImpact) for draft in _of_impact(fact)))
    await store.turn_incidents(tx, turns.values())
    await store.write_down(tx, await store.owed_all_clears(tx, resolved))
    await store.hasten(tx, incidents=resolved)


async def on_tickets(tx: Tx, facts: Sequence[Fact]) -> None:
    """What is said on a ticket goes to its customer."""
    await store.write_down(tx, [_of_reply(fact) for fact in facts if isinstance(fact, TicketReplied)])


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
        id=all_clear_id(said.incident_id, said.customer_id)
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
