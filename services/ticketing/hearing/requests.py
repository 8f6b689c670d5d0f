"""`support.requests.v1`: a customer's request becomes a ticket, or continues the one it replies to."""

from collections.abc import Sequence

from services.ticketing import metrics
from services.ticketing.change import Cause, Request
from services.ticketing.hearing.customers import erasures_of
from services.ticketing.support import Configuration
from services.ticketing.taking import take
from services.ticketing.ticket import reference
from shared.events import Fact, SupportRequested, identity
from shared.postgres import Tx


async def on_requests(config: Configuration, tx: Tx, facts: Sequence[Fact]) -> None:
    """Each request becomes a ticket, or continues the one it replies to. One older than its customer's erasure is left out."""
    requests = [fact for fact in facts if isinstance(fact, SupportRequested)]
    erased = await erasures_of(tx, [fact.subject for fact in requests])
    current = [fact for fact in requests if fact.subject not in erased or fact.time > erased[fact.subject]]
    metrics.ERASED_REQUESTS.inc(len(requests) - len(current))
    await take(config, tx, [_request(config, fact) for fact in current])


def _request(config: Configuration, fact: SupportRequested) -> Request:
    data = fact.data
    return Request(
        message_id=identity("message", fact.source, fact.id),
        ticket_id=identity("ticket", fact.source, fact.id),
        customer_id=fact.subject,
        channel=data.channel,
        subject=data.subject,
        body=data.body,
        component=config.catalog.component(data.component),
        priority="normal",
        in_reply_to=reference(data.in_reply_to),
        written_at=fact.time,
        cause=Cause.of(fact),
    )
