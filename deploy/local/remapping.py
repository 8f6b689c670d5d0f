"""Maps dead letters of another system's topic once more, by the mapping as it is now, and sends what they become to our topics."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from aiokafka import ConsumerRecord

from services.monitor.sources.file import Source
from services.monitor.sources.reading import Reader
from shared.cloudevents import FACT_HEADERS, Undecodable
from shared.connecting.brokers import Brokers
from shared.letters import receipts
from shared.letters.letters import Letter, sending
from shared.letters.redriving import Pairs
from shared.mapping.turning import Ready
from shared.streaming.dead_letters import PREFIX


@dataclass(frozen=True)
class Original:
    """Is a record as it stood in its own topic: what identifies an event by place is then what it was."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]]
    timestamp: int | None  # milliseconds since the epoch


def original(topic: str, letter: Letter, record: ConsumerRecord) -> Original:
    """Returns the record that a letter keeps, or points to, in the place where it stood."""
    partition, offset = letter.stood_at
    own = [(name, value) for name, value in record.headers if not name.startswith(PREFIX)]
    timestamp = record.timestamp if letter.is_pointer else _milliseconds(letter.said("first-seen"))
    return Original(topic, partition, offset, record.key, record.value, own, timestamp)


def _milliseconds(said: str | None) -> int | None:
    try:
        return None if said is None else int(datetime.fromisoformat(said).timestamp() * 1000)
    except (ValueError, OverflowError):
        return None


class Remapping:
    """Is the way that letters of one source's topic go."""

    def __init__(self, source: Source, *, dry_run: bool = False) -> None:
        self._topic, self._reader, self._dry_run = source.topic, Reader(source), dry_run

    async def __call__(self, brokers: Brokers, name: str, pairs: Pairs) -> list[Letter]:
        """Sends what the records become, then the receipt: after a crash in between they go once more, and an event's id counts once.

        Returns the letters whose record still fits nowhere. One that the source leaves out goes, and becomes nothing.
        """
        now, unfit = datetime.now(UTC), list[Letter]()
        going: list[tuple[Letter, list[Ready]]] = []
        for letter, record in pairs:
            events = self._events(original(self._topic, letter, record), now)
            if events is None:
                unfit.append(letter)
            else:
                going.append((letter, events))
        if going and not self._dry_run:
            async with sending(brokers) as sender:
                await receipts.expect_topic(sender)
                every = [each for _, events in going for each in events]
                await asyncio.gather(*[await sender.send(each.topic, each.value, key=each.key, headers=[*FACT_HEADERS]) for each in every])
                await receipts.write(sender, name, [letter.record for letter, _ in going])
        return unfit

    def _events(self, record: Original, now: datetime) -> list[Ready] | None:
        """Returns what the record becomes; None when a part of it fits nowhere."""
        try:
            made = list(self._reader.events(record, now))
        except Undecodable:
            return None
        ready = [each for each in made if isinstance(each, Ready)]
        return ready if len(ready) == len(made) else None
