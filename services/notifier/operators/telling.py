"""Operators are told what `store/notices.py` holds for them, each by their own channel, and what has gathered in one message.

Each notice is a due row for each operator, settled after the channel took the message: a crash between the two repeats it.
"""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol, runtime_checkable

from services.notifier import metrics
from services.notifier.audience import USABLE
from services.notifier.channels.given import Given
from services.notifier.channels.outcome import Channel, Delivered, Failed, Outcome, Rendered, Retry, Trouble
from services.notifier.channels.registry import OF_OPERATORS
from services.notifier.operators.notices import Notice, Operator, addresses_in, check, wanting, words_of
from services.notifier.store import notices
from shared.events import identity
from shared.postgres import Database, Tx
from shared.timers import Due

log = logging.getLogger(__name__)

AT_ONCE = 4  # messages under way
LEASE = timedelta(minutes=2)
WITHIN = 60.0  # seconds for a message
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=10), timedelta(minutes=5)  # after a try that brought nothing; it doubles
UNCERTAIN_TRIES = 3  # after so many tries it may have come often enough


@dataclass(frozen=True, slots=True)
class Message:
    """Notices for one operator, and the due rows that say so."""

    operator: Operator
    rendered: Rendered
    rows: Sequence[Due]


@dataclass(frozen=True)
class TellingOperators:
    """Tells operators. Every operator has a channel and an address: `operators.check` says so when it starts."""

    database: Database
    operators: Sequence[Operator]
    channels: Mapping[str, Channel]
    addresses: Mapping[str, str]  # by their names
    max_age: timedelta  # what is older is no news
    within: float = WITHIN

    async def spread(self, due: Due) -> None:
        """Gives a notice to every operator who wants it (it is work for `shared/timers.py`)."""
        async with self.database.transaction() as tx:
            for notice in await notices.read(tx, [due.ref]):
                await notices.give(tx, notice, wanting(self.operators, notice.about))
            await due.settle(tx)

    async def tell(self, due: Due) -> None:
        """Tells one operator what is due for them, and settles it, or asks for it again (it is work for `shared/timers.py`)."""
        message = await self._begin(due)
        if message is None:
            return
        outcome = await self._send(message)
        async with self.database.transaction() as tx:
            for row in message.rows:
                await _settle(tx, row, outcome)
        _count(outcome, message.rows)
        if isinstance(outcome, Failed):
            log.warning("operator %s cannot be told: %s %s", message.operator.name, outcome.reason, outcome.detail)

    async def _begin(self, due: Due) -> Message | None:
        """Returns the message; None when there is nothing to tell any more."""
        name, _ = notices.parts_of(due.ref)
        operator = next((each for each in self.operators if each.name == name), None)
        async with self.database.transaction() as tx:
            rows = [due, *await notices.take_others(tx, due, name, LEASE)]
            await due.renew(tx, LEASE)
            told = await notices.read(tx, [notices.parts_of(row.ref)[1] for row in rows])
            news = [notice for notice in told if notice.at > due.now - self.max_age]
            if operator is None or not news:
                for row in rows:
                    await row.settle(tx)
                    # What was tried until it was no news any more has failed for good.
                    metrics.OPERATOR_NOTICES.labels("failed" if operator is not None and row.attempts > 1 else "stale").inc()
                return None
        return Message(operator, self._rendered(operator, news), rows)

    def _rendered(self, operator: Operator, news: Sequence[Notice]) -> Rendered:
        subject, text = words_of(news)
        return Rendered(
            id=identity("operators", operator.name, *(notice.id for notice in news)),
            kind="operators",
            address=self.addresses[operator.address],
            name="",
            subject=subject,
            text=text + "\n",
            date=news[0].at,
        )

    async def _send(self, message: Message) -> Outcome:
        try:
            async with asyncio.timeout(self.within):
                [outcome] = await self.channels[message.operator.channel].send([message.rendered])
        except TimeoutError:
            return Retry(None, Trouble.UNKNOWN, "TimeoutError")
        return outcome


async def _settle(tx: Tx, row: Due, outcome: Outcome) -> None:
    match outcome:
        case Retry() if not (outcome.uncertain and row.attempts >= UNCERTAIN_TRIES):
            pause = min(FIRST_PAUSE * (1 << min(row.attempts - 1, 10)), LONGEST_PAUSE)
            now = await tx.fetchval("SELECT clock()")
            await row.again(tx, now + max(pause, outcome.after or timedelta()))
        case _:
            await row.settle(tx)


def _count(outcome: Outcome, rows: Sequence[Due]) -> None:
    became = {Delivered: "told", Failed: "failed", Retry: "retry"}[type(outcome)]
    metrics.OPERATOR_NOTICES.labels(became).inc(len(rows))


@runtime_checkable
class Checks(Protocol):
    """A channel that knows which addresses are its own."""

    def usable(self, address: str) -> bool:
        """Says whether a message can be sent there, as far as the address shows."""


def built(given: Given, channels: Mapping[str, Channel]) -> TellingOperators:
    """Returns who tells the operators of `notifications.yml`. Raises ConfigError when one of them cannot be told.

    `channels`: those that customers are told by, and which operators share.
    """
    policy, named = given.policy, addresses_in(given.settings.operator_addresses.get_secret_value())
    known = dict(channels)
    for name in {each.channel for each in policy.operators} & OF_OPERATORS.keys() - channels.keys():
        if channel := OF_OPERATORS[name](given):
            known[name] = channel
    usable = {name: each.usable if isinstance(each, Checks) else USABLE[name] for name, each in known.items()}
    check(policy.operators, usable, named)
    return TellingOperators(given.database, policy.operators, known, named, policy.max_event_age)
