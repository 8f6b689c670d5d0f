"""Fixtures that flow tests begin with: a notifier, ticketing, and an agent who calls ticketing."""

from collections.abc import AsyncIterator

import httpx2
import pytest

from services.ticketing.api.tickets import router
from shared.postgres import Database
from shared.service import Service
from shared.settings import Settings
from tests.flow.notifier_stage import Stage, stage
from tests.flow.ticketing_desk import Desk
from tests.unit.ticketing.builders import CONFIGURATION, NOW


@pytest.fixture
async def on(fresh_database: Settings) -> AsyncIterator[Stage]:
    """Starts a notifier that has heard nothing yet."""
    async with stage(fresh_database) as it:
        yield it


@pytest.fixture
async def desk(ticketing_database: Database) -> Desk:
    """ticketing, with nothing heard yet."""
    desk = Desk(ticketing_database)
    await desk.at(NOW)
    return desk


@pytest.fixture
async def agent(desk: Desk, fresh_database: Settings) -> AsyncIterator[httpx2.AsyncClient]:
    """Yields a client of that desk's REST with an agent's token."""
    app = Service("ticketing", fresh_database, desk.database, routers=[router(CONFIGURATION)]).app()
    headers = {"authorization": "Bearer agent-token"}
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://ticketing", headers=headers) as client:
        yield client
