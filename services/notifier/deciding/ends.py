"""Customers who were told of an incident are owed its end; this says who, which end, and on which ticket. Pure."""

from collections.abc import Iterable, Iterator
from itertools import groupby

from services.notifier.incident import Incident
from services.notifier.notification import ENDS, TELLING, Draft, Kind, Notification, Status, end_id


def owed_ends(incident: Incident, ledger: Iterable[Notification]) -> Iterator[Draft]:
    """The end of the incident for each customer who was told of it; none while it is open, or when nobody is to hear of it.

    `ledger` is what customers were told of this incident, one customer after the other.
    """
    if incident.over and incident.tell:
        for _, theirs in groupby(ledger, key=lambda each: each.customer_id):
            yield from _owed(incident, list(theirs))


def _owed(incident: Incident, theirs: list[Notification]) -> Iterator[Draft]:
    """Where a ticket told them, the end goes there. Who was told since of another end is owed none."""
    kind = Kind(incident.status.value)
    others = [each.sent_at for each in theirs if each.kind in ENDS and each.kind is not kind and each.sent_at]
    told = [each for each in theirs if _told(each, incident) and not any(each.sent_at and at >= each.sent_at for at in others)]
    if told and incident.ended_at:
        by = min(told, key=lambda each: (each.ticket_id is None, each.ticket_id or ""))
        yield Draft(
            id=end_id(incident.id, kind, by.customer_id),
            customer_id=by.customer_id,
            kind=kind,
            about_at=incident.ended_at,
            cause_id=incident.ended_by,
            cause_hops=incident.hops,
            incident_id=incident.id,
            ticket_id=by.ticket_id,
            ticket_number=by.ticket_number,
        )


def _told(each: Notification, incident: Incident) -> bool:
    """An answer given after the end has said already that it is over; what is on its way is judged when it has come to something."""
    if each.kind not in TELLING or each.sent_at is None or each.status is Status.WAITING or incident.ended_at is None:
        return False
    return each.kind is Kind.OPENED or each.about_at < incident.ended_at
