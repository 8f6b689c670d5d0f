"""FastStream's batch subscribers, set up so that they lose nothing and cost little.

Its own batch parser decodes every header as UTF-8, and one binary header makes a whole batch vanish;
ours hands the raw records over. Offsets are the stream's business, so acknowledgement is manual.
What goes wrong between the broker and a stream is logged: FastStream says it to the logger it is given, or to nobody.
"""

import asyncio
import logging
from collections.abc import Sequence
from functools import partial

from aiokafka import ConsumerRecord
from aiokafka.conn import AIOKafkaConnection, collect_hosts
from aiokafka.errors import KafkaError
from aiokafka.protocol.metadata import MetadataRequest
from faststream import AckPolicy
from faststream.kafka import KafkaBroker, KafkaMessage

from shared import unpacking
from shared.membership import Membership
from shared.settings import Settings
from shared.stream import Stream

consuming = logging.getLogger(f"{__name__}.consuming")
consuming.setLevel(logging.ERROR)  # it has a line for each batch, too

Batch = tuple[ConsumerRecord, ...]


async def _as_it_came(records: Batch) -> KafkaMessage:
    return KafkaMessage(raw_message=records, body=records, headers={}, message_id="", correlation_id="", consumer=None)  # type: ignore[arg-type]


async def _raw(message: KafkaMessage) -> Batch:
    return message.raw_message


class Broker(KafkaBroker):
    """Starts its subscribers together: a new group waits 3 s for its first members, and a service has up to three groups."""

    async def start(self) -> None:
        await self.connect()
        await asyncio.gather(*(subscriber.start() for subscriber in self.subscribers))
        self.running = True


def broker(settings: Settings, streams: Sequence[Stream]) -> KafkaBroker:
    """A broker with one subscriber a stream, in a group of its own; start it when topics and database are there."""
    unpacking.install()
    kafka = Broker(
        settings.kafka.split(","),
        logger=consuming,
        apply_types=False,
        graceful_timeout=5,
        allow_auto_create_topics=False,
        metadata_max_age_ms=10_000,
    )
    for stream in streams:
        membership = Membership(stream, settings.instance)
        subscriber = kafka.subscriber(
            stream.topic,
            batch=True,
            group_id=stream.group,
            group_instance_id=membership.name,
            listener=membership,
            parser=_as_it_came,
            decoder=_raw,
            ack_policy=AckPolicy.MANUAL,
            no_reply=True,
            auto_offset_reset="earliest",
            isolation_level="read_committed",  # what a product took back in a transaction of its own never happened
            session_timeout_ms=10_000,
            heartbeat_interval_ms=1_000,
            batch_timeout_ms=10,
            max_records=stream.at_once,
        )
        subscriber(stream.on_batch)
        stream.consumer = partial(getattr, subscriber, "consumer")
    return kafka


class Answering:
    """Asks Kafka for a sign of life on a connection of its own, so that what clients remember of a broker does not count."""

    def __init__(self, settings: Settings) -> None:
        self._servers = settings.kafka
        self._connection: AIOKafkaConnection | None = None

    async def ask(self) -> None:
        """Returns when a bootstrap server answers. Raises KafkaError or OSError when none does."""
        try:
            if self._connection is None or not self._connection.connected():
                self._connection = await self._connected()
            await self._connection.send(MetadataRequest([]))
        except BaseException:
            await self.close()
            raise

    async def _connected(self) -> AIOKafkaConnection:
        refused: Exception = KafkaError(f"no bootstrap servers in {self._servers!r}")
        for host, port, _ in collect_hosts(self._servers):
            connection = AIOKafkaConnection(host, port, client_id="forewarn-measuring", request_timeout_ms=3000)
            try:
                await connection.connect()
            except (KafkaError, OSError) as error:  # TimeoutError included
                connection.close()
                refused = error
            except BaseException:
                connection.close()
                raise
            else:
                return connection
        raise refused

    async def close(self) -> None:
        """Ends the connection, if there is one."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
