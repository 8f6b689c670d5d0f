"""Makes every Kafka client of ours: where the brokers are, how a connection is secured, and what our topics are called there.

Because all clients are made here, what the operator set holds for each of them. Names of topics and groups are ours everywhere else; the
prefix that lets two Forewarns share a broker is added here, and taken off again.
"""

import asyncio
import ssl
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord
from aiokafka.abc import AbstractTokenProvider
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.client import AIOKafkaClient
from aiokafka.conn import AIOKafkaConnection, collect_hosts
from aiokafka.errors import AuthenticationFailedError, KafkaConnectionError, KafkaError
from aiokafka.protocol.metadata import MetadataRequest

from shared.connecting.tls import Files, Renewed, shown
from shared.connecting.unreachable import reason
from shared.settings import Settings

LARGEST_TOKEN = 64 << 10  # bytes
WITHIN_MS = 3000  # for an answer on a connection of its own


class Unreachable(KafkaConnectionError):  # type: ignore[misc]
    """No bootstrap server lets us in; the text is a sentence that says why."""

    def __str__(self) -> str:
        return str(self.args[0])


class Mechanism(StrEnum):
    """Says how a client proves its identity (SASL), by Kafka's names."""

    PLAIN = "PLAIN"  # the password itself: only inside TLS
    SCRAM_256 = "SCRAM-SHA-256"  # a proof that one knows the password
    SCRAM_512 = "SCRAM-SHA-512"
    OAUTHBEARER = "OAUTHBEARER"  # a token that somebody else signed


@dataclass(frozen=True)
class Login:
    """Says who we are to the brokers: a user with a password, or the identity that the token in a file names."""

    mechanism: Mechanism
    username: str = ""
    password: str = field(default="", repr=False)
    token_file: str = ""

    def arguments(self) -> dict[str, Any]:
        """Returns the log-in as aiokafka takes it."""
        own: dict[str, Any] = {"sasl_mechanism": self.mechanism.value}
        if self.mechanism is Mechanism.OAUTHBEARER:
            return own | {"sasl_oauth_token_provider": TokenFile(self.token_file)}
        return own | {"sasl_plain_username": self.username, "sasl_plain_password": self.password}

    def __str__(self) -> str:
        return f"the token in {shown(self.token_file)}" if self.token_file else f"the user {self.username!r} or the password"


class TokenFile(AbstractTokenProvider):  # type: ignore[misc]
    """Reads a token from a file that another program keeps fresh: once for each connection."""

    def __init__(self, path: str) -> None:
        self._path = path

    async def token(self) -> str:
        """Returns the token. Raises AuthenticationFailedError when none can be read."""
        return await asyncio.to_thread(self._read)

    def _read(self) -> str:
        try:
            with Path(self._path).open("rb") as file:
                token = file.read(LARGEST_TOKEN).decode("ascii").strip()
        except OSError as error:
            raise AuthenticationFailedError(f"{shown(self._path)} cannot be read: {error.strerror}") from None
        except UnicodeDecodeError:
            token = ""
        if not token or not token.isprintable() or " " in token:
            raise AuthenticationFailedError(f"{shown(self._path)} has no token that can be sent")
        return token


@dataclass(frozen=True)
class Brokers:
    """Holds all that a client needs to know of the brokers."""

    servers: str  # host:port[,host:port], to begin with
    prefix: str = ""  # of topics and groups
    tls: ssl.SSLContext | None = None
    login: Login | None = None
    foreign: frozenset[str] = frozenset()  # topics of other systems: their names have no prefix of ours

    # ── names ────────────────────────────────────────────────────────────────────────────────

    def there(self, name: str) -> str:
        """Returns what the brokers call a topic or group."""
        return name if name in self.foreign else self.prefix + name

    def ours(self, name: str) -> str | None:
        """Returns what we call a topic of the brokers; None when it is none of ours."""
        return name.removeprefix(self.prefix) if name.startswith(self.prefix) else None

    def named(self, records: Sequence[ConsumerRecord]) -> Sequence[ConsumerRecord]:
        """Returns the same records, by our name of their topic."""
        if self.prefix:
            for record in records:
                if record.topic not in self.foreign:
                    record.topic = record.topic.removeprefix(self.prefix)
        return records

    # ── clients ──────────────────────────────────────────────────────────────────────────────

    @property
    def protocol(self) -> str:
        """Returns Kafka's word for how a connection is secured."""
        return f"{'SASL_' if self.login else ''}{'SSL' if self.tls else 'PLAINTEXT'}"

    def arguments(self) -> dict[str, Any]:
        """Returns the arguments that every client of aiokafka's takes to connect."""
        return {
            "security_protocol": self.protocol,
            "ssl_context": self.tls,
            **(self.login.arguments() if self.login else {}),
        }

    def consumer(self, *topics: str, **how: Any) -> AIOKafkaConsumer:
        """Makes a consumer of these topics of ours, by the brokers' names."""
        return AIOKafkaConsumer(*map(self.there, topics), bootstrap_servers=self.servers, **self.arguments(), **how)

    def producer(self, **how: Any) -> "Producer":
        """Makes a producer to topics of ours."""
        return Producer(self, **how)

    def admin(self, client_id: str) -> AIOKafkaAdminClient:
        """Makes an admin client, by the brokers' names."""
        return AIOKafkaAdminClient(bootstrap_servers=self.servers, client_id=client_id, **self.arguments())

    def client(self, client_id: str) -> AIOKafkaClient:
        """Makes a client for requests that aiokafka has no method for, by the brokers' names."""
        return AIOKafkaClient(bootstrap_servers=self.servers, client_id=client_id, request_timeout_ms=WITHIN_MS, **self.arguments())

    # ── connections ──────────────────────────────────────────────────────────────────────────

    async def start(self, client: Any) -> None:
        """Starts a client of the above. Raises Unreachable, since aiokafka itself says only that it could not connect.

        It does not even say that where a token is refused: it takes the refusal for a cluster that has no brokers.
        """
        await self.knock()
        await client.start()

    async def knock(self) -> None:
        """Returns when a bootstrap server lets us in. Raises Unreachable."""
        (await self.connection("forewarn-knocking")).close()

    async def connection(self, client_id: str) -> AIOKafkaConnection:
        """Opens a connection to the first bootstrap server that lets us in. Raises Unreachable with the reason of each that does not."""
        refused = []
        for host, port, _ in collect_hosts(self.servers):
            connection = AIOKafkaConnection(host, port, client_id=client_id, request_timeout_ms=WITHIN_MS, **self.arguments())
            try:
                await connection.connect()
                if not (await connection.send(MetadataRequest([]))).brokers:
                    raise KafkaConnectionError("no brokers")
            except (KafkaError, OSError) as error:  # TimeoutError included
                connection.close()
                refused.append(f"{host}:{port}: {reason(error, self.protocol, str(self.login or 'us'))}")
            except BaseException:
                connection.close()
                raise
            else:
                return connection
        raise Unreachable("; ".join(refused) or f"no bootstrap servers in {self.servers!r}")


class Producer(AIOKafkaProducer):  # type: ignore[misc]
    """Is aiokafka's producer, to topics by our names."""

    def __init__(self, brokers: Brokers, **how: Any) -> None:
        super().__init__(bootstrap_servers=brokers.servers, **brokers.arguments(), **how)
        self._there = brokers.there

    async def send(self, topic: str, *args: Any, **options: Any) -> "asyncio.Future[Any]":
        """Sends by our name of the topic; `send_and_wait` calls this too."""
        sent: asyncio.Future[Any] = await super().send(self._there(topic), *args, **options)
        return sent

    async def send_batch(self, batch: Any, topic: str, *, partition: int) -> "asyncio.Future[Any]":
        sent: asyncio.Future[Any] = await super().send_batch(batch, self._there(topic), partition=partition)
        return sent

    async def partitions_for(self, topic: str) -> Iterable[int]:
        found: Iterable[int] = await super().partitions_for(self._there(topic))
        return found


def brokers_of(settings: Settings) -> Brokers:
    """Returns the brokers as the environment describes them; `settings` have been checked."""
    files = Files(settings.kafka_ca, settings.kafka_certificate, settings.kafka_key, settings.kafka_key_password.get_secret_value())
    login = None
    if settings.kafka_sasl:
        login = Login(
            Mechanism(settings.kafka_sasl.upper()),
            settings.kafka_username,
            settings.kafka_password.get_secret_value(),
            settings.kafka_token_file,
        )
    tls = Renewed(files) if settings.kafka_security.endswith("ssl") else None
    return Brokers(settings.kafka, settings.kafka_prefix, tls, login)
