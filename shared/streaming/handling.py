"""Handles facts in one transaction a batch: reads the records, and calls the topic's handler with the facts."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import UTC, datetime
from itertools import groupby

from aiokafka import ConsumerRecord

from shared import metrics
from shared.cloudevents import Undecodable, is_binary, read_fact
from shared.events import COMPACTED, Fact
from shared.postgres import Tx
from shared.streaming.dead_letters import DeadLetter

IN_ONE_GO = 1 << 18  # bytes of records that are read before others get a turn of the event loop

Handler = Callable[[Tx, Sequence[Fact]], Awaitable[None]]
Forget = Callable[[Tx, Sequence[str]], Awaitable[None]]


class Handling:
    """Calls `handler` with the known facts of a batch, in the order they came, in the transaction that moves the offset.

    Tombstones of a compacted topic are no dead letters: `forget` is called with their keys, in their places between the facts, and
    where there is none they are skipped.
    Both may be called again with the same after a rollback. When they raise what is not transient, the
    records go one by one, and the one that raises again becomes a dead letter.
    """

    def __init__(self, topic: str, known: Sequence[type[Fact]], handler: Handler, forget: Forget | None = None) -> None:
        self._topic = topic
        self._known = {fact.model_fields["type"].default: fact for fact in known}
        self._handler, self._forget, self._compacted = handler, forget, topic in COMPACTED
        self._taken: list[Fact | str] = []  # facts, and keys of tombstones
        for metric in (metrics.UNKNOWN, metrics.UNKNOWN_ITEMS, metrics.UNTIMED, metrics.TOMBSTONES):
            metric.labels(topic)

    async def load(self, tx: Tx, partitions: Collection[int]) -> None:  # noqa: ARG002
        self._taken = []

    async def take(self, records: Sequence[ConsumerRecord]) -> list[DeadLetter]:
        now, unread = datetime.now(UTC), 0
        letters = []
        for record in records:
            unread += len(record.value or b"")
            if unread > IN_ONE_GO:
                await asyncio.sleep(0)
                unread = 0
            if self._compacted and record.value is None and record.key is not None and not is_binary(record.headers):
                metrics.TOMBSTONES.labels(self._topic).inc()
                if self._forget is not None:
                    self._taken.append(record.key.decode(errors="replace").replace("\0", "\ufffd"))  # Postgres knows no U+0000
                continue
            try:
                fact = read_fact(record.value, record.headers, now, self._known, record)
            except Undecodable as error:
                letters.append(DeadLetter(record, error.reason, error.detail))
            else:
                if fact is None:
                    metrics.UNKNOWN.labels(self._topic).inc()
                else:
                    self._taken.append(fact)
        return letters

    def pressing(self) -> bool:
        return bool(self._taken)

    async def save(self, tx: Tx) -> None:
        taken, self._taken = self._taken, []
        for are_keys, run in groupby(taken, lambda each: isinstance(each, str)):
            if self._forget is not None and are_keys:
                await self._forget(tx, [each for each in run if isinstance(each, str)])
            else:
                await self._handler(tx, [each for each in run if isinstance(each, Fact)])
