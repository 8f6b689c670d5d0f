"""Serves the state of streams, on every service: what each reads, why one has stopped, what was put aside; and the two ways to go on."""

from collections.abc import Sequence
from datetime import datetime

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel

from shared.api import Db, IdempotencyKey, Problem, Role, allow, once
from shared.outgoing import unpublished
from shared.postgres import Database, Tx
from shared.stream import Stream
from shared.streaming import brake


class SampleView(BaseModel):
    """Is one record that failed: where it stands, what is wrong, and the CloudEvents source where it can be read."""

    partition: int
    offset: int
    reason: str
    detail: str
    source: str | None


class BrakeView(BaseModel):
    """Is one partition that its brake (circuit breaker) keeps from being read, or whose failures an operator lets pass."""

    partition: int
    engaged_at: datetime
    reasons: dict[str, int]
    samples: list[SampleView]  # with the first ten partitions of a topic
    release: brake.Release | None
    until: int | None


class StreamView(BaseModel):
    """Is one topic as this service reads it.

    `lag`, `dead_letters` (since the start) and `samples` are those of the instance that answers.
    """

    topic: str
    trouble: str | None
    lag: int | None
    dead_letters: dict[str, int]
    pointers: int
    samples: list[SampleView]
    brakes: list[BrakeView]


class UnpublishedView(BaseModel):
    """Counts rows the broker refused, by topic and reason."""

    topic: str
    reason: str
    rows: int
    largest: int | None
    since: datetime


class Streams(BaseModel):
    """Lists everything a service reads, and what it could not publish."""

    service: str
    streams: list[StreamView]
    unpublished: list[UnpublishedView]


class ReleaseRequest(BaseModel):
    """Says how to go on; with `put_aside`, what fails among the records that wait now becomes dead letters, however many."""

    put_aside: bool = False


class Released(BaseModel):
    topic: str
    partitions: int


class SendAgain(BaseModel):
    """Selects the rows: of one topic, or of all when none is named."""

    topic: str | None = None


class SentAgain(BaseModel):
    rows: int


def streams_router(service: str, streams: Sequence[Stream]) -> APIRouter:
    """Makes the endpoints for these streams of this service."""
    router = APIRouter(prefix="/v1", tags=["streams"], dependencies=[allow(Role.OPERATOR)])

    @router.get("/streams")
    async def list_streams(database: Db) -> Streams:
        """Lists each stream with its lag, what it put aside, and its brake; and the rows that could not be published."""
        return await streams_of(database, service, streams)

    @router.post("/streams/{topic}/release", response_model=Released)
    async def release_stream(
        request: Request, database: Db, topic: str, how: ReleaseRequest, idempotency_key: IdempotencyKey = None
    ) -> Response:
        """Lets every instance that has stopped reading the topic read on, within some seconds.

        404 for a topic that is not among the service's, 409 when its brake is not on.
        """
        if topic not in {stream.topic for stream in streams}:
            raise Problem(404, f"{service} does not read {topic}")

        async def act(tx: Tx) -> Released:
            way = brake.Release.PUT_ASIDE if how.put_aside else brake.Release.RETRY
            partitions = await brake.release(tx, service, topic, way)
            if not partitions:
                raise Problem(409, f"the brake of {topic} is not on")
            return Released(topic=topic, partitions=partitions)

        return await once(request, database, idempotency_key, act)

    @router.post("/unpublished/send", response_model=SentAgain)
    async def send_again(request: Request, database: Db, which: SendAgain, idempotency_key: IdempotencyKey = None) -> Response:
        """Gives rows that the broker refused back to the relay, after the cause is mended."""

        async def act(tx: Tx) -> SentAgain:
            return SentAgain(rows=await unpublished.send_again(tx, which.topic))

        return await once(request, database, idempotency_key, act)

    return router


async def streams_of(database: Database, service: str, streams: Sequence[Stream]) -> Streams:
    """Returns how these streams of this process are, and what the service could not publish."""
    async with database.connection() as connection:
        brakes = [dict(row) for row in await connection.fetch(brake.ENGAGED, service)]
        waiting = [UnpublishedView(**dict(row)) for row in await connection.fetch(unpublished.WAITING)]
    views = [await _view(stream, [BrakeView(**row) for row in brakes if row["topic"] == stream.topic]) for stream in streams]
    return Streams(service=service, streams=views, unpublished=waiting)


async def _view(stream: Stream, brakes: list[BrakeView]) -> StreamView:
    aside = stream.aside
    return StreamView(
        topic=stream.topic,
        trouble=await stream.trouble(),
        lag=await stream.lag(),
        dead_letters=dict(aside.since_start),
        pointers=aside.pointers.total(),
        samples=[SampleView(**brake.plain(sample)) for sample in aside.samples],
        brakes=brakes,
    )
