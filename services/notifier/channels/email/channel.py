"""The channel hands mails to SMTP servers, each once, and says what became of each. `mail.py` composes them."""

import asyncio
import logging
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

from services.notifier.audience import is_address
from services.notifier.channels.email.carrying import carry
from services.notifier.channels.email.connections import AT_ONCE
from services.notifier.channels.email.mail import Sender, compose, message_id
from services.notifier.channels.email.pipelining import Limits, Mail, ready
from services.notifier.channels.email.relays import Outlet, Outlets, may_go_elsewhere, of_both
from services.notifier.channels.email.verp import ReturnPaths
from services.notifier.channels.outcome import Failed, Outcome, Refusal, Rendered, Retry, Trouble

log = logging.getLogger(__name__)

Sign = Callable[[bytes], bytes]


class Email:
    """The channel `email`."""

    name = "email"
    together = 20  # messages that share a connection
    ladder: tuple[timedelta, ...] | None = None
    ttl: timedelta | None = None

    def __init__(
        self,
        outlets: Sequence[Outlet],
        sender: Sender,
        limits: Limits = Limits(),  # noqa: B008  it is frozen
        sign: Sign | None = None,
        paths: ReturnPaths | None = None,
        clock: Callable[[], datetime] = lambda: datetime.fromtimestamp(time.monotonic(), UTC),
    ) -> None:
        """`sign`: returns a mail with its signature; it runs in a thread. `paths`: makes return paths; None: mails return to the sender.

        `clock`: any that runs evenly.
        """
        self._outlets, self._sender, self._limits = Outlets(outlets, clock), sender, limits
        self._sign, self._paths = sign, paths
        self.at_once = AT_ONCE * len(outlets)

    def message_id(self, notification_id: str) -> str:
        return message_id(notification_id, self._sender)

    async def run(self) -> None:
        """Closes connections that nobody uses, until cancelled; then all of those."""
        await asyncio.gather(*(outlet.connections.run() for outlet in self._outlets))

    async def send(self, messages: Sequence[Rendered]) -> list[Outcome]:
        """Tries each once, all of one relay over one connection. Raises nothing, unless it is cancelled."""
        made = await self._made(messages)
        outcomes = await self._bring([each for each in made if isinstance(each, Mail)], frozenset())
        return [outcomes[each] if isinstance(each, Mail) else each for each in made]

    # ── mails ────────────────────────────────────────────────────────────────────────────────

    async def _made(self, messages: Sequence[Rendered]) -> list[Mail | Outcome]:
        """Returns the mails before any server is asked, or why there is none."""
        if self._sign is None:
            return [self._mail(message) for message in messages]
        return await asyncio.to_thread(lambda: [self._mail(message) for message in messages])

    def _mail(self, message: Rendered) -> Mail | Outcome:
        if not is_address(message.address):  # it could name more than one, or hold a command
            return Failed(Refusal.UNSUPPORTED, "not an address")
        try:
            raw = compose(message, self._sender)
            path = self._paths.return_path(message.id, message.address) if self._paths else self._sender.address
            return ready(message.id, path, message.address, self._sign(raw) if self._sign else raw)
        except Exception as error:
            log.exception("no mail can be made of %s", message.id)
            return Retry(None, Trouble.MALFORMED, type(error).__name__)

    # ── relays ───────────────────────────────────────────────────────────────────────────────

    async def _bring(self, mails: Sequence[Mail], tried: frozenset[Outlet]) -> dict[Mail, Outcome]:
        """Brings each through the relay that is chosen for it; a mail for which there is no other than those tried has no outcome."""
        now = self._outlets.now()
        groups: dict[Outlet, list[Mail]] = defaultdict(list)
        for mail in mails:
            if (outlet := self._outlets.choose(mail.id, tried, now)) is not None:
                groups[outlet].append(mail)
        through = await asyncio.gather(*(self._through(outlet, group, tried, now) for outlet, group in groups.items()))
        return {mail: outcome for found in through for mail, outcome in found.items()}

    async def _through(self, outlet: Outlet, mails: Sequence[Mail], tried: frozenset[Outlet], now: datetime) -> dict[Mail, Outcome]:
        """Brings the mails through one relay, and what that did not take through the others."""
        outcomes = await carry(outlet.connections, mails, self._limits)
        for mail, outcome in outcomes.items():
            self._outlets.learn(outlet, mail.id, outcome, now)
        left = [mail for mail, outcome in outcomes.items() if may_go_elsewhere(outcome)]
        if left and len(tried) + 1 < len(self._outlets):
            elsewhere = await self._bring(left, tried | {outlet})
            outcomes |= {mail: of_both(outcomes[mail], second) for mail, second in elsewhere.items()}
        return outcomes
