"""A processor for services whose every batch is one transaction: reads facts, and hands them to the topic's handler."""

from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import UTC, datetime

from aiokafka import ConsumerRecord

from shared import metrics
from shared.cloudevents import Undecodable, read_fact
from shared.dead_letters import DeadLetter
from shared.events import Fact
from shared.postgres import Tx

Handler = Callable[[Tx, Sequence[Fact]], Awaitable[None]]


class Handling:
    """Calls `handler` with the known facts of a batch, in the order they came, in the transaction that moves the offset.

    The handler may be called again with the same facts after a rollback. What it raises that is not
    transient makes its records go one by one, and the one that raises again a dead letter.
    """

    def __init__(self, topic: str, known: Sequence[type[Fact]], handler: Handler) -> None:
        self._topic = topic
        self._known = {fact.model_fields["type"].default: fact for fact in known}
        self._handler = handler
        self._facts: list[Fact] = []
        metrics.UNKNOWN.labels(topic)

    async def load(self, tx: Tx, partitions: Collection[int]) -> None:  # noqa: ARG002
        self._facts = []

    async def take(self, records: Sequence[ConsumerRecord]) -> list[DeadLetter]:
        now = datetime.now(UTC)
        letters = []
        for record in records:
            try:
                fact = read_fact(record.value, record.headers, now, self._known)
            except Undecodable as error:
                letters.append(DeadLetter(record, error.reason, error.detail))
            else:
                if fact is None:
                    metrics.UNKNOWN.labels(self._topic).inc()
                else:
                    self._facts.append(fact)
        return letters

    def pressing(self) -> bool:
        return bool(self._facts)

    async def save(self, tx: Tx) -> None:
        facts, self._facts = self._facts, []
        if facts:
            await self._handler(tx, facts)
