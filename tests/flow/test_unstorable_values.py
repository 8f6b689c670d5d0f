"""A value that Postgres cannot take, wherever a request brings it to a statement, is the caller's mistake: 422, by one mechanism."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import httpx2
import pytest

from shared.api import Db, application
from shared.postgres import Database
from shared.settings import Settings

pytestmark = pytest.mark.asyncio

LONG = "".join(chr(0x4E00 + number * 7919 % 20_000) for number in range(8000))  # no index takes it, compressed or not
STATEMENTS: list[tuple[str, Any]] = [
    ("SELECT $1::bigint", 10**30),
    ("SELECT $1::smallint", 40_000),
    ("SELECT $1::text", "\ud800"),
    ("SELECT $1::text", "a\0b"),
    ("SELECT $1::jsonb", {"a": "\0"}),
    ("SELECT ($1::text)::bigint", "9" * 30),
    ("SELECT ($1::text)::timestamptz", "99999999-01-01"),
    ("SELECT ($1::timestamptz) + interval '300000 years'", datetime(9999, 1, 1, tzinfo=UTC)),
    ("INSERT INTO due (kind, ref, due_at, ready_at) VALUES ($1, '', now(), now())", LONG),
]


@pytest.fixture
async def client(fresh_database: Settings, monitor_database: Database) -> AsyncIterator[httpx2.AsyncClient]:
    app = application("values", fresh_database, monitor_database)

    @app.get("/{number}")
    async def run(database: Db, number: int) -> None:
        async with database.transaction() as tx:
            await tx.execute(*STATEMENTS[number])

    headers = {"authorization": "Bearer operator-token"}
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://values", headers=headers) as it:
        yield it


async def test_whatever_postgres_cannot_take_is_422_and_says_nothing_of_the_value(client: httpx2.AsyncClient) -> None:
    for number, (statement, _) in enumerate(STATEMENTS):
        answer = await client.get(f"/{number}")
        assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json"), statement
        assert answer.json()["detail"] == "a value of the request is none that can be stored"
