"""Real Kafka and Postgres run in containers that can be stopped and started again: same port, same data."""

import asyncio
import logging
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TypeVar

import asyncpg
import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError

from deploy.local.ports import free_port

# Whoever starts a container here ends it, also on Ctrl-C, so nothing needs to watch over us from another image.
os.environ.setdefault("TESTCONTAINERS_RYUK_DISABLED", "true")
from testcontainers.core.container import DockerContainer

logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # it reports every try to reach a broker that is away on purpose

PASSWORD = "of-no-use-but-for-these-tests"
STARTS_WITHIN = 90  # seconds, image and slow disk included

# All of them are set, since one variable alone makes the image forget its own defaults.
KAFKA = {
    "CLUSTER_ID": "4L6g3nShT-eMCtK--X86sw",
    "KAFKA_NODE_ID": "1",
    "KAFKA_PROCESS_ROLES": "broker,controller",
    "KAFKA_CONTROLLER_QUORUM_VOTERS": "1@localhost:9093",
    "KAFKA_CONTROLLER_LISTENER_NAMES": "CONTROLLER",
    # The broker has a listener of its own: it asks itself about transactions, and our port means nothing inside.
    "KAFKA_LISTENERS": "HOST://:9092,INTERNAL://localhost:19092,CONTROLLER://localhost:9093",
    "KAFKA_LISTENER_SECURITY_PROTOCOL_MAP": "HOST:PLAINTEXT,INTERNAL:PLAINTEXT,CONTROLLER:PLAINTEXT",
    "KAFKA_INTER_BROKER_LISTENER_NAME": "INTERNAL",
    "KAFKA_LOG_DIRS": "/var/lib/kafka/data",
    "KAFKA_AUTO_CREATE_TOPICS_ENABLE": "false",
    "KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS": "0",
    "KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR": "1",
    "KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR": "1",
    "KAFKA_TRANSACTION_STATE_LOG_MIN_ISR": "1",
    "KAFKA_SHARE_COORDINATOR_STATE_TOPIC_REPLICATION_FACTOR": "1",
    "KAFKA_SHARE_COORDINATOR_STATE_TOPIC_MIN_ISR": "1",
    "KAFKA_HEAP_OPTS": "-Xms256m -Xmx768m",
    "JAVA_TOOL_OPTIONS": "-XX:TieredStopAtLevel=1",  # it lives too shortly for the optimizing compiler to be worth its time
}


S = TypeVar("S", bound="Server")


@dataclass
class Server:
    """A container that can be taken away and given back."""

    container: DockerContainer
    port: int

    async def stop(self, within: int = 10) -> None:
        """Asks it to stop, and kills it when it has not after `within` seconds."""
        await asyncio.to_thread(self.container.get_wrapped_container().stop, timeout=within)

    async def kill(self) -> None:
        """Kills it with SIGKILL."""
        await asyncio.to_thread(self.container.get_wrapped_container().kill)

    async def start(self) -> None:
        """Starts it again with its port and data; returns when it answers."""
        await asyncio.to_thread(self.container.get_wrapped_container().start)
        await self.answering()

    @asynccontextmanager
    async def away(self) -> AsyncIterator[None]:
        """Stops it while the context lasts."""
        await self.stop()
        try:
            yield
        finally:
            await self.start()

    async def answering(self) -> None:
        """Returns when it answers. Raises TimeoutError, with its log, when it does not."""
        try:
            async with asyncio.timeout(STARTS_WITHIN):
                while not await self._answers():  # noqa: ASYNC110  it cannot signal
                    await asyncio.sleep(0.1)
        except TimeoutError:
            log = b"".join(self.container.get_logs()).decode(errors="replace")[-4000:]
            raise TimeoutError(f"{self.container.image} does not answer on port {self.port}:\n{log}") from None

    async def _answers(self) -> bool:
        raise NotImplementedError


class Kafka(Server):
    """One broker."""

    @property
    def bootstrap(self) -> str:
        return f"localhost:{self.port}"

    async def create(self, *topics: str, partitions: int = 10) -> None:
        admin = AIOKafkaAdminClient(bootstrap_servers=self.bootstrap)
        await admin.start()
        try:
            await admin.create_topics([NewTopic(topic, partitions, 1) for topic in topics])
        finally:
            await admin.close()

    async def _answers(self) -> bool:
        producer = AIOKafkaProducer(bootstrap_servers=self.bootstrap)
        try:
            await producer.start()
        except KafkaError:
            return False
        finally:
            await producer.stop()
        return True


class Postgres(Server):
    """One database server; `postgres` is its superuser."""

    async def connect(self, database: str = "postgres") -> asyncpg.Connection:
        return await asyncpg.connect(host="localhost", port=self.port, user="postgres", password=PASSWORD, database=database, timeout=5)

    async def _answers(self) -> bool:
        try:
            connection = await self.connect()
        except (OSError, asyncpg.PostgresError):
            return False
        await connection.close()
        return True


@asynccontextmanager
async def running_kafka(**environment: str) -> AsyncIterator[Kafka]:
    """Yields a broker while the context lasts; `environment` is over that of tests."""
    port = free_port()
    advertised = f"HOST://localhost:{port},INTERNAL://localhost:19092"
    container = DockerContainer("apache/kafka:4.4.0").with_envs(**{**KAFKA, **environment, "KAFKA_ADVERTISED_LISTENERS": advertised})
    publish(container, 9092, port)
    async with running(Kafka(container, port)) as kafka:
        yield kafka


@asynccontextmanager
async def running_postgres() -> AsyncIterator[Postgres]:
    """Yields a database server while the context lasts."""
    port = free_port()
    container = DockerContainer("postgres:17.11").with_env("POSTGRES_PASSWORD", PASSWORD)
    publish(container, 5432, port)
    async with running(Postgres(container, port)) as postgres:
        yield postgres


def publish(container: DockerContainer, inside: int, port: int) -> None:
    """Publishes a port on this machine only, which `with_bind_ports` cannot."""
    container.ports[str(inside)] = ("127.0.0.1", port)  # type: ignore[assignment]


@asynccontextmanager
async def running(server: S) -> AsyncIterator[S]:
    try:
        await asyncio.to_thread(server.container.start)
        await server.answering()
        yield server
    finally:
        await asyncio.to_thread(server.container.stop)


@pytest.fixture(scope="session")
async def kafka() -> AsyncIterator[Kafka]:
    async with running_kafka() as server:
        yield server


@pytest.fixture(scope="session")
async def postgres_server() -> AsyncIterator[Postgres]:
    async with running_postgres() as server:
        yield server
