"""Work that raises again and again is put aside, shown and tried again; what waits for a server that is away never is."""

from datetime import timedelta
from functools import partial

import aiosmtplib
import asyncpg
import httpx2
import pytest
from aiokafka.errors import KafkaConnectionError, NotLeaderForPartitionError
from prometheus_client import REGISTRY

from deploy.local.due import retry_on, show_on
from deploy.local.ports import free_port
from services.ticketing.store.due import LOOK
from services.ticketing.timers import look_again
from shared import due_aside
from shared.due_aside import TRIES
from shared.observing.measuring import OwnConnection
from shared.observing.measuring import due as due_figures
from shared.postgres import Database
from shared.service import Service
from shared.settings import Settings
from shared.timers import Due, Timers, Work, cancel, schedule
from tests.fakes import do_due
from tests.flow.test_streams import serving
from tests.unit.ticketing.builders import CONFIGURATION

pytestmark = pytest.mark.asyncio

RING = "ring"
AWAY = [
    ConnectionRefusedError("the mail server"),
    TimeoutError("nobody answers"),
    aiosmtplib.SMTPServerDisconnected("gone"),
    KafkaConnectionError(),
    NotLeaderForPartitionError(),
    asyncpg.CannotConnectNowError("starting up"),
    asyncpg.ConnectionDoesNotExistError("closed"),
    asyncpg.InvalidPasswordError("being changed"),
    asyncpg.DeadlockDetectedError("again"),
    asyncpg.DiskFullError("full"),
    asyncpg.ReadOnlySQLTransactionError("a standby"),
]


class Bell:
    """Due work that raises, for some refs, what it is told to, and is done for the others."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.errors: dict[str, Exception] = {}
        self.rung: list[str] = []

    async def __call__(self, due: Due) -> None:
        if (error := self.errors.get(due.ref)) is not None:
            raise error
        self.rung.append(due.ref)
        async with self.database.transaction() as tx:
            await due.settle(tx)

    async def is_due(self, *refs: str) -> None:
        async with self.database.transaction() as tx:
            now = await tx.fetchval("SELECT clock()")
            await schedule(tx, RING, dict.fromkeys(refs, now))

    async def tried(self, times: int = 1, *, recurs: bool = False) -> None:
        """Tries whatever is due so many times, each after its pause."""
        for _ in range(times):
            async with self.database.connection() as connection:
                await connection.execute("UPDATE due SET ready_at = clock()")
            await do_due(self.database, RING, Work(self, at_once=len(AWAY), recurs=recurs))

    async def rows(self, query: str) -> list[tuple[object, ...]]:
        async with self.database.connection() as connection:
            return [tuple(row) for row in await connection.fetch(query)]

    async def left(self) -> list[tuple[object, ...]]:
        return await self.rows("SELECT ref FROM due ORDER BY ref")

    async def aside(self) -> list[tuple[object, ...]]:
        return await self.rows("SELECT ref, reason FROM due_aside ORDER BY ref")


@pytest.fixture
async def bell(notifier_database: Database) -> Bell:
    return Bell(notifier_database)


async def test_what_raises_twenty_times_is_put_aside_and_everything_else_is_done(bell: Bell) -> None:
    before = REGISTRY.get_sample_value("forewarn_due_aside_total", {"kind": RING}) or 0
    bell.errors["bad"] = OverflowError("a customer's address that nobody may read")
    await bell.is_due("bad", "good")
    await bell.tried(TRIES - 1)
    assert (bell.rung, await bell.left(), await bell.aside()) == (["good"], [("bad",)], [])
    await bell.tried()
    [(ref, reason)] = await bell.aside()
    # The class, and where it came through our own code: this test is not, so it is where the work is called from.
    assert (ref, str(reason).rpartition(":")[0]) == ("bad", "OverflowError at shared/timers.py")
    assert await bell.left() == []
    assert REGISTRY.get_sample_value("forewarn_due_aside_total", {"kind": RING}) == before + 1


async def test_errors_that_differ_count_alike_and_the_last_is_named(bell: Bell) -> None:
    await bell.is_due("bad")
    for number in range(TRIES):
        bell.errors["bad"] = KeyError("k") if number % 2 else ValueError("v")
        await bell.tried()
    assert [str(reason).split()[0] for _, reason in await bell.aside()] == ["KeyError"]


async def test_what_waits_for_a_server_that_is_away_is_never_put_aside(bell: Bell) -> None:
    bell.errors = {type(error).__name__: error for error in AWAY}
    await bell.is_due(*bell.errors)
    await bell.tried(2 * TRIES)
    assert (await bell.left(), await bell.aside()) == ([(name,) for name in sorted(bell.errors)], [])
    # and when the servers are back, it is done
    waited, bell.errors = set(bell.errors), {}
    await bell.tried()
    assert set(bell.rung) == waited


async def test_a_server_that_was_away_does_not_count_among_the_tries(bell: Bell) -> None:
    await bell.is_due("bad")
    for error, times in ((TimeoutError(), TRIES), (ValueError(), TRIES - 1), (TimeoutError(), TRIES)):
        bell.errors["bad"] = error
        await bell.tried(times)
    assert await bell.aside() == []
    bell.errors["bad"] = ValueError()
    await bell.tried()
    assert len(await bell.aside()) == 1


async def test_work_that_comes_again_by_itself_goes_on_and_its_tries_begin_anew_whenever_it_succeeds(bell: Bell) -> None:
    bell.errors[""] = ValueError("of today")
    await bell.is_due("")
    await bell.tried(3 * TRIES, recurs=True)
    assert (await bell.left(), await bell.aside()) == ([("",)], [])
    await bell.rows("UPDATE due SET lease = gen_random_uuid() RETURNING ref")
    [(lease, due_at)] = await bell.rows("SELECT lease, due_at FROM due")
    async with bell.database.transaction() as tx:
        await Due(RING, "", due_at, 1, lease, due_at).again(tx, due_at)  # type: ignore[arg-type]
    assert await bell.rows("SELECT raised FROM due") == [(0,)]


async def test_a_zombie_puts_nothing_aside(bell: Bell) -> None:
    await bell.is_due("bad")
    timers = Timers(bell.database, {RING: Work(bell, at_once=10, lease=timedelta(0))})
    [zombie] = await timers.claim(RING, 10)
    [owner] = await timers.claim(RING, 10)
    async with bell.database.transaction() as tx:
        await due_aside.put_aside(tx, RING, "bad", zombie.lease, ValueError())
        assert await bell.aside() == []
        await owner.settle(tx)


async def test_what_is_scheduled_anew_is_aside_no_more(bell: Bell) -> None:
    bell.errors["bad"] = ValueError()
    await bell.is_due("bad", "good")
    await bell.tried(TRIES)
    await bell.is_due("bad")
    assert (await bell.left(), await bell.aside()) == ([("bad",)], [])
    await bell.tried(TRIES - 1)
    assert await bell.aside() == []
    async with bell.database.transaction() as tx:
        await cancel(tx, RING, "bad")


async def test_what_was_put_aside_is_measured(bell: Bell) -> None:
    bell.errors["bad"] = ValueError()
    await bell.is_due("bad")
    await bell.tried(TRIES)
    connection = OwnConnection(bell.database)
    await due_figures(connection, [RING, "idle"]).once()
    connection.close()
    assert [REGISTRY.get_sample_value("forewarn_due_aside_rows", {"kind": kind}) for kind in (RING, "idle")] == [1, 0]


async def test_a_row_of_a_service_that_no_version_of_it_wrote_is_put_aside_with_its_place_and_without_its_words(
    ticketing_database: Database,
) -> None:
    ticketing = Bell(ticketing_database)
    async with ticketing_database.transaction() as tx:
        await schedule(tx, LOOK, {"ada@example.org": await tx.fetchval("SELECT clock()")})
        await tx.execute("UPDATE due SET raised = $1", TRIES - 1)
    await do_due(ticketing_database, LOOK, Work(partial(look_again, CONFIGURATION, ticketing_database)))
    [(_, reason)] = await ticketing.aside()
    assert str(reason).startswith("ValueError at services/ticketing/timers.py:")
    assert "ada" not in str(reason)


# ── an operator ──────────────────────────────────────────────────────────────────────────────


@pytest.fixture
async def service(bell: Bell, fresh_database: Settings) -> Service:
    """Returns one that has put two of a kind aside, and one of another."""
    for ref in ("a", "b"):
        bell.errors[ref] = ValueError(ref)
    await bell.is_due("a", "b")
    await bell.tried(TRIES)
    await bell.rows("INSERT INTO due_aside (kind, ref, due_at, reason) VALUES ('toll', '\x1b[2J', clock(), 'KeyError') RETURNING ref")
    return Service("shop", fresh_database, bell.database)


async def test_an_operator_sees_it_and_has_it_tried_again(service: Service, bell: Bell, capsys: pytest.CaptureFixture[str]) -> None:
    bell.errors.clear()
    dead = f"http://127.0.0.1:{free_port()}"
    async with serving(service) as url:
        assert await show_on([url, dead], "operator-token") == 1
        shown = capsys.readouterr().out
        assert "shop: 2 of ring put aside since " in shown
        assert "shop: 1 of toll put aside since " in shown
        assert "ValueError at shared/timers.py:" in shown
        assert "  the latest: b, a\n  mend the cause, then: forewarn due retry ring\n" in shown
        assert (f"{dead} does not answer" in shown, "\x1b" in shown) == (True, False)
        assert await retry_on([url], "operator-token", "ring", "a") == 0
        assert await retry_on([url], "operator-token", "ring", None) == 0
        assert await retry_on([url], "operator-token", None, None) == 0
        assert await show_on([url], "operator-token") == 0
        assert await retry_on([url], "nobody", None, None) == 1
    lines = capsys.readouterr().out.splitlines()
    assert [line.rpartition(": ")[2] for line in lines[:4]] == ["1 rows are tried again"] * 3 + ["no work is put aside"]
    await bell.tried()
    assert sorted(bell.rung) == ["a", "b"]


async def test_rest_names_it_to_operators_alone_and_takes_any_words(service: Service) -> None:
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(service.app()), base_url="http://shop") as client:
        for token, status in (("operator-token", 200), ("agent-token", 403), ("producer-token", 403), ("", 401)):
            headers = {"authorization": f"Bearer {token}"} if token else {}
            answer = await client.get("/v1/due", headers=headers)
            assert answer.status_code == status
            assert (await client.post("/v1/due/retry", headers=headers, json={"kind": "nothing"})).status_code == status
        said = (await client.get("/v1/due", headers={"authorization": "Bearer operator-token"})).json()
        assert [(each["kind"], each["rows"], sorted(each["refs"])) for each in said["aside"]] == [
            ("ring", 2, ["a", "b"]),
            ("toll", 1, ["\x1b[2J"]),
        ]
        odd = await client.post("/v1/due/retry", headers={"authorization": "Bearer operator-token"}, json={"kind": "\0"})
        assert odd.status_code == 422
