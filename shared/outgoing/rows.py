"""Sends rows as records: the broker accepts them together, or refuses one for good when it is refused alone, too.

What the broker says of one record or its topic is about that row; what it says of itself, or does not say, is about the
broker, and is raised: then the same rows are sent again later.
"""

import asyncio
import logging
import time
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from types import TracebackType
from typing import Self

import asyncpg
from aiokafka.errors import (
    CorruptRecordException,
    InvalidTimestampError,
    InvalidTopicError,
    KafkaError,
    MessageSizeTooLargeError,
    RecordListTooLargeError,
    TopicAuthorizationFailedError,
    UnknownError,
)

from shared.connecting.brokers import Brokers, Producer

log = logging.getLogger(__name__)

LARGEST_REQUEST = 4 << 20  # a dead letter of 3 MiB with its headers must fit
LOOKED_FOR = 0.75  # seconds in which a topic shows up, or is asked for a second time
MISSING_FOR = 30.0  # seconds in which a topic that was not there is not looked for again
ALONE = 3  # times a row is sent alone when the refusal may pass

Row = asyncpg.Record  # of the outbox


class InvalidRecord(KafkaError):  # type: ignore[misc]
    """A record has neither key nor value: Kafka takes it, aiokafka does not send it."""


class Refusal(StrEnum):
    """Says why a record cannot be published: the closed list, also a metric's label."""

    TOO_LARGE = "too_large"  # for its topic, or for any request
    UNKNOWN_TOPIC = "unknown_topic"  # the broker lists its topics, and this one is not among them
    INVALID_TOPIC = "invalid_topic"  # no topic can have that name
    NOT_ALLOWED = "not_allowed"  # this client may not write to that topic
    INVALID_RECORD = "invalid_record"  # the broker's checks refuse it


REFUSALS: Mapping[type[KafkaError], Refusal] = {
    MessageSizeTooLargeError: Refusal.TOO_LARGE,
    RecordListTooLargeError: Refusal.TOO_LARGE,
    InvalidTopicError: Refusal.INVALID_TOPIC,
    TopicAuthorizationFailedError: Refusal.NOT_ALLOWED,
    CorruptRecordException: Refusal.INVALID_RECORD,
    InvalidTimestampError: Refusal.INVALID_RECORD,
    InvalidRecord: Refusal.INVALID_RECORD,
    UnknownError: Refusal.INVALID_RECORD,  # what aiokafka makes of Kafka's INVALID_RECORD (87), which it does not know
}

UNSURE = (UnknownError, CorruptRecordException)  # may also be trouble of the broker's that passes


class Publisher:
    """Is an idempotent producer that is closed whatever happens, and renewed where a refused record has broken its sequence."""

    def __init__(self, brokers: Brokers) -> None:
        self._brokers = brokers
        self._producer: Producer | None = None
        self._missing: dict[str, float] = {}  # topic → until when it is not looked for

    async def __aenter__(self) -> Self:
        await self._renew()
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self._close()

    async def publish(self, rows: Sequence[Row]) -> dict[int, Refusal]:
        """Returns when the broker has accepted every row but those it refuses for good: id → why. Raises KafkaError otherwise."""
        refused = {}
        left, gone = list(rows), await self._missing_among({row["topic"] for row in rows})
        for row in left:
            if (why := gone.get(row["topic"])) is not None:
                refused[row["id"]] = why
        left = [row for row in left if row["id"] not in refused]
        while left:
            failed = await self._send(left)
            if not failed:
                break
            suspect = next((row for row in left if _refusal(failed.get(row["id"]))), None)
            if suspect is None:
                raise next(iter(failed.values()))
            if why := await self._alone(suspect):
                refused[suspect["id"]] = why
            left = [row for row in left if row["id"] in failed and row is not suspect]
        return refused

    async def _alone(self, row: Row) -> Refusal | None:
        """Returns why the row is refused although nothing else is sent with it; None when it was accepted."""
        for _ in range(ALONE):
            await self._renew()
            error = (await self._send([row])).get(row["id"])
            if error is None:
                return None
            if (why := _refusal(error)) is None:
                raise error
            if not isinstance(error, UNSURE):
                break
            await asyncio.sleep(0.3)
        await self._renew()
        return why

    async def _send(self, rows: Sequence[Row]) -> dict[int, Exception]:
        """Sends the rows together; returns what failed, by id."""
        assert self._producer is not None  # noqa: S101  narrowing
        failed: dict[int, Exception] = {}
        under_way: dict[int, asyncio.Future[object]] = {}
        for row in rows:
            headers = list(zip(row["header_names"], row["header_values"], strict=True))
            try:
                if row["key"] is None and row["value"] is None:
                    raise InvalidRecord
                under_way[row["id"]] = await self._producer.send(row["topic"], key=row["key"], value=row["value"], headers=headers)
            except KafkaError as error:
                if _refusal(error) is None:
                    _let_go(under_way.values())
                    raise
                failed[row["id"]] = error
        for outcome, number in zip(await asyncio.gather(*under_way.values(), return_exceptions=True), under_way, strict=True):
            if isinstance(outcome, Exception):
                failed[number] = outcome
        return {row["id"]: failed[row["id"]] for row in rows if row["id"] in failed}

    # ── topics that are not there ────────────────────────────────────────────────────────────

    async def _missing_among(self, topics: set[str]) -> dict[str, Refusal]:
        """Returns the topics nobody can write to. It asks for each, so that a broker that makes its topics by itself makes it."""
        gone = {}
        for topic in topics:
            if self._missing.get(topic, 0.0) > time.monotonic():
                gone[topic] = Refusal.UNKNOWN_TOPIC
            elif (why := await self._why_missing(topic)) is not None:
                gone[topic] = why
        return gone

    async def _why_missing(self, topic: str) -> Refusal | None:
        assert self._producer is not None  # noqa: S101  narrowing
        for _ in range(2):  # a topic made a moment ago may not have reached every broker
            try:
                async with asyncio.timeout(LOOKED_FOR):
                    await self._producer.partitions_for(topic)
                return None
            except (InvalidTopicError, TopicAuthorizationFailedError) as error:
                return _refusal(error)
            except TimeoutError:
                pass
        async with asyncio.timeout(5):
            listed = (await self._producer.client.fetch_all_metadata()).topics()
        if not listed or self._brokers.there(topic) in listed:
            raise KafkaError(f"the broker does not say where {topic} is")
        log.error("there is no topic %s: what should go there is put aside", topic)
        self._missing[topic] = time.monotonic() + MISSING_FOR
        await self._renew()  # or this producer would ask for the topic for ever
        return Refusal.UNKNOWN_TOPIC

    # ── the producer ─────────────────────────────────────────────────────────────────────────

    async def _renew(self) -> None:
        await self._close()
        self._producer = self._brokers.producer(
            acks="all",
            enable_idempotence=True,
            max_request_size=LARGEST_REQUEST,
            linger_ms=2,
            request_timeout_ms=10_000,
        )
        try:
            await self._brokers.start(self._producer)
        except BaseException:
            await self._close()
            raise

    async def _close(self) -> None:
        """Closes the producer without a flush, which would never end when its broker is gone; what it holds is still in the outbox."""
        producer, self._producer = self._producer, None
        if producer is None:
            return
        try:
            async with asyncio.timeout(3):
                await producer.stop()
        except (TimeoutError, KafkaError) as error:
            log.warning("the relay's producer did not stop cleanly: %s", error)


def _let_go(futures: Iterable[asyncio.Future[object]]) -> None:
    """Marks these futures as awaited: what they raise is not reported as an exception that nobody retrieved."""
    for future in futures:
        future.add_done_callback(lambda done: done.cancelled() or done.exception())


def _refusal(error: BaseException | None) -> Refusal | None:
    """Returns what an error says of the record it is about; None when it is about the broker."""
    return REFUSALS.get(type(error)) if isinstance(error, KafkaError) else None
