"""After a restore no ticket gets a number that somebody may have in a mail (on a real Postgres)."""

from collections.abc import AsyncIterator

import pytest

from deploy.init import InitSettings, connect
from deploy.restored import restored
from deploy.roles import role_of
from tests.attacks import prepared_database


@pytest.fixture
async def prepared(postgres: dict[str, str]) -> AsyncIterator[InitSettings]:
    async with prepared_database(postgres["host"], int(postgres["port"]), postgres["user"]) as settings:
        yield settings


async def test_numbers_go_on_beyond_those_that_were_left_out(prepared: InitSettings) -> None:
    own = await connect(prepared, role_of("ticketing"), prepared.password_of("ticketing"))
    given = await own.fetchval("SELECT nextval('ticket_numbers')")
    assert await restored(prepared, 500) == given + 500
    assert await own.fetchval("SELECT nextval('ticket_numbers')") == given + 501
    await own.close()
