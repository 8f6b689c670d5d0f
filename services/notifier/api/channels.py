"""People read how it stands with each channel, stop one, and let one go on that they or the sender's brake have stopped."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field

from services.notifier.channels.breaker import Breaker
from services.notifier.channels.registry import Route
from services.notifier.lanes import LANES
from services.notifier.returning.brake import Cause, Level, SenderBrake
from services.notifier.store import outcomes, returned, switches
from services.notifier.store.outcomes import WAITING_AT_MOST, Figures, Hour
from shared.answers import Name
from shared.api import Body, Db, IdempotencyKey, Problem, Role, allow, caller_of, once
from shared.events.lines import Line
from shared.postgres import Tx

NO_CHANNEL: dict[int | str, dict[str, Any]] = {404: {"description": "there is no such channel"}}
MAY_FAIL: dict[int | str, dict[str, Any]] = {**NO_CHANNEL, 409: {"description": "the channel does not pause"}}
MAY_NOT_PAUSE: dict[int | str, dict[str, Any]] = {**NO_CHANNEL, 409: {"description": "the channel pauses already"}}

Reason = Annotated[str, Field(max_length=500, description="why; colleagues read it"), Line(500)]


class BreakerView(BaseModel):
    """The circuit breaker, as the instance that answers has it: the provider refuses us, whomever a message is for."""

    since: datetime | None
    next_probe_at: datetime


class ChannelView(BaseModel):
    """How it stands with one channel: the sender's brake as it judged last, and what became of what the channel was given."""

    channel: str
    level: Level
    cause: Cause | None  # what there is too much of, or that a person stopped it
    sent: int  # within a day, and after a person let it go on; not counted further than it matters
    bounced: int
    complained: int
    judged_at: datetime | None  # null: not yet
    paused_at: datetime | None  # set: only what is critical or asked for is sent
    paused_by: str  # the person; empty: it was the brake
    paused_for: str  # the person's reason
    resumed_at: datetime | None
    resumed_by: str | None
    breaker: BreakerView | None  # set: nothing is sent but for a probe
    waiting: int  # what waits for another try, or for the channel to go on
    hour: Figures
    day: Figures
    hours: list[Hour]  # of the last day, the earliest first


class Undecided(BaseModel):
    """What was decided before a channel was: whom nobody is told, by reason."""

    hour: dict[str, int]
    day: dict[str, int]
    waiting: int


class ChannelsView(BaseModel):
    """All channels that are set up, or were judged; what counts against the brake; and why what was to be told was not."""

    items: list[ChannelView]
    next: None = None
    limits: SenderBrake
    suppressed: Undecided
    waiting_at_most: int = WAITING_AT_MOST  # what waits is counted up to so many in all
    counted_until: datetime | None  # outcomes are counted once a minute


class Pausing(Body):
    """A person stops a channel."""

    reason: Annotated[Reason, Field(min_length=1, pattern=r"\S")]


class Resuming(Body):
    """A person lets a channel go on."""

    reason: Reason = ""


def router_of(routes: Mapping[str, Route], brake: SenderBrake) -> APIRouter:
    """Returns the routes about these channels."""
    router = APIRouter(prefix="/v1/channels", tags=["notifier"])
    breakers = {name: route.breaker for name, route in routes.items()}

    @router.get("", dependencies=[allow(Role.AGENT)])
    async def list_channels(database: Db) -> ChannelsView:
        """Returns how it stands with each channel, and what became of what it was given in the last hour and the last day."""
        async with database.connection() as connection:
            return await _channels(connection, breakers, brake)

    @router.post("/{channel}/pause", response_model=ChannelsView, responses=MAY_NOT_PAUSE, dependencies=[allow(Role.OPERATOR)])
    async def pause(channel: Name, said: Pausing, request: Request, database: Db, key: IdempotencyKey = None) -> Response:
        """Has a channel bring only what is critical or asked for, until a person lets it go on: before a provider blocks us, say."""
        person = caller_of(request).person

        async def act(tx: Tx) -> ChannelsView:
            _known(channel, breakers)
            if not await returned.pause(tx, channel, person, said.reason):
                raise Problem(409, "the channel pauses already")
            await switches.log(tx, person, "paused", f"channel {channel}", said.reason)
            return await _channels(tx, breakers, brake)

        return await once(request, database, key, act)

    @router.post("/{channel}/resume", response_model=ChannelsView, responses=MAY_FAIL, dependencies=[allow(Role.OPERATOR)])
    async def resume(
        channel: Name, request: Request, database: Db, said: Resuming | None = None, idempotency_key: IdempotencyKey = None
    ) -> Response:
        """Lets a channel go on that pauses: what came back before counts no more, and what waits is decided at once."""
        person = caller_of(request).person

        async def act(tx: Tx) -> ChannelsView:
            _known(channel, breakers)
            paused = await returned.resume(tx, channel, person)
            if paused is None:
                raise Problem(409, "the channel does not pause")
            figures = {**paused, "paused_at": paused["paused_at"].isoformat()}
            await switches.log(tx, person, "resumed", f"channel {channel}", said.reason if said else "", figures)
            await tx.execute(returned.queries.hasten_paused, list(LANES))
            return await _channels(tx, breakers, brake)

        return await once(request, database, idempotency_key, act)

    return router


def _known(channel: str, breakers: Mapping[str, Breaker]) -> None:
    if channel not in breakers:
        raise Problem(404, "there is no such channel")


async def _channels(tx: Tx, breakers: Mapping[str, Breaker], brake: SenderBrake) -> ChannelsView:
    brakes = {row["channel"]: dict(row) for row in await returned.brakes(tx)}
    counted = await outcomes.counted(tx)
    never = dict.fromkeys(("cause", "judged_at", "paused_at", "resumed_at", "resumed_by"))
    unjudged = {**never, **dict.fromkeys(("sent", "bounced", "complained"), 0), "level": Level.OK, "paused_by": "", "paused_for": ""}
    items = [
        ChannelView(
            **{**unjudged, **brakes.get(name, {}), "channel": name},
            breaker=_breaker(breakers.get(name)),
            waiting=counted.waiting.get(name, 0),
            hour=counted.hour.get(name, Figures()),
            day=counted.day.get(name, Figures()),
            hours=counted.hours.get(name, []),
        )
        for name in dict.fromkeys((*breakers, *brakes))
    ]
    undecided = Undecided(hour=_suppressed(counted.hour), day=_suppressed(counted.day), waiting=counted.waiting.get("", 0))
    return ChannelsView(items=items, limits=brake, suppressed=undecided, counted_until=counted.until)


def _breaker(breaker: Breaker | None) -> BreakerView | None:
    if breaker is None or breaker.next_at is None:
        return None
    return BreakerView(since=breaker.since, next_probe_at=breaker.next_at)


def _suppressed(figures: Mapping[str, Figures]) -> dict[str, int]:
    """Returns why it was decided that nobody is told, of all channels: one that was tried before does not matter then."""
    found: dict[str, int] = {}
    for each in figures.values():
        for reason, many in each.suppressed.items():
            found[reason] = found.get(reason, 0) + many
    return found
