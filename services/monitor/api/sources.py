"""monitor over HTTP: people read what became of each source's records, and try another mapping on the latest ones."""

import asyncio
import heapq
import json
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import count
from typing import Annotated, Any, Literal

from aiokafka import ConsumerRecord
from fastapi import APIRouter
from pydantic import BaseModel, Field, ValidationError

from services.monitor.sources.file import Source, SourcesFile
from services.monitor.sources.reading import Reader, Record
from services.monitor.sources.shape import shape
from services.monitor.sources.trying import Tried
from services.monitor.store.sources import OTLP, of_hook, of_topic, queries
from shared.answers import Name
from shared.api import Body, Db, Problem, Role, allow
from shared.connecting.brokers import Brokers
from shared.failed import Failed
from shared.letters.reading import everything
from shared.streaming.unpacking import Unreadable

MOST = 500  # records a mapping is tried on
BYTES = 8 << 20  # of them all: of larger ones fewer are looked at
LARGEST = 50_000  # bytes of an event that is shown
WITHIN = 10.0  # seconds for the broker to bring them

Latest = Callable[[str, int], Awaitable[Sequence[Record]]]  # returns the latest records of a topic, the oldest first. Raises Failed


class ReasonView(BaseModel):
    """Why records of a source became nothing, and the last one of them."""

    reason: str
    records: int
    detail: str  # names fields, never what they hold
    place: str  # partition and offset; empty where there are none
    shape: str  # JSON with the kinds of values in their places; empty when it is none
    last_at: datetime


class SourceView(BaseModel):
    """One source of sources.yml, and what became of its records since counting began. A hook's are events, and requests that made none."""

    source: str
    kind: Literal["topic", "hook", "otlp"]
    name: str
    format: str  # of a topic's records; what kind of hook it is
    mapping: dict[str, Any] | None  # of a topic, as sources.yml has it
    since: datetime | None  # none: nothing was ever heard of it
    last_at: datetime | None  # the last record: since then it is silent
    mapped_at: datetime | None  # the last one that became something
    mapped: int
    left_out: int  # as the source says
    unmapped: int  # that fit the mapping nowhere
    bad: int  # that could not be read
    reasons: list[ReasonView]


class SourcesView(BaseModel):
    """All sources, in the order of the file."""

    sources: list[SourceView]


class Trying(Body):
    """A mapping to be tried on a topic's latest records."""

    topic: Name
    mapping: Annotated[dict[str, Any] | None, Field(description="as in sources.yml, without the topic; else the one in force")] = None
    last: Annotated[int, Field(ge=1, le=MOST)] = 100


class MisfitView(BaseModel):
    """One record that fits the mapping nowhere."""

    place: str
    detail: str  # names fields, never what they hold
    shape: str


class WrongView(BaseModel):
    """Why records would become nothing, with three of them."""

    reason: str
    records: int
    examples: list[MisfitView]


class TriedView(BaseModel):
    """What the mapping would make of the records. Nothing was written."""

    records: int
    mapped: int
    left_out: int
    refused: int
    types: dict[str, int]  # of events
    events: list[dict[str, Any]]  # the first three, but for those of more than 50,000 bytes
    reasons: list[WrongView]


def sources_router(file: SourcesFile, latest: Latest) -> APIRouter:
    """Makes the endpoints about these sources. `latest`: reads records of a topic."""
    router = APIRouter(prefix="/v1/sources", tags=["sources"])
    topics = {each.topic: each for each in file.sources}
    one_at_a_time = asyncio.Lock()

    @router.get("", dependencies=[allow(Role.AGENT)])
    async def list_sources(database: Db) -> SourcesView:
        """Returns each source, when it spoke last, and what became of its records: mapped, left out, unmapped and why, bad."""
        async with database.connection() as connection:
            counted = {row["source"]: dict(row) for row in await connection.fetch(queries.sources)}
            rows = await connection.fetch(queries.reasons)
        reasons: dict[str, list[ReasonView]] = defaultdict(list)
        for row in rows:
            reasons[row["source"]].append(ReasonView(**{name: row[name] for name in ReasonView.model_fields}))
        return SourcesView(sources=[_view(each, counted.get(each["source"], {}), reasons) for each in _sources(file)])

    @router.post("/try", dependencies=[allow(Role.OPERATOR)])
    async def try_mapping(trying: Trying, database: Db) -> TriedView:
        """Says what a mapping would make of a source's latest records. It changes nothing, and holds nothing up.

        422 names what is wrong with the mapping, 404 a topic that sources.yml does not have, 503 when Kafka does not bring the records,
        and 409 while another mapping is tried.
        """
        if trying.topic not in topics:
            raise Problem(404, "sources.yml has no source of this topic")
        reader = Reader(_mapping(topics[trying.topic], trying.mapping))
        if one_at_a_time.locked():
            raise Problem(409, "another mapping is tried: try again in a moment")
        async with one_at_a_time:
            try:
                async with asyncio.timeout(WITHIN):
                    records = await latest(trying.topic, trying.last)
            except (Failed, TimeoutError):
                raise Problem(503, "Kafka does not bring the records: try again in a moment") from None
            async with database.connection() as connection:
                now: datetime = await connection.fetchval("SELECT clock()")
            return await asyncio.to_thread(_tried, reader, records, now)

    return router


def _sources(file: SourcesFile) -> Iterator[dict[str, Any]]:
    for source in file.sources:
        mapping = source.model_dump(mode="json", exclude_unset=True, by_alias=True, exclude={"topic"}, warnings=False)
        yield {"source": of_topic(source.topic), "kind": "topic", "name": source.topic, "format": source.format, "mapping": mapping}
    for hook in file.hooks:
        yield {"source": of_hook(hook.name), "kind": "hook", "name": hook.name, "format": hook.kind, "mapping": None}
    yield {"source": OTLP, "kind": "otlp", "name": "OpenTelemetry's logs", "format": "otlp", "mapping": None}


def _view(of: Mapping[str, Any], counted: Mapping[str, Any], reasons: Mapping[str, list[ReasonView]]) -> SourceView:
    counts = {name: counted.get(name, 0) for name in ("mapped", "left_out", "unmapped", "bad")}
    moments = {name: counted.get(name) for name in ("since", "last_at", "mapped_at")}
    return SourceView(**of, **counts, **moments, reasons=reasons.get(of["source"], []))


def _mapping(source: Source, said: Mapping[str, Any] | None) -> Source:
    """Returns the source with another mapping. Raises a 422 problem that names each mistake."""
    if said is None:
        return source
    try:
        return Source.model_validate({**said, "topic": source.topic})
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)
        errors = [{"at": ".".join(map(str, each["loc"])), "why": each["msg"]} for each in first]
        raise Problem(422, "the mapping does not say what it must", errors=errors) from None
    except RecursionError:
        raise Problem(422, "the mapping is nested too deep") from None


def _tried(reader: Reader, records: Sequence[Record], now: datetime) -> TriedView:
    tried = Tried()
    for record in records:
        tried.take(reader, record, now)
    wrong = [
        WrongView(reason=reason, records=number, examples=[_misfit(record, where) for record, where, _ in tried.examples[reason]])
        for reason, number in tried.reasons.most_common()
    ]
    return TriedView(
        records=tried.records,
        mapped=tried.mapped,
        left_out=tried.left_out,
        refused=tried.refused,
        types=dict(tried.events.most_common(100)),
        events=[json.loads(each.value) for each in tried.first if len(each.value) <= LARGEST],
        reasons=wrong,
    )


def _misfit(record: Record, where: str) -> MisfitView:
    return MisfitView(place=f"partition {record.partition} offset {record.offset}", detail=where[:300], shape=shape(record.value))


def latest_of(brokers: Brokers) -> Latest:
    """Returns what reads the latest records of a topic at these brokers, as many as their bytes allow."""

    async def latest(topic: str, last: int) -> Sequence[Record]:
        held: list[tuple[int, int, ConsumerRecord]] = []  # a heap: the oldest is first
        size, number = 0, count()
        async for record in everything(replace(brokers, foreign=frozenset({topic})), topic, last):
            if isinstance(record, Unreadable):
                continue
            heapq.heappush(held, (record.timestamp or 0, next(number), record))
            size += len(record.value or b"")
            while len(held) > last or (size > BYTES and len(held) > 1):
                size -= len(heapq.heappop(held)[2].value or b"")
        return [record for _, _, record in sorted(held, key=lambda each: each[:2])]

    return latest
