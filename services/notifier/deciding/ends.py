"""Customers who were told of an incident are owed its end; this says who, which end, and on which ticket. Pure."""

from collections.abc import Iterable, Iterator
from itertools import groupby

from services.notifier.incident import Incident
from services.notifier.notification import ENDS, TELLING, Draft, Kind, Notification, Status, TicketRef, Tickets, end_id


def owed_ends(incident: Incident, ledger: Iterable[Notification], tickets: Tickets) -> Iterator[Draft]:
    """Yields the end of the incident for each customer who was told of it; none while it is open, or when nobody is to hear of it.

    `ledger` is what customers were told of this incident, one customer after the other.
    """
    if incident.over and incident.tell:
        for customer_id, theirs in groupby(ledger, key=lambda each: each.customer_id):
            yield from _owed(incident, customer_id, list(theirs), tickets)


def _owed(incident: Incident, customer_id: str, theirs: list[Notification], tickets: Tickets) -> Iterator[Draft]:
    """Yields the end that is owed to one customer, on the ticket that told them, else on one that is about it, else on none.

    A ticket that told them and that an agent found not to be about it counts as none. A customer who was told of another end
    since then is owed none.
    """
    kind = Kind(incident.status.value)
    others = [each.sent_at for each in theirs if each.kind in ENDS and each.kind is not kind and each.sent_at]
    told = [each for each in theirs if _told(each, incident) and not any(each.sent_at and at >= each.sent_at for at in others)]
    if told and incident.ended_at:
        answered = [TicketRef(each.ticket_id, each.ticket_number) for each in told if each.ticket_id and each.ticket_number]
        still = [ref for ref in answered if ref.id not in tickets.not_about]
        ticket = min(still, key=lambda ref: ref.id, default=tickets.about.get(customer_id))
        yield Draft(
            id=end_id(incident.id, kind, customer_id),
            customer_id=customer_id,
            kind=kind,
            about_at=incident.ended_at,
            cause_id=incident.ended_by,
            cause_hops=incident.hops,
            incident_id=incident.id,
            ticket_id=ticket.id if ticket else None,
            ticket_number=ticket.number if ticket else None,
        )


def _told(each: Notification, incident: Incident) -> bool:
    """Says whether this notification told them of the trouble, and it is theirs still: no person has taken them out of it.

    An answer given after the end has said already that it is over; one on its way is judged once it has an outcome.
    """
    if each.kind not in TELLING or each.removed or each.sent_at is None or each.status is Status.WAITING or incident.ended_at is None:
        return False
    return each.kind is Kind.OPENED or each.about_at < incident.ended_at
