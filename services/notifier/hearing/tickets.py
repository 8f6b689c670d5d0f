"""`tickets.v1`: what is said on a ticket goes to its customer, and the end of its incident is told there.

Ticketing says that a ticket is resolved because its incident is over; the words of that are ours.
"""

from collections.abc import Iterable, Sequence
from typing import TypeGuard

from services.notifier.hearing.erased import unless_erased
from services.notifier.notification import Draft, Kind, end_id
from services.notifier.store import experiments, ledger, ticket_links
from shared.events import Fact, TicketLinked, TicketOpened, TicketReplied, TicketResolved, TicketUnlinked, identity
from shared.postgres import Tx

FACTS = (TicketOpened, TicketReplied, TicketLinked, TicketUnlinked, TicketResolved)
LINKS = (TicketLinked, TicketUnlinked, TicketResolved)


async def on_tickets(tx: Tx, facts: Sequence[Fact]) -> None:
    """Writes down what the tickets' customers must know, which incident a ticket is about, and who of an experiment wrote in."""
    heard = [fact for fact in facts if isinstance(fact, FACTS)]
    kept = await unless_erased(tx, [(fact.data.customer_id, fact.time, fact) for fact in heard])
    await ticket_links.save_links(tx, [fact for fact in kept if isinstance(fact, LINKS) and _says_what_it_is_about(fact)])
    await experiments.write_in(tx, [(fact.data.customer_id, fact.data.opened_at) for fact in kept if _asks(fact)])
    await ledger.write_down(tx, [draft for fact in kept for draft in _drafts_of(fact)])


def _asks(fact: Fact) -> TypeGuard[TicketOpened]:
    """Says whether a customer wrote; a case that is opened for a customer at risk is none."""
    return isinstance(fact, TicketOpened) and fact.data.risk is None


def _says_what_it_is_about(fact: TicketLinked | TicketUnlinked | TicketResolved) -> bool:
    """Leaves out what ticketing undoes by itself: a withdrawn or dismissed incident frees its tickets, and its end is told there."""
    return not (isinstance(fact, TicketUnlinked) and fact.data.actor == "forewarn")


def _drafts_of(fact: Fact) -> Iterable[Draft]:
    """Yields what the customer must know. An end has the same id whoever says it, so nobody hears two.

    Older versions of ticketing gave the all-clear as a reply.
    """
    match fact:
        case TicketReplied(data=said) if said.kind == "resolved" and said.incident_id is not None:
            yield _all_clear(fact, said.incident_id)
        case TicketReplied():
            yield _reply(fact)
        case TicketResolved(data=done) if done.tell and done.incident_id is not None:
            yield _all_clear(fact, done.incident_id)


def _all_clear(fact: TicketReplied | TicketResolved, incident_id: str) -> Draft:
    said = fact.data
    return Draft(
        id=end_id(incident_id, Kind.RESOLVED, said.customer_id),
        customer_id=said.customer_id,
        kind=Kind.RESOLVED,
        about_at=said.replied_at if isinstance(said, TicketReplied.Data) else said.resolved_at,
        cause_id=fact.id,
        cause_hops=fact.hops,
        incident_id=incident_id,
        ticket_id=said.ticket_id,
        ticket_number=said.number,
    )


def _reply(fact: TicketReplied) -> Draft:
    said = fact.data
    return Draft(
        id=identity(said.ticket_id, said.reply_id),
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
