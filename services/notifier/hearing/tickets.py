"""A fact about a ticket came: what is said on the ticket goes to its customer."""

from collections.abc import Sequence

from services.notifier.notification import Draft, Kind, end_id
from services.notifier.store import ledger
from shared.events import Fact, TicketReplied, identity
from shared.postgres import Tx

FACTS = (TicketReplied,)


async def on_tickets(tx: Tx, facts: Sequence[Fact]) -> None:
    """Writes down what is said on tickets as notifications to their customers."""
    await ledger.write_down(tx, [_of_reply(fact) for fact in facts if isinstance(fact, TicketReplied)])


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
