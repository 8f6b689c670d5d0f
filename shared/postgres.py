"""Gives one service its Postgres: a pool that waits for the database, transactions, named SQL queries, wake-ups, migrations."""

import asyncio
import logging
import re
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, cast

import asyncpg
import msgspec

from shared import metrics
from shared.connecting import tls
from shared.settings import Settings

log = logging.getLogger(__name__)

Tx = asyncpg.Connection  # a connection inside a transaction

MIGRATED = "SELECT to_regclass('erasures') IS NOT NULL"  # the newest table of shared/migrations
CHANNELS = "SELECT prefix FROM channels"
BESIDE_POOL = 4  # connections a process has beside its pool: one to listen, one to measure, one for each lane's relay

TRANSIENT: tuple[type[BaseException], ...] = (
    OSError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # what asyncpg says of a connection that the server closes at that very moment
    asyncpg.InsufficientResourcesError,  # disk full, out of memory, too many connections
    asyncpg.OperatorInterventionError,  # shutting down, starting up, cancelled by timeout
    asyncpg.TransactionRollbackError,  # deadlock, serialization
    asyncpg.LockNotAvailableError,
    asyncpg.ReadOnlySQLTransactionError,  # a failover left us on the standby
    asyncpg.IdleInTransactionSessionTimeoutError,
)


NOT_YET: tuple[type[BaseException], ...] = (
    *TRANSIENT,
    asyncpg.InvalidPasswordError,  # init has not given the role its password yet
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,
)


def is_transient(error: BaseException) -> bool:
    """Returns True when the same thing may well work in a moment, with nothing changed."""
    return isinstance(error, TRANSIENT)


_at_names = re.compile(r"^-- name: (\w+)\n", re.MULTILINE).split


class Queries:
    """Reads the named queries of a .sql file: each starts with `-- name: <name>` and a sentence that says what it is for."""

    def __init__(self, path: Path) -> None:
        parts = _at_names(path.read_text())
        self._of = {name: sql.strip() for name, sql in zip(parts[1::2], parts[2::2], strict=True)}
        self._path = path

    def __getattr__(self, name: str) -> str:
        try:
            return self._of[name]
        except KeyError:
            raise AttributeError(f"{self._path} has no query named {name}") from None


def server_of(settings: Settings) -> dict[str, Any]:
    """Returns the arguments a client of asyncpg's takes to reach the database server.

    TLS files are read anew for new connections when they change.
    """
    return {"host": settings.database_host, "port": settings.database_port, "ssl": _tls(settings), "timeout": 5}


def _tls(settings: Settings) -> ssl.SSLContext | str | None:
    """Returns the TLS context as libpq understands its `sslmode`, but with the system's authorities where no CA is given.

    A Unix socket has none.
    """
    if settings.database_host.startswith("/"):
        return None
    match settings.database_tls:
        case "verify-full" | "verify-ca" as mode:
            password = settings.database_key_password.get_secret_value()
            files = tls.Files(settings.database_ca, settings.database_certificate, settings.database_key, password)
            return tls.Renewed(files, check_hostname=mode == "verify-full")
        case "require":
            return tls.unverified()
        case mode:
            return mode


class Database:
    """Is one service's schema, through one pool. `open` waits for a database that is not there yet, and logs that it does."""

    def __init__(self, settings: Settings, schema: str) -> None:
        self.schema = schema
        self._settings, self._server = settings, server_of(settings)
        self._pool: asyncpg.Pool | None = None
        self._wakeups: dict[str, list[asyncio.Event]] = {}

    def connect_arguments(self) -> dict[str, Any]:
        settings = self._settings
        return {
            **self._server,
            "database": settings.database_name,
            "user": settings.database_user,
            "password": settings.database_password.get_secret_value(),
            "command_timeout": 30,
            "server_settings": {
                "application_name": f"forewarn-{self.schema}",
                "search_path": self.schema,
                "timezone": "UTC",
                "lock_timeout": "5s",
                "idle_in_transaction_session_timeout": "30s",
                "jit": "off",
                # Each statement is planned for its values, and for the tables as they are: a plan that was kept from when a queue was
                # empty reads all of it, again and again, once a storm has filled it.
                "plan_cache_mode": "force_custom_plan",
            },
        }

    async def open(self) -> None:
        await patiently("the database", self._open)

    async def _open(self) -> None:
        most, given = self._settings.database_pool, self.connect_arguments()
        pool = await asyncpg.create_pool(min_size=1, max_size=most, init=_codecs, reset=_leave, **given)
        if not await pool.fetchval(MIGRATED):
            await pool.close()
            raise ConnectionError(f"schema {self.schema} is not migrated yet: run `python -m deploy.init`")
        self._pool = pool

    async def close(self) -> None:
        if self._pool is not None:
            pool, self._pool = self._pool, None
            try:
                async with asyncio.timeout(2):
                    await pool.close()
            except TimeoutError:
                pool.terminate()

    @property
    def is_open(self) -> bool:
        return self._pool is not None

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Tx]:
        """Lends a connection of the pool. Raises an error `is_transient` knows when there is none within 5 s."""
        if self._pool is None:
            raise ConnectionError("the database is not reached yet")
        async with self._pool.acquire(timeout=5) as connection:
            yield cast(Tx, connection)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Tx]:
        """Runs one transaction: committed when the block ends, rolled back when it raises."""
        async with self.connection() as connection:
            started = time.perf_counter()
            async with connection.transaction():
                yield connection
            metrics.TRANSACTION_SECONDS.observe(time.perf_counter() - started)

    def wakeup(self, channel: str) -> asyncio.Event:
        """Returns an event of the caller's own, set when rows come into `channel`, a table of this schema with the trigger `wake`.

        It is a hint: notifications may be left out, so the waiting code checks the table by itself now and then.
        """
        event = asyncio.Event()
        self._wakeups.setdefault(channel, []).append(event)
        return event

    async def listen(self) -> None:
        """Sets the wake-ups until cancelled; after a lost connection all of them, since some may have been missed."""
        while True:
            try:
                await self._listen()
            except TRANSIENT as error:
                log.warning("listening for wake-ups stopped (%s), trying again", error)
            await asyncio.sleep(1)

    async def _listen(self) -> None:
        connection = await asyncpg.connect(**self.connect_arguments())
        try:
            lost = asyncio.Event()
            connection.add_termination_listener(lambda _: lost.set())
            prefix = await connection.fetchval(CHANNELS)
            for channel, events in self._wakeups.items():
                await connection.add_listener(f"{prefix}.{channel}", _setting(events))
                _setting(events)()
            await lost.wait()
        finally:
            connection.terminate()


def _setting(events: Sequence[asyncio.Event]) -> Callable[..., None]:
    def set_all(*_: object) -> None:
        for event in events:
            event.set()

    return set_all


async def _codecs(connection: asyncpg.Connection) -> None:
    await connection.set_type_codec(
        "jsonb", schema="pg_catalog", encoder=lambda value: msgspec.json.encode(value).decode(), decoder=msgspec.json.decode
    )


async def _leave(_: asyncpg.Connection) -> None:
    """Leaves a connection as it comes back to the pool, which saves a round trip each time: nothing here gives a session a state.

    Settings are LOCAL to a transaction, and listening and measuring have connections of their own. An open transaction is rolled back.
    """


async def patiently(what: str, start: Callable[[], Awaitable[Any]], *also: type[BaseException]) -> None:
    """Starts something that may not be there yet: tries for ever, at most once a second, and logs what it waits for.

    `also`: errors that mean "not there yet", beside those the database gives.
    """
    pause = 0.2
    while True:
        try:
            await start()
            return
        except (*NOT_YET, *also) as error:
            log.warning("waiting for %s: %s", what, error)
        await asyncio.sleep(pause)
        pause = min(pause * 2, 1.0)


async def wait_for_wakeup(event: asyncio.Event, seconds: float, *, clear: bool = True) -> bool:
    """Returns True when the event is set, or False after `seconds`; the event is clear afterwards, unless it is to stay."""
    try:
        async with asyncio.timeout(max(seconds, 0.001)):
            await event.wait()
    except TimeoutError:
        return False
    if clear:
        event.clear()
    return True


async def migrate(connection: asyncpg.Connection, schema: str, folders: Sequence[Path]) -> list[str]:
    """Applies each folder's numbered *.sql files that `schema` does not have yet, in order, each in its own transaction.

    It may be run again, killed, and run twice at once: the list of applied files is locked meanwhile. Returns what it applied.
    """
    await connection.execute(f'SET search_path TO "{schema}"')
    # IF NOT EXISTS does not see what is not committed yet: the table, its row type, or their names in the catalogue.
    with suppress(asyncpg.UniqueViolationError, asyncpg.DuplicateTableError, asyncpg.DuplicateObjectError):
        await connection.execute(
            "CREATE TABLE IF NOT EXISTS migrations (name text PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT statement_timestamp())"
        )
    return [name for name, sql in _migrations(folders).items() if await _apply(connection, name, sql)]


def _migrations(folders: Sequence[Path]) -> dict[str, str]:
    return {f"{folder.parent.name}/{path.name}": path.read_text() for folder in folders for path in sorted(folder.glob("*.sql"))}


async def _apply(connection: asyncpg.Connection, name: str, sql: str) -> bool:
    """Applies one file in a transaction; false when it is applied already."""
    async with connection.transaction():
        await connection.execute("LOCK TABLE migrations IN SHARE ROW EXCLUSIVE MODE")  # on a table of our own: no other role can hold it
        if await connection.fetchval("SELECT true FROM migrations WHERE name = $1", name):
            return False
        await connection.execute(sql)
        await connection.execute("INSERT INTO migrations (name) VALUES ($1)", name)
    return True
