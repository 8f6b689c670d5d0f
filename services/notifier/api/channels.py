"""People read how it stands with each channel, and let one go on that the sender's brake has stopped."""

from datetime import datetime
from typing import Any

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel

from services.notifier.lanes import LANES
from services.notifier.sender_brake import CHANNELS, Cause, Level
from services.notifier.store import returned
from shared.answers import Name
from shared.api import Db, IdempotencyKey, Problem, Role, allow, caller_of, once
from shared.postgres import Tx

MAY_FAIL: dict[int | str, dict[str, Any]] = {
    404: {"description": "there is no such channel"},
    409: {"description": "the channel does not pause"},
}

router = APIRouter(prefix="/v1/channels", tags=["notifier"])


class ChannelView(BaseModel):
    """How it stands with one channel, as it was judged last."""

    channel: str
    level: Level
    cause: Cause | None  # what there is too much of
    sent: int  # within a day, and after a person let it go on; not counted further than it matters
    bounced: int
    complained: int
    judged_at: datetime
    paused_at: datetime | None  # set: only what is critical or asked for is sent
    resumed_at: datetime | None
    resumed_by: str | None


class ChannelsView(BaseModel):
    """All channels that were judged."""

    items: list[ChannelView]
    next: None = None


@router.get("", dependencies=[allow(Role.AGENT)])
async def list_channels(database: Db) -> ChannelsView:
    """Returns how it stands with each channel."""
    async with database.connection() as connection:
        return await _channels(connection)


@router.post("/{channel}/resume", response_model=ChannelsView, responses=MAY_FAIL, dependencies=[allow(Role.OPERATOR)])
async def resume(channel: Name, request: Request, database: Db, idempotency_key: IdempotencyKey = None) -> Response:
    """Lets a channel go on that pauses: what came back before counts no more, and what waits is decided at once."""
    person = caller_of(request).person

    async def act(tx: Tx) -> ChannelsView:
        if channel not in CHANNELS:
            raise Problem(404, "there is no such channel")
        if not await returned.resume(tx, channel, person):
            raise Problem(409, "the channel does not pause")
        await tx.execute(returned.queries.hasten_paused, list(LANES))
        return await _channels(tx)

    return await once(request, database, idempotency_key, act)


async def _channels(tx: Tx) -> ChannelsView:
    return ChannelsView(items=[ChannelView(**row) for row in await returned.brakes(tx)])
