"""The console hears five topics: its counts are right whatever comes in whatever order, and what comes again changes nothing."""

from collections.abc import AsyncIterator

import pytest

from shared.postgres import Database
from shared.settings import Settings
from tests.conftest import opened as opened_database
from tests.flow import console_story as told
from tests.flow.console_model import recounted, rows

pytestmark = pytest.mark.asyncio


@pytest.fixture
async def console(fresh_database: Settings) -> AsyncIterator[Database]:
    async with opened_database(fresh_database, "console") as database:
        yield database


async def test_an_incident_says_how_many_it_touches_who_were_told_and_who_wrote(console: Database) -> None:
    await told.tell(console)
    [checkout] = await rows(console, "SELECT * FROM incidents WHERE id = $1", told.CHECKOUT)
    counts = {name: checkout[name] for name in ("affected", "told", "untold", "wrote", "told_first", "tickets", "tickets_open")}
    assert counts == {"affected": 16, "told": 12, "untold": 4, "wrote": 3, "told_first": 11, "tickets": 3, "tickets_open": 3}
    assert await recounted(console) == []
