"""A customer is erased: what a service says it holds of them is deleted at once, and older facts bring nothing back."""

import asyncio
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from shared.erasing import ANSWERS, UNSENT, Personal, erase, erased_at, erasure_of, hear
from shared.events import CustomerErased, NotificationFailed, identity
from shared.outbox import Lane, Message, put
from shared.postgres import Database, Tx
from shared.routes.customers import customers_router
from shared.settings import Settings
from tests.flow.every_service import site

pytestmark = pytest.mark.asyncio

ID = 'zoë"@example.org'
AT = datetime(2026, 11, 24, 10, tzinfo=UTC)
NOTES = Personal("notes", "SELECT words FROM notes WHERE customer_id = $1 ORDER BY words", "DELETE FROM notes WHERE customer_id = $1")

WAITS = "SELECT EXISTS (SELECT FROM pg_locks WHERE relation = 'erasures'::regclass AND NOT granted)"
SET_ASIDE = """WITH gone AS (DELETE FROM outbox RETURNING *)
    INSERT INTO unpublished SELECT id, lane, topic, key, value, header_names, header_values, written_at, 'too_large' FROM gone"""


def asked(at: datetime = AT, unique: object = "") -> CustomerErased:
    return CustomerErased.of(CustomerErased.Data(), subject=ID, at=at, unique=unique)


async def note(tx: Tx, *words: str, customer_id: str = ID) -> None:
    await tx.execute("CREATE TABLE IF NOT EXISTS notes (customer_id text, words text)")
    await tx.executemany("INSERT INTO notes VALUES ($1, $2)", [(customer_id, each) for each in words])


async def waiting(tx: Tx) -> list[bytes | None]:
    return [row["value"] for row in await tx.fetch("SELECT value FROM outbox ORDER BY id")]


async def test_what_a_service_holds_goes_and_that_it_went_is_remembered_by_a_digest(monitor_database: Database) -> None:
    async with monitor_database.transaction() as tx:
        await note(tx, "a", "b")
        await note(tx, "c", customer_id="c-2")
        assert await erase(tx, [NOTES], ID, AT) == {"notes": 2, ANSWERS.name: 0, UNSENT.name: 0}
        assert [tuple(row) for row in await tx.fetch("SELECT * FROM notes")] == [("c-2", "c")]
        assert await erased_at(tx, [ID, "c-2"]) == {ID: AT}
        assert ID not in str([tuple(row) for row in await tx.fetch("SELECT erasures::text FROM erasures")])


async def test_a_fact_heard_again_erases_nothing_that_came_since(monitor_database: Database) -> None:
    """Facts come again, as after a reset of the stream to offset 0."""
    ahead = asked(datetime.now(UTC) + timedelta(days=1), "stamped in the future")
    for fact in (asked(), ahead):
        async with monitor_database.transaction() as tx:
            assert await hear(tx, [NOTES] if fact is ahead else [], [fact]) == [ID] or fact is ahead
            await note(tx, "they came back")
            assert await hear(tx, [NOTES], [fact, asked(AT - timedelta(days=1), "older")]) == []
            assert len(await tx.fetch("SELECT FROM notes")) == 1


async def test_a_second_erasure_erases_what_came_since_and_its_rows_are_added(monitor_database: Database) -> None:
    async with monitor_database.transaction() as tx:
        for moment, words in ((AT, ["a", "b"]), (AT + timedelta(hours=1), ["c"])):
            await note(tx, *words)
            await hear(tx, [NOTES], [asked(moment, moment)])
        erasure = await erasure_of(tx, [NOTES], ID)
    assert erasure is not None
    assert erasure.rows["notes"] == 3
    assert erasure.erased_at == AT + timedelta(hours=1)


async def test_an_erasure_waits_for_a_transaction_that_has_asked_and_sees_what_it_wrote(monitor_database: Database) -> None:
    async with monitor_database.transaction() as tx:
        await note(tx)

    async def erasing() -> None:
        async with monitor_database.transaction() as tx:
            await erase(tx, [NOTES], ID, AT)

    async with monitor_database.transaction() as handler:
        assert await erased_at(handler, [ID]) == {}
        task = asyncio.create_task(erasing())
        async with asyncio.timeout(10):
            async with monitor_database.connection() as looking:
                while not await looking.fetchval(WAITS):
                    pass
        await note(handler, "written before the erasure, committed after it began")
    await task
    async with monitor_database.connection() as looking:
        assert await looking.fetch("SELECT FROM notes") == []


async def test_a_backup_that_reads_every_table_holds_up_no_erasure(monitor_database: Database) -> None:
    async with monitor_database.transaction() as backup, monitor_database.transaction() as tx:
        await backup.execute("LOCK TABLE erasures IN ACCESS SHARE MODE")
        await erase(tx, [], ID, AT)


async def test_messages_that_wait_lose_the_customer_and_keep_the_others(monitor_database: Database) -> None:
    """An impact names several, a fact about somebody names one, and `c-1` is not `c-17`."""
    own = NotificationFailed.of(
        NotificationFailed.Data(notification_id="n", customer_id=ID, kind="opened", channel="email", reason="address", failed_at=AT),
        subject=ID,
        at=AT,
    )
    impact = {"subject": "i-1", "data": {"customers": [{"customer_id": ID, "count": 1}, {"customer_id": "c-2", "count": 2}]}}
    rest = {"subject": "i-1", "data": {"customers": [{"customer_id": "c-2", "count": 2}]}}
    other = msgspec.json.encode({"subject": f"{ID}7"})
    messages = [
        Message("notifications.v1", ID.encode(), own.model_dump_json().encode()),
        Message("tickets.v1", b"t-1", msgspec.json.encode({"subject": "t-1", "data": {"customer_id": ID}})),
        Message("incidents.v1", b"i-1", msgspec.json.encode(impact)),
        Message("customers.v1.dlq", ID.encode(), b"no json"),
        Message("product.events.v1.dlq", b"", b"binary", [("ce_subject", ID.encode())]),
        Message("customers.v1", ID.encode() + b"7", other),
        Message("customers.v1", b"gone", None),
    ]
    for table in ("outbox", "unpublished"):
        async with monitor_database.transaction() as tx:
            await tx.execute("DELETE FROM erasures")
            await put(tx, messages, Lane.BULK)
            if table == "unpublished":
                await tx.execute(SET_ASIDE)
            assert (await erase(tx, [], ID, AT))[UNSENT.name] == 5
            left = [row["value"] for row in await tx.fetch(f"SELECT value FROM {table} ORDER BY id")]  # noqa: S608
            assert left == [msgspec.json.encode(rest), other, None]
            await tx.execute("DELETE FROM outbox")


async def test_an_answer_kept_for_retries_goes_with_the_customer_it_shows(fresh_database: Settings) -> None:
    async with site(fresh_database) as here:
        ticket = {"customer_id": ID, "subject": "s", "body": "words of mine"}
        await here.ask("ticketing", "POST", "/v1/tickets", json=ticket, headers={"idempotency-key": "k"})
        shown = (await here.ask("ticketing", "GET", f"/v1/customers/{ID}/data?limit=1")).json()
        assert (shown["items"][0]["name"], shown["next"]) != (None, None)
        async with here.databases["ticketing"].transaction() as tx:
            assert (await erase(tx, [], ID, AT))[ANSWERS.name] == 1
            assert await tx.fetch("SELECT FROM idempotency") == []


async def test_pages_of_an_export_hold_every_row_once_and_an_erasure_is_told(fresh_database: Settings) -> None:
    async with site(fresh_database) as here:
        database, app = here.databases["monitor"], here.apps["monitor"]
        app.include_router(customers_router("notes", [NOTES, NOTES]), prefix="/notes")
        words = [f"{number:03}" for number in range(120)] + ["x" * 400_000]
        async with database.transaction() as tx:
            await note(tx, *words)
        rows, url = [], "/notes/v1/customers/acme%2F17/data?limit=50"
        async with database.transaction() as tx:
            await tx.execute("UPDATE notes SET customer_id = 'acme/17'")
        cursor = ""
        while cursor is not None:
            page = (await here.ask("monitor", "GET", url + (f"&cursor={cursor}" if cursor else ""))).json()
            rows += page["items"]
            cursor = page["next"]
        assert [row["row"]["words"] for row in rows if "words" in row["row"]] == words[:-1] * 2
        assert [len(row["row"]["cut"]) for row in rows if "cut" in row["row"]] == [250_000] * 2
        asking = "/notes/v1/customers/acme%2F17/erasure"
        assert (await here.ask("monitor", "GET", asking)).status_code == 404
        async with database.transaction() as tx:
            await erase(tx, [NOTES], "acme/17", AT, identity("fact"))
        told = (await here.ask("monitor", "GET", asking)).json()
        assert (told["service"], told["rows"]["notes"], told["pending"]) == ("notes", 121, [])


async def test_what_is_erased_later_elsewhere_is_pending_until_it_is_done(monitor_database: Database) -> None:
    later = Personal(
        "notes",
        NOTES.export,
        "UPDATE notes SET words = '' WHERE customer_id = $1",
        pending="SELECT EXISTS (SELECT FROM notes WHERE customer_id = $1)",
    )
    async with monitor_database.transaction() as tx:
        await note(tx, "a")
        await erase(tx, [later], ID, AT)
        before = await erasure_of(tx, [later], ID)
        await tx.execute("DELETE FROM notes")
        after = await erasure_of(tx, [later], ID)
    assert before is not None
    assert after is not None
    assert (before.pending, after.pending) == (("notes",), ())
