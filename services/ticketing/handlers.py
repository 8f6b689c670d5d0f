"""A message came: requests become tickets, incidents are kept with whom they touch, notifications say who knew."""

import asyncio
from collections.abc import Sequence
from datetime import datetime

from services.ticketing import change, linking, sla, store
from services.ticketing.change import Change, Request
from services.ticketing.facts import Cause
from services.ticketing.incident import IncidentSaid, news
from services.ticketing.support import Policy
from services.ticketing.ticket import Status, Ticket
from shared.events import Fact, IncidentImpact, NotificationDelivered, SupportRequested, identity
from shared.postgres import Tx
from shared.timers import schedule

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
        cause=Cause.of(fact),
    )


def reference(said: str | None) -> str | None:
    """A ticket's id or number as people write it: `#1042` is 1042."""
    return (said or "").strip().removeprefix("#") or None


async def take(policy: Policy, tx: Tx, requests: Sequence[Request]) -> None:
    """Takes requests in their order; what was taken before is taken no second time."""
    now = await store.now(tx)
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
    since = min((request.written_at for request in new), default=now) - policy.support.linking.after_end
    candidates = await store.candidates(tx, {request.ticket_id: request.customer_id for request in new}, since)
    changes: list[Change] = []
    now_is: dict[str, Ticket] = {}
    for request in requests:
        if before := _continued(request, known):
            changes.append(change.unless_refused(change.wrote(now_is.get(before.id, before), request, now)))
        else:
            opened = _opened(policy, request, next(numbers), now)
            found = linking.decide(policy, opened.ticket, request.body, candidates.get(request.ticket_id, ()), now, request.cause)
            changes += [opened, found] if found else [opened]
            await asyncio.sleep(0)  # reading one message takes up to 20 ms: others get their turn
        now_is[changes[-1].ticket.id] = changes[-1].ticket
    await store.apply(tx, changes)
    await store.look_again(tx, (each.ticket for each in changes if each.what is not change.What.WROTE), now)


def _opened(policy: Policy, request: Request, number: int, now: datetime) -> Change:
    promised = policy.support.first_response
    clock = sla.start(request.written_at, now, promised.targets[request.priority], promised.warn_at)
    return change.opened(request, number, clock, now)


# ── incidents.v1 ─────────────────────────────────────────────────────────────────────────────


async def on_incidents(tx: Tx, facts: Sequence[Fact]) -> None:
    """Keeps incidents and whom they touch. What follows for tickets is due work, in pieces, when this is committed.

    Said again, a fact changes nothing: an incident keeps the highest revision, and impact only grows.
    """
    now = await store.now(tx)
    for fact in facts:
        if isinstance(fact, IncidentImpact):
            await store.save_impact(tx, fact, now)
        elif isinstance(fact, IncidentSaid):
            await _on_incident(tx, fact, now)


async def _on_incident(tx: Tx, fact: IncidentSaid, now: datetime) -> None:
    known = await store.incident(tx, fact.data.incident_id)
    incident = news(known, fact)
    if incident is None:
        return
    await store.save_incident(tx, incident, fact)
    if known is None:
        await store.match_impact_of(tx, incident.id, now)
    if incident.end is not None and incident.end != (known.end if known else None):
        await schedule(tx, store.END, {incident.id: now})


# ── notifications.v1 ─────────────────────────────────────────────────────────────────────────


async def on_notifications(tx: Tx, facts: Sequence[Fact]) -> None:
    """Who was told of an incident, and when: what coverage and lead time are computed from."""
    told = [fact.data for fact in facts if isinstance(fact, NotificationDelivered) and fact.data.kind == "opened"]
    await store.save_told(tx, [(data.incident_id, data.customer_id, data.delivered_at) for data in told if data.incident_id])
