"""The channel calls a customer's endpoint, once for each try, and keeps what it did not take."""

import asyncio
import logging
from collections.abc import Sequence
from datetime import timedelta

from services.notifier.channels.outcome import Failed, Outcome, Refusal, Rendered, Retry, Trouble
from services.notifier.channels.webhook.caller import Caller
from services.notifier.channels.webhook.endpoint import url_trouble
from services.notifier.channels.webhook.payload import body_of
from services.notifier.channels.webhook.remembering import remember
from services.notifier.channels.webhook.retrying import TTL, outcome_of
from services.notifier.store import endpoints
from services.notifier.store.endpoints import Addressed
from shared.postgres import TRANSIENT, Database
from shared.webhooks.retrying import PAUSES, SPREAD

log = logging.getLogger(__name__)

AT_ONCE = 64


class Webhook:
    """The channel `webhook`."""

    name = endpoints.CHANNEL
    at_once = AT_ONCE
    together = 1
    ladder: tuple[timedelta, ...] | None = PAUSES
    ttl: timedelta | None = (1 + SPREAD) * TTL

    def __init__(self, database: Database, caller: Caller) -> None:
        self._database, self._caller = database, caller

    def message_id(self, notification_id: str) -> str:
        """Returns the webhook-id, by which the receiver knows a repetition."""
        return notification_id

    async def send(self, messages: Sequence[Rendered]) -> list[Outcome]:
        """Tries each once, side by side. Raises nothing, unless it is cancelled."""
        return await asyncio.gather(*(self._send_alone(message) for message in messages))

    async def _send_alone(self, message: Rendered) -> Outcome:
        try:
            async with self._database.connection() as connection:
                to = await endpoints.of_message(connection, message.id, message.address)
        except TRANSIENT as error:
            return Retry(None, Trouble.UNREACHABLE, type(error).__name__)
        if to is None:
            return Failed(Refusal.UNSUPPORTED, "not registered")
        if to.endpoint.disabled_at is not None or url_trouble(to.endpoint.url, clear=self._caller.clear):
            return Failed(Refusal.UNSUPPORTED, "disabled")
        try:
            body = body_of(message, to.endpoint.customer_id, to.incident)
        except Exception as error:
            log.exception("no webhook can be made of %s", message.id)
            return Retry(None, Trouble.MALFORMED, type(error).__name__)
        try:
            return await self._call(message, to, body)
        except Exception as error:
            log.exception("a try to send %s raised; the customer may have it", message.id)
            return Retry(None, Trouble.UNKNOWN, type(error).__name__)

    async def _call(self, message: Rendered, to: Addressed, body: bytes) -> Outcome:
        id_ = self.message_id(message.id)
        said = await self._caller.call(to.endpoint, id_, body, to.now)
        await remember(self._database, to.endpoint, id_, body, said)
        return Retry(said, Trouble.PAUSED, "circuit open") if isinstance(said, timedelta) else outcome_of(said, message.id, to.now)

    async def run(self) -> None:
        """Runs until cancelled, as what returns ends the service: its connections are the caller's, whose they stay."""
        await asyncio.Event().wait()


def build(*, database: Database, caller: Caller) -> Webhook | None:
    """Returns the channel; None when no secret is set, and so no endpoint can be registered."""
    return Webhook(database, caller) if caller.master else None
