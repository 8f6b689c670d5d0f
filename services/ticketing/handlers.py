"""A message came: requests become tickets, incidents answer and end them, notifications say who knew."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from services.ticketing import change, sla, store
from services.ticketing.change import Cause, Change, Request
from services.ticketing.matching import Incident, Match, match
from services.ticketing.support import Policy
from services.ticketing.ticket import Status, Ticket
from shared.events import (
    Fact,
    IncidentImpact,
    IncidentOpened,
    IncidentReopened,
    IncidentResolved,
    IncidentUpdated,
    NotificationDelivered,
    SupportRequested,
    identity,
)
from shared.postgres import Tx
from shared.timers import schedule

SETTLED_AFTER = timedelta(seconds=10)  # after an incident's end what other topics said of it until then is in

IncidentSaid = IncidentOpened | IncidentUpdated | IncidentResolved | IncidentReopened
Known = dict[tuple[str, str], Ticket]  # (customer, what they call it) → a ticket of theirs


# ── support.requests.v1, and POST /v1/tickets ────────────────────────────────────────────────


async def on_requests(policy: Policy, tx: Tx, facts: Sequence[Fact]) -> None:
    """Each request becomes a ticket, or continues the one it replies to."""
    await take(policy, tx, [_request(policy, fact) for fact in facts if isinstance(fact, SupportRequested)])


def _request(policy: Policy, fact: SupportRequested) -> Request:
    data = fact.data
    return Request(
        message_id=identity("message", fact.source, fact.id),
        ticket_id=identity("ticket", fact.source, fact.id),
        customer_id=fact.subject,
        channel=data.channel,
        subject=data.subject,
        body=data.body,
        component=policy.catalog.component(data.component),
        priority="normal",
        in_reply_to=reference(data.in_reply_to),
        written_at=fact.time,
        cause=fact,
    )


def reference(said: str | None) -> str | None:
    """A ticket's id or number as people write it: `#1042` is 1042."""
    return (said or "").strip().removeprefix("#") or None


async def take(policy: Policy, tx: Tx, requests: Sequence[Request]) -> None:
    """Takes requests in their order; what was taken before is taken no second time."""
    now = await store.beside_requests(tx)
    left = await store.unknown(tx, requests)
    while left:
        known = await store.continued(tx, left)
        sure = _sure(left, known)
        await _take(policy, tx, left[:sure], known, now)
        left = left[sure:]


def _sure(requests: Sequence[Request], known: Known) -> int:
    """How many can be taken at once: one may call a ticket by its name that an earlier one of them has yet to make."""
    making: set[str] = set()
    for at, request in enumerate(requests):
        if _continued(request, known) is None:
            if request.in_reply_to and request.customer_id in making:
                return at
            making.add(request.customer_id)
    return len(requests)


def _continued(request: Request, known: Known) -> Ticket | None:
    """The ticket a request continues; a closed record is final, so what replies to it is a new ticket."""
    ticket = known.get((request.customer_id, request.in_reply_to or ""))
    return ticket if ticket and ticket.status is not Status.CLOSED else None


async def _take(policy: Policy, tx: Tx, requests: Sequence[Request], known: Known, now: datetime) -> None:
    new = [request for request in requests if _continued(request, known) is None]
    numbers = iter(await store.numbers(tx, len(new)))
    linking = policy.support.linking
    since = min((request.written_at for request in new), default=now) - linking.after_end
    evidence = await store.evidence_of(tx, {request.customer_id for request in new}, since) if new else {}
    changes: list[Change] = []
    now_is: dict[str, Ticket] = {}
    for request in requests:
        if before := _continued(request, known):
            changes.append(change.unless_refused(change.wrote(now_is.get(before.id, before), request, now)))
        else:
            changes.append(_opened(policy, request, next(numbers), now))
            if found := match(changes[-1].ticket, evidence.get(request.customer_id, ()), linking.windows):
                changes.append(_linked(policy, changes[-1].ticket, found, now, request.cause))
        now_is[changes[-1].ticket.id] = changes[-1].ticket
    await store.apply(tx, changes)


def _opened(policy: Policy, request: Request, number: int, now: datetime) -> Change:
    promised = policy.support.first_response
    clock = sla.start(request.written_at, now, promised.targets[request.priority], promised.warn_at)
    return change.opened(request, number, clock, now)


def _linked(policy: Policy, ticket: Ticket, found: Match, now: datetime, cause: Cause) -> Change:
    answer = policy.answer(ticket, found.incident) if policy.worth_answering(ticket, now) else None
    return change.linked(ticket, found, answer, now, cause)


# ── incidents.v1 ─────────────────────────────────────────────────────────────────────────────


async def on_incidents(policy: Policy, tx: Tx, facts: Sequence[Fact]) -> None:
    """An incident's customers are answered, whichever came first, their ticket or its impact; at its end their tickets end.

    A reopened incident leaves resolved tickets alone: a customer who meets it again writes again.
    """
    now = await store.alone(tx)
    for fact in await store.unheard(tx, facts, now):
        match fact:
            case IncidentImpact(data=data):
                customers = await store.save_impact(tx, data.incident_id, data.customers)
                if incident := await store.incident(tx, data.incident_id):
                    await _link_affected(policy, tx, incident, customers, now, fact)
            case IncidentOpened() | IncidentUpdated() | IncidentResolved() | IncidentReopened():
                await _on_incident(policy, tx, fact, now)


async def _on_incident(policy: Policy, tx: Tx, fact: IncidentSaid, now: datetime) -> None:
    before = await store.incident(tx, fact.data.incident_id)
    incident = await store.save_incident(tx, fact.data, _resolved_at(fact, before))
    if before is None:
        await _link_affected(policy, tx, incident, None, now, fact)
    elif before.resolved_at is None and incident.resolved_at is not None:
        await _end(policy, tx, incident, now, fact)


def _resolved_at(fact: IncidentSaid, before: Incident | None) -> datetime | None:
    """The incident's end as of this fact; most facts leave it as it was."""
    match fact:
        case IncidentResolved(data=data):
            return data.resolved_at
        case IncidentReopened():
            return None
        case _:
            return before.resolved_at if before else None


async def _link_affected(policy: Policy, tx: Tx, incident: Incident, customers: list[str] | None, now: datetime, cause: Fact) -> None:
    """Customers who wrote before we knew that they are affected: the same link and answer as if they had written after."""
    windows = policy.support.linking.windows
    waiting = await store.unlinked_of_affected(tx, incident.id, customers, incident.started_at - windows.before)
    matches = [(ticket, match(ticket, [(incident, evidence)], windows)) for ticket, evidence in waiting]
    await store.apply(tx, [_linked(policy, ticket, found, now, cause) for ticket, found in matches if found])


async def _end(policy: Policy, tx: Tx, incident: Incident, now: datetime, cause: Fact) -> None:
    changes = []
    for ticket, was_told in await store.unresolved_of(tx, incident.id):
        letter = policy.all_clear(ticket, incident) if was_told or policy.recent(ticket, now) else None
        changes.append(change.ended(ticket, incident, letter, now, cause))
    await store.apply(tx, changes)
    await schedule(tx, store.MEASURE, {incident.id: now + SETTLED_AFTER})


# ── notifications.v1 ─────────────────────────────────────────────────────────────────────────


async def on_notifications(tx: Tx, facts: Sequence[Fact]) -> None:
    """Who was told of an incident, and when: what coverage and lead time are computed from."""
    told = [fact.data for fact in facts if isinstance(fact, NotificationDelivered) and fact.data.kind == "opened"]
    await store.save_told(tx, [(data.incident_id, data.customer_id, data.delivered_at) for data in told if data.incident_id])
