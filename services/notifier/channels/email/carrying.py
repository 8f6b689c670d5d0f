"""The mails of one `send` go through one relay, over one connection, and over more only when one is lost or its server takes its time."""

import asyncio
import logging
from collections import deque
from collections.abc import Sequence

from aiosmtplib import SMTPException

from services.notifier.channels.email.answers import Command, judged
from services.notifier.channels.email.connections import Connections
from services.notifier.channels.email.pipelining import Conversation, Limits, Mail
from services.notifier.channels.outcome import Outcome, Retry, Trouble

log = logging.getLogger(__name__)


async def carry(connections: Connections, mails: Sequence[Mail], limits: Limits) -> dict[Mail, Outcome]:
    """Tries each once and returns what became of it. Raises nothing, unless it is cancelled: then it closes what it was speaking on."""
    return await _Carrying(connections, mails, limits).run()


class _Carrying:
    def __init__(self, connections: Connections, mails: Sequence[Mail], limits: Limits) -> None:
        self._connections, self._mails, self._limits = connections, mails, limits
        self._waiting = deque(mails)
        self._outcomes: dict[Mail, Outcome] = {}
        self._carriers: set[asyncio.Task[None]] = set()
        self._refusals = 0  # in a row

    async def run(self) -> dict[Mail, Outcome]:
        self._carriers = {asyncio.create_task(self._carry())}
        try:
            while self._carriers:
                settled = len(self._outcomes)
                _, self._carriers = await asyncio.wait(self._carriers, timeout=self._limits.patience)
                if settled == len(self._outcomes) and self._waiting and self._connections.has_room:
                    self._carriers.add(asyncio.create_task(self._carry()))
        finally:
            for each in self._carriers:
                each.cancel()
        unknown = Retry(None, Trouble.UNKNOWN, "RuntimeError")  # only a defect leaves a mail without its outcome
        return {mail: self._outcomes.get(mail, unknown) for mail in self._mails}

    async def _carry(self) -> None:
        """Carries over one connection after another until no mail waits. A defect leaves what was under way unknown, and tries no more."""
        try:
            while self._waiting and await self._carry_over_one():
                pass
        except Exception as error:
            log.exception("bringing mails raised; customers may have those that were under way")
            self._give_up(Retry(None, Trouble.UNREACHABLE, type(error).__name__))

    async def _carry_over_one(self) -> bool:
        """Carries over one connection, and says whether to try another: not while a server hangs, or does not let us in."""
        try:
            wire = await self._connections.take()
        except (SMTPException, OSError, ValueError) as error:
            outcome = judged(error, Command.BEFORE_RECIPIENT)
            if outcome.reason is Trouble.UNREACHABLE or self._is_alone():
                self._give_up(outcome)
            return False
        conversation = Conversation(wire, self._limits, self._waiting, self._settle)
        try:
            await conversation.bring()
        except BaseException:
            wire.close()
            raise
        finally:
            self._connections.give_back(wire)
        if conversation.hung:
            self._give_up(Retry(None, Trouble.UNREACHABLE, "SMTPReadTimeoutError"))
        return not conversation.hung

    def _is_alone(self) -> bool:
        return all(each.done() or each is asyncio.current_task() for each in self._carriers)

    def _settle(self, mail: Mail, outcome: Outcome) -> None:
        self._outcomes[mail] = outcome
        refused = isinstance(outcome, Retry) and outcome.reason is Trouble.RELAY
        self._refusals = self._refusals + 1 if refused else 0
        if self._refusals >= self._limits.refusals:
            self._give_up(outcome)

    def _give_up(self, outcome: Outcome) -> None:
        """Gives all that waits this outcome."""
        self._outcomes |= dict.fromkeys(self._waiting, outcome)
        self._waiting.clear()
