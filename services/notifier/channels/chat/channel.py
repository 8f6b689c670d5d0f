"""The one chat channel: each provider says how a message looks, which addresses are its own and what its answers mean."""

import logging
from collections.abc import Sequence
from datetime import timedelta

import httpx2

from services.notifier.channels.answer import Answer
from services.notifier.channels.chat.provider import Provider
from services.notifier.channels.hosts import Hosts
from services.notifier.channels.outcome import Failed, Outcome, Refusal, Rendered, Retry, Trouble
from services.notifier.channels.pacing import Pace
from services.notifier.channels.posting import AT_ONCE, PATIENCE, WITHIN, Poster, each

# Nobody knows a message that comes twice, so what may have arrived is not tried all day.
LADDER = tuple(timedelta(minutes=each) for each in (0.5, 2, 5, 15, 30, 60, 120))

log = logging.getLogger(__name__)


class Chat:
    """The channel of one provider. It has no memory of messages: none of the providers knows a message that comes twice."""

    at_once = AT_ONCE
    together = 1
    ladder: tuple[timedelta, ...] | None = LADDER
    ttl: timedelta | None = None

    def __init__(
        self,
        provider: Provider,
        more_hosts: Sequence[str] = (),
        transport: httpx2.AsyncBaseTransport | None = None,
        *,
        within: float = WITHIN,
        patience: float = PATIENCE,
    ) -> None:
        """`more_hosts`: beside the provider's own. `within`: seconds for a call. `patience`: seconds that one may wait for its turn."""
        self.name = provider.name
        self._provider = provider
        self._hosts = Hosts(provider.hosts, provider.path), Hosts(more_hosts)
        self._poster = Poster(Pace(provider.every, patience), transport, within)

    def usable(self, address: str) -> bool:
        """Says whether it is an address that this provider gives out."""
        return any(each.allow(address) for each in self._hosts)

    def message_id(self, notification_id: str) -> str:
        return notification_id

    async def send(self, messages: Sequence[Rendered]) -> list[Outcome]:
        """Tries each once, side by side. Raises nothing, unless it is cancelled."""
        return await each(messages, self._send)

    async def _send(self, message: Rendered) -> Outcome:
        if not self.usable(message.address):
            return Failed(Refusal.UNSUPPORTED, f"no address of {self.name}")
        try:
            body = self._provider.body(message)
            url = httpx2.URL(message.address).copy_merge_params(dict(self._provider.parameters))
            request = self._poster.request("POST", str(url), json=body)
        except Exception as error:
            log.exception("no message for %s can be made of %s", self.name, message.id)
            return Retry(None, Trouble.MALFORMED, type(error).__name__)
        answer = await self._poster.call(request, message.address)
        if not isinstance(answer, Answer):
            return answer
        return self._poster.heed(message.address, self._provider.outcome(answer), self._provider.wait(answer))

    async def run(self) -> None:
        """Runs until cancelled, and closes the connections that are open then."""
        await self._poster.run()
