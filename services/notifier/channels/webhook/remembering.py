"""Notes what came of a call: the endpoint's health, and the message if it has missed it. Its customer is told when it is disabled."""

import logging
from datetime import timedelta

from services.notifier import metrics
from services.notifier.channels.webhook.endpoint import Disabled, Endpoint
from services.notifier.store import endpoints
from services.notifier.store.endpoints import queries
from shared.erasing import hold
from shared.postgres import TRANSIENT, Database, Tx
from shared.webhooks.calling import Answer, NoAnswer

log = logging.getLogger(__name__)


async def remember(database: Database, endpoint: Endpoint, message_id: str, body: bytes, said: Answer | NoAnswer | timedelta) -> None:
    """Notes it. A database that is away costs a count, and never the outcome of the call."""
    try:
        async with database.transaction() as tx:
            await hold(tx)  # nothing of a customer is kept who is erased meanwhile
            disabled = await _remember(tx, endpoint, message_id, body, said)
    except TRANSIENT as error:
        log.warning("what came of a call of endpoint %s is not noted: %s", endpoint.id, error)
        return
    if disabled is not None:
        metrics.ENDPOINTS_DISABLED.labels(disabled).inc()
        log.warning("endpoint %s is disabled: %s", endpoint.id, disabled)


async def _remember(tx: Tx, endpoint: Endpoint, message_id: str, body: bytes, said: Answer | NoAnswer | timedelta) -> Disabled | None:
    match said:
        case Answer() if said.taken:
            await tx.execute(queries.taken, endpoint.id, message_id)
            return None
        case Answer(status):
            disabled = await endpoints.not_taken(tx, endpoint.id, status, str(status))
        case NoAnswer(why):
            disabled = await endpoints.not_taken(tx, endpoint.id, None, why)
        case timedelta():
            disabled = None
    await tx.execute(queries.miss, endpoint.id, message_id, body.decode())
    return disabled
