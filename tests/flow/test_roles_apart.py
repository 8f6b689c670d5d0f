"""Another service's role in the same database stops nothing by what it takes or sends: no relay, commit, request or migration."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress

import asyncpg
import httpx2
import pytest

from deploy.init import InitSettings
from services.ticketing.api.tickets import router
from shared import outbox
from shared.outbox import Lane, Message, put
from shared.postgres import Database, migrate
from shared.service import Service
from shared.settings import Settings
from tests.attacks import connect, prepared_database
from tests.conftest import ROOT, opened
from tests.conftest import connect as as_superuser
from tests.unit.ticketing.builders import CONFIGURATION

pytestmark = pytest.mark.asyncio

NEW = {"customer_id": "c-1", "subject": "Cannot pay", "body": "The checkout hangs."}
GUESSED = ("ticketing.outbox", "ticketing.due", "outbox", "due")  # what a channel could be called


@pytest.fixture(scope="module")
async def prepared(postgres: dict[str, str]) -> AsyncIterator[InitSettings]:
    async with prepared_database(postgres["host"], int(postgres["port"]), postgres["user"]) as settings:
        yield settings


@pytest.fixture
async def own(prepared: InitSettings) -> Settings:
    """ticketing's settings, with the role and the password that production gives it."""
    return Settings(
        environment="demo",
        database_host=prepared.database_host,
        database_port=prepared.database_port,
        database_name=prepared.database_name,
        database_user="forewarn_ticketing",
        database_password=prepared.password_of("ticketing"),
        agent_token="agent-token",
    )


@pytest.fixture
async def ticketing(own: Settings) -> AsyncIterator[Database]:
    async with opened(own, "ticketing") as database:
        yield database


@asynccontextmanager
async def sessions(prepared: InitSettings, count: int) -> AsyncIterator[list[asyncpg.Connection]]:
    """Opens so many sessions of monitor's role."""
    async with AsyncExitStack() as held:
        found = []
        for _ in range(count):
            found.append(await connect(prepared, "forewarn_monitor"))
            held.callback(found[-1].terminate)
        yield found


@asynccontextmanager
async def full_queue(prepared: InitSettings) -> AsyncIterator[None]:
    """Fills the server's queue of notifications: one session listens and reads nothing, another notifies until it is refused."""
    async with sessions(prepared, 2) as (listener, notifier):
        await listener.execute("LISTEN mine")
        await listener.execute("BEGIN; SELECT 1")
        with pytest.raises(asyncpg.ProgramLimitExceededError, match="NOTIFY queue"):
            await _notify_70_mb(notifier)
        yield
        await listener.execute("ROLLBACK")
        async with asyncio.timeout(10):
            while await notifier.fetchval("SELECT pg_notification_queue_usage()") > 0.1:  # noqa: ASYNC110  a queue cannot signal
                await asyncio.sleep(0.01)


async def _notify_70_mb(session: asyncpg.Connection) -> None:
    for _ in range(1000):
        await session.execute("SELECT pg_notify('mine', repeat('x', 7000) || n) FROM generate_series(1, 10) AS n")


async def made(own: Settings, database: Database) -> int:
    """Returns the status with which POST /v1/tickets is answered."""
    app = Service("ticketing", own, database, routers=[router(CONFIGURATION)]).app()
    headers = {"Authorization": "Bearer agent-token"}
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://ticketing", headers=headers) as client:
        return int((await client.post("/v1/tickets", json=NEW)).status_code)


async def test_a_ticket_is_made_while_monitors_role_holds_all_the_sessions_it_can_get(
    prepared: InitSettings, own: Settings, ticketing: Database
) -> None:
    async with sessions(prepared, prepared.connections) as held:
        await held[0].execute("BEGIN; CREATE TABLE held (id int); ALTER ROLE forewarn_monitor SET search_path TO ticketing")
        for each in held[1:]:
            await each.execute("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM offsets")
        assert await made(own, ticketing) == 201


async def test_a_ticket_is_made_while_the_queue_of_notifications_is_full(
    prepared: InitSettings, own: Settings, ticketing: Database
) -> None:
    async with full_queue(prepared):
        assert await made(own, ticketing) == 201


async def test_a_foreign_notification_wakes_nobody(prepared: InitSettings, ticketing: Database) -> None:
    written, due = ticketing.wakeup("outbox"), ticketing.wakeup("due")
    listening = asyncio.create_task(ticketing.listen())
    async with asyncio.timeout(10), sessions(prepared, 1) as [monitor]:
        await asyncio.gather(written.wait(), due.wait())  # once, when it begins to listen
        written.clear()
        due.clear()
        for channel in GUESSED:
            await monitor.execute("SELECT pg_notify($1, n::text) FROM generate_series(1, 100) AS n", channel)
        async with ticketing.transaction() as tx:
            await put(tx, [Message("things.v1", b"k", b"v")])
        await written.wait()  # notifications come in order: whatever the others led to has been by now
        assert not due.is_set()
    listening.cancel()
    with suppress(asyncio.CancelledError):
        await listening


async def test_a_row_that_an_administrator_writes_wakes_as_any_other(
    prepared: InitSettings, postgres: dict[str, str], ticketing: Database
) -> None:
    due, listening = ticketing.wakeup("due"), asyncio.create_task(ticketing.listen())
    admin = await as_superuser(postgres, prepared.database_name)
    async with asyncio.timeout(10):
        await due.wait()  # once, when it begins to listen
        due.clear()
        await admin.execute("INSERT INTO ticketing.due (kind, ref, due_at, ready_at) VALUES ('look_again', 'x', now(), now())")
        await due.wait()
    await admin.close()
    listening.cancel()
    with suppress(asyncio.CancelledError):
        await listening


async def test_each_lane_has_one_leader_for_as_long_as_its_session_lives(own: Settings, ticketing: Database) -> None:
    candidates = [await asyncpg.connect(**ticketing.connect_arguments()) for _ in range(5)]
    leads = await asyncio.gather(*(outbox.leads(each, Lane.FACTS) for each in candidates))
    assert sorted(leads) == [False, False, False, False, True]
    first = candidates.pop(leads.index(True))
    assert await outbox.leads(candidates[0], Lane.BULK)
    assert not await outbox.leads(candidates[1], Lane.FACTS)
    first.terminate()
    async with asyncio.timeout(10):
        while not await outbox.leads(candidates[1], Lane.FACTS):  # noqa: ASYNC110  a session cannot signal that it ended
            await asyncio.sleep(0.01)
    for each in candidates:
        each.terminate()


async def test_advisory_locks_of_another_stop_neither_relay_nor_migration(fresh_database: Settings, monitor_database: Database) -> None:
    """On a managed server they cannot be taken away."""
    foreign, own = [await asyncpg.connect(**monitor_database.connect_arguments()) for _ in range(2)]
    for name in ("relay.monitor", "relay.monitor.BULK", "migrate.monitor"):
        await foreign.execute("SELECT pg_advisory_lock(hashtext('forewarn.' || $1))", name)
    async with asyncio.timeout(10):
        assert [await outbox.leads(own, lane) for lane in Lane] == [True, True]
        assert await migrate(own, "monitor", [ROOT / "shared/migrations"]) == []
    foreign.terminate()
    own.terminate()


async def test_migrations_that_run_twice_at_once_are_applied_once(fresh_database: Settings, postgres: dict[str, str]) -> None:
    several = [await as_superuser(postgres, fresh_database.database_name) for _ in range(4)]
    await several[0].execute("CREATE SCHEMA twice")
    folders = [ROOT / "shared/migrations", ROOT / "services/ticketing/migrations"]
    applied = await asyncio.gather(*(migrate(each, "twice", folders) for each in several))
    files = sorted(f"{folder.parent.name}/{path.name}" for folder in folders for path in folder.glob("*.sql"))
    assert sorted(name for names in applied for name in names) == files
    for each in several:
        each.terminate()
