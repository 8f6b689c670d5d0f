"""Sends again what an endpoint has missed, with the same webhook-id, when an operator asks for it."""

import json
from dataclasses import dataclass

from services.notifier.channels.webhook.caller import Caller
from services.notifier.channels.webhook.endpoint import Endpoint, url_trouble
from services.notifier.channels.webhook.remembering import remember
from services.notifier.channels.webhook.retrying import pause
from services.notifier.store.endpoints import endpoint_in, queries
from shared.postgres import Database, Tx
from shared.timers import Due
from shared.webhooks.calling import Answer

AT_ONCE = 8


@dataclass(frozen=True)
class Replaying:
    """Sends one message again (it is work for `shared/timers.py`), as often and with such pauses as at first."""

    database: Database
    caller: Caller

    async def __call__(self, due: Due) -> None:
        endpoint_id, message_id = json.loads(due.ref)
        async with self.database.transaction() as tx:
            found = await _missed(tx, endpoint_id, message_id)
            if found is None or url_trouble(found[0].url, clear=self.caller.clear):
                await due.settle(tx)
                return
        endpoint, body = found
        said = await self.caller.call(endpoint, message_id, body, due.now)
        await remember(self.database, endpoint, message_id, body, said)
        again = None if isinstance(said, Answer) and said.taken else pause(due.attempts, message_id)
        async with self.database.transaction() as tx:
            if again is None:
                await due.settle(tx)
            else:
                await due.again(tx, due.now + again)


async def _missed(tx: Tx, endpoint_id: str, message_id: str) -> tuple[Endpoint, bytes] | None:
    """Returns what is sent and where; None when it was taken, deleted or erased meanwhile, or the endpoint is disabled."""
    row = await tx.fetchrow(queries.endpoint, endpoint_id)
    body = await tx.fetchval(queries.missed, endpoint_id, message_id)
    return (endpoint_in(row), body.encode()) if row and body is not None and row["disabled_at"] is None else None
