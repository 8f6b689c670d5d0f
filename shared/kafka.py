"""Sets up FastStream's batch subscribers so that they lose nothing and cost little.

Its own batch parser decodes every header as UTF-8, and loses a whole batch by one binary header;
ours passes the raw records on. The stream keeps the offsets, so acknowledgement is manual.
What goes wrong between the broker and a stream is logged: FastStream logs it only to the logger that it is given.
"""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from aiokafka import ConsumerRecord
from aiokafka.conn import AIOKafkaConnection
from aiokafka.errors import KafkaError
from aiokafka.protocol.metadata import MetadataRequest
from faststream import AckPolicy
from faststream.kafka import KafkaBroker, KafkaMessage
from faststream.security import BaseSecurity, SASLOAuthBearer, SASLPlaintext, SASLScram256, SASLScram512

from shared.connecting.brokers import Brokers, Mechanism
from shared.stream import Stream
from shared.streaming import fetching
from shared.streaming.membership import Membership
from shared.streaming.topic_ids import topic_id

log = logging.getLogger(__name__)
consuming = logging.getLogger(f"{__name__}.consuming")
consuming.setLevel(logging.ERROR)  # it logs a line for each batch, too

Batch = tuple[ConsumerRecord, ...]

AGAIN = 5.0  # seconds until another system's topic is looked for again


WITH_PASSWORD: Mapping[Mechanism, type[SASLPlaintext | SASLScram256 | SASLScram512]] = {
    Mechanism.PLAIN: SASLPlaintext,
    Mechanism.SCRAM_256: SASLScram256,
    Mechanism.SCRAM_512: SASLScram512,
}


async def _as_they_came(brokers: Brokers, records: Batch) -> KafkaMessage:
    brokers.named(records)
    return KafkaMessage(raw_message=records, body=records, headers={}, message_id="", correlation_id="", consumer=None)  # type: ignore[arg-type]


async def _raw(message: KafkaMessage) -> Batch:
    return message.raw_message


class Broker(KafkaBroker):
    """Starts its subscribers together: a new group waits 3 s for its first members, and a service has up to three groups."""

    def __init__(self, brokers: Brokers, **how: Any) -> None:
        tokens = brokers.arguments().get("sasl_oauth_token_provider")
        super().__init__(brokers.servers.split(","), security=_security(brokers), sasl_oauth_token_provider=tokens, **how)
        self._brokers = brokers
        self.foreign: list[Any] = []  # those of its subscribers whose topic is another system's
        self._late: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Starts all subscribers; nobody waits for those of other systems' topics. Raises Unreachable when no broker lets us in."""
        await self._brokers.knock()
        await self.connect()
        await asyncio.gather(*(each.start() for each in self.subscribers if each not in self.foreign))
        self.running = True
        self._late = [asyncio.create_task(_start_when_it_is_there(each)) for each in self.foreign]

    async def stop(self, *args: Any) -> None:
        """Stops all subscribers, whether they were started or not."""
        for task in self._late:
            task.cancel()
        await asyncio.gather(*self._late, return_exceptions=True)
        await super().stop(*args)


async def _start_when_it_is_there(subscriber: Any) -> None:
    """Starts the subscriber of a topic that somebody else makes, and lets us read: it may not be there yet."""
    while True:
        try:
            await subscriber.start()
        except KafkaError as error:
            log.warning("%s: %s; it is tried again", ", ".join(subscriber.topic_names_for_subscribe), error)
            await subscriber.stop()
            await asyncio.sleep(AGAIN)
        else:
            return


def _security(brokers: Brokers) -> BaseSecurity:
    """Returns the connection's security as FastStream takes it; `Brokers.arguments` says the same to aiokafka."""
    tls: dict[str, Any] = {"ssl_context": brokers.tls, "use_ssl": brokers.tls is not None}
    if brokers.login is None:
        return BaseSecurity(**tls)
    if brokers.login.mechanism is Mechanism.OAUTHBEARER:
        return SASLOAuthBearer(**tls)
    return WITH_PASSWORD[brokers.login.mechanism](brokers.login.username, brokers.login.password, **tls)


# A stream that saves now and then is fetched in gulps: thousands of events a second, each batch fetched as it is written, cost the broker
# a core and their reader half of one.
GULP, GULP_MS = 65_536, 50  # bytes, and milliseconds that they are waited for


def broker(brokers: Brokers, streams: Sequence[Stream], instance: str = "") -> KafkaBroker:
    """Makes a broker with one subscriber a stream, in a group of its own; start it when topics and database are there.

    `instance`: a stable name of this replica.
    """
    fetching.install()
    kafka = Broker(
        brokers,
        logger=consuming,
        apply_types=False,
        graceful_timeout=5,
        allow_auto_create_topics=False,
        metadata_max_age_ms=10_000,
    )
    for stream in streams:
        membership = Membership(stream, instance)
        subscriber = kafka.subscriber(
            brokers.there(stream.topic),
            batch=True,
            group_id=brokers.there(stream.group),
            group_instance_id=membership.name,
            listener=membership,
            parser=partial(_as_they_came, brokers),
            decoder=_raw,
            ack_policy=AckPolicy.MANUAL,
            no_reply=True,
            auto_offset_reset="earliest",
            isolation_level="read_committed",  # records of a product's aborted transaction are not read
            session_timeout_ms=10_000,
            heartbeat_interval_ms=1_000,
            batch_timeout_ms=10,
            max_records=stream.at_once,
            fetch_min_bytes=GULP if stream.slowest else 1,
            fetch_max_wait_ms=GULP_MS if stream.slowest else 500,
        )
        subscriber(stream.on_batch)
        if stream.foreign:
            kafka.foreign.append(subscriber)
        stream.at_brokers = brokers.there(stream.topic)
        stream.identity = partial(topic_id, brokers, stream.at_brokers)
        stream.consumer = partial(getattr, subscriber, "consumer")
    return kafka


class Answering:
    """Checks that Kafka answers, on a connection of its own, so that what clients remember of a broker does not count."""

    def __init__(self, brokers: Brokers) -> None:
        self._brokers = brokers
        self._connection: AIOKafkaConnection | None = None

    async def ask(self) -> None:
        """Returns when a bootstrap server answers. Raises KafkaError or OSError when none does."""
        try:
            if self._connection is None or not self._connection.connected():
                self._connection = await self._brokers.connection("forewarn-measuring")
            await self._connection.send(MetadataRequest([]))
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """Ends the connection, if there is one."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
