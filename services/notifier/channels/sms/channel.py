"""The channel `sms`: the text is written, counted and handed over once; a text that may have arrived is looked for before it goes again."""

import logging
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

import httpx2

from services.notifier import metrics
from services.notifier.channels.answer import Answer
from services.notifier.channels.outcome import Delivered, Failed, Outcome, Refusal, Rendered, Retry, Trouble
from services.notifier.channels.pacing import Pace
from services.notifier.channels.posting import AT_ONCE, PATIENCE, WITHIN, Poster, each
from services.notifier.channels.sms.provider import Call, Provider
from services.notifier.channels.sms.text import is_number, segments, text_of

log = logging.getLogger(__name__)

EARLIER = timedelta(seconds=20)  # a first try is never so long ago: an unknown outcome is settled, and a lost lease ends, later
PROVIDER = "provider"  # the one destination


def clock() -> datetime:
    return datetime.now(UTC)  # noqa: TID251  the edge


class Sms:
    """The channel of one provider."""

    name = "sms"
    at_once = AT_ONCE
    together = 1
    ttl: timedelta | None = None

    def __init__(
        self,
        provider: Provider,
        transport: httpx2.AsyncBaseTransport | None = None,
        within: float = WITHIN,
        now: Callable[[], datetime] = clock,
    ) -> None:
        """`within`: seconds for a call. `now`: the clock by which messages are dated."""
        self._provider, self._now = provider, now
        self.ladder: tuple[timedelta, ...] | None = provider.ladder
        self._poster = Poster(Pace(1 / provider.per_second, PATIENCE), transport, within)

    def usable(self, address: str) -> bool:
        """Says whether it is a telephone number in international form."""
        return is_number(address)

    def message_id(self, notification_id: str) -> str:
        return notification_id

    async def send(self, messages: Sequence[Rendered]) -> list[Outcome]:
        """Tries each once, side by side. Raises nothing, unless it is cancelled."""
        return await each(messages, self._send)

    async def _send(self, message: Rendered) -> Outcome:
        if not self.usable(message.address):
            return Failed(Refusal.UNSUPPORTED, "not a number")
        text = text_of(message)
        if not text:
            return Retry(None, Trouble.MALFORMED, "no text")
        return await self._before(message, text) or await self._hand_over(message, text)

    async def _before(self, message: Rendered, text: str) -> Outcome | None:
        """Returns what became of an earlier try, if there may have been one that arrived."""
        asked = self._provider.look_up(message) if self._now() - message.date > EARLIER else None
        if asked is None:
            return None
        answer = await self._call(asked)
        if isinstance(answer, Answer):
            return self._provider.found(answer, message, text)
        return Retry(answer.after, Trouble.UNREACHABLE, "look-up") if isinstance(answer, Retry) else answer

    async def _hand_over(self, message: Rendered, text: str) -> Outcome:
        answer = await self._call(self._provider.call(message, text))
        outcome = self._provider.outcome(answer, message) if isinstance(answer, Answer) else answer
        if isinstance(outcome, Delivered) or (isinstance(outcome, Retry) and outcome.uncertain):
            sent = segments(text)
            metrics.SMS_SEGMENTS.labels(sent.alphabet).inc(sent.count)
        return self._poster.heed(PROVIDER, outcome) if isinstance(outcome, Retry) and outcome.reason is Trouble.DEFERRED else outcome

    async def _call(self, call: Call) -> Answer | Retry | Failed:
        try:
            request = self._poster.request(call.method, call.url, **call.said)
        except (httpx2.InvalidURL, ValueError, TypeError) as error:
            log.error("no call can be made of what notifications.yml says: %s", type(error).__name__)
            return Retry(None, Trouble.MALFORMED, type(error).__name__)
        return await self._poster.call(request, PROVIDER, httpx2.BasicAuth(*call.login) if call.login else None)

    async def run(self) -> None:
        """Runs until cancelled, and closes the connections that are open then."""
        await self._poster.run()
