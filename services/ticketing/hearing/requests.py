"""`support.requests.v1`: a customer's request becomes a ticket, or continues the one it replies to."""

from collections.abc import Sequence

from services.ticketing.change import Cause, Request
from services.ticketing.support import Configuration
from services.ticketing.taking import take
from services.ticketing.ticket import reference
from shared.events import Fact, SupportRequested, identity
from shared.postgres import Tx


async def on_requests(config: Configuration, tx: Tx, facts: Sequence[Fact]) -> None:
    """Each request becomes a ticket, or continues the one it replies to."""
    await take(config, tx, [_request(config, fact) for fact in facts if isinstance(fact, SupportRequested)])


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
