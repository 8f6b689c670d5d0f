"""Exporters and collectors of OpenTelemetry send logs over HTTP (OTLP/HTTP): what sources.yml makes of them are product events.

https://opentelemetry.io/docs/specs/otlp/#otlphttp
"""

import asyncio
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from types import ModuleType

from fastapi import APIRouter, Request, Response

from services.monitor.sources.otlp import json, protobuf
from services.monitor.sources.otlp.log import Log
from services.monitor.sources.otlp.model import Otlp
from services.monitor.sources.otlp.reading import LogReader, Taken, TooMany
from services.monitor.store import sources
from shared.api import Db, Problem, Role, allow
from shared.outbox import Lane, Message, put
from shared.postgres import TRANSIENT

UNPACKED = 2 << 20  # bytes of a body, once unpacked; messages of no content take fifty times as much to hold
AWAY = "2"  # seconds until an exporter tries again
GZIP = 31  # what zlib calls gzip, with the largest window


@dataclass(frozen=True)
class Encoding:
    """Is how requests of one content type are read and answered."""

    content_type: str
    logs: Callable[[bytes], Iterator[Log]]
    answer: Callable[[int, str], bytes]
    status: Callable[[str], bytes]

    def refusal(self, status: int, why: str, headers: dict[str, str] | None = None) -> Response:
        """Returns a google.rpc.Status: the specification's form of a refusal."""
        return Response(self.status(why), status, headers, self.content_type)


def _encoding(content_type: str, module: ModuleType) -> Encoding:
    return Encoding(content_type, module.logs, module.answer, module.status)


ENCODINGS = {each.content_type: each for each in (_encoding("application/x-protobuf", protobuf), _encoding("application/json", json))}


def router_of(otlp: Otlp) -> APIRouter:
    """Returns the route of logs, which are read as the file says."""
    router, reader = APIRouter(prefix="/v1"), LogReader(otlp)
    one_at_a_time = asyncio.Lock()  # reading takes the processor, and up to a hundred times a body's memory

    @router.post("/logs", dependencies=[allow(Role.PRODUCER)], tags=["events"], response_class=Response)
    async def accept_logs(request: Request, database: Db) -> Response:
        """Takes an ExportLogsServiceRequest of OTLP/HTTP, in Protobuf or JSON, gzipped or not: at most 10,000 log records.

        200 says how many records were rejected, and why; the others are stored, and each counts once however often it is sent.
        400 for what cannot be read, 413 above 2 MiB once unpacked, 415 for another type or packing, 503 with Retry-After while the
        database is away. Refusals are a google.rpc.Status in the request's encoding.
        """
        encoding = ENCODINGS.get(request.headers.get("content-type", "").partition(";")[0].strip().lower())
        if encoding is None:
            raise Problem(415, f"send {' or '.join(ENCODINGS)}")
        try:
            body, packing = await request.body(), request.headers.get("content-encoding", "")
            async with database.connection() as connection:
                now: datetime = await connection.fetchval("SELECT clock()")
            async with one_at_a_time:
                taken = await asyncio.to_thread(_taken, reader, encoding.logs, body, packing, now)
            async with database.transaction() as tx:
                await put(tx, [Message(each.topic, each.key, each.value) for each in taken.ready], Lane.BULK)
                await sources.count(tx, sources.OTLP, _heard(taken))
        except Problem as problem:
            return encoding.refusal(problem.status_code, problem.detail)
        except TRANSIENT:
            return encoding.refusal(503, "the database is away, try again", {"Retry-After": AWAY})
        return Response(encoding.answer(taken.rejected, taken.why()), media_type=encoding.content_type)

    return router


def _heard(taken: Taken) -> sources.Heard:
    """Returns what became of a request's records."""
    reasons: dict[str, sources.Why] = {}
    for detail, count in taken.reasons.items():
        why = reasons.setdefault(detail.partition(": ")[0], sources.Why(0, detail))
        why.records += count
    return sources.Heard(taken.mapped, taken.left_out, taken.rejected, reasons=reasons)


def _taken(reader: LogReader, logs: Callable[[bytes], Iterator[Log]], body: bytes, packing: str, now: datetime) -> Taken:
    """Returns what the records become. Raises a problem for a body that cannot be read."""
    unpacked = _unpacked(body, packing)
    try:
        return reader.events(logs(unpacked), now)
    except TooMany as error:
        raise Problem(413, str(error)) from None
    except RecursionError:
        raise Problem(400, "nested too deep") from None
    except ValueError as error:
        raise Problem(400, str(error)) from None


def _unpacked(body: bytes, packing: str) -> bytes:
    """Returns the body without its packing. Raises a problem for one that is not gzip, is cut short, or is too large."""
    if packing.strip().lower() in ("", "identity"):
        return body
    if packing.strip().lower() != "gzip":
        raise Problem(415, "a body is packed with gzip, or not at all")
    unpacking = zlib.decompressobj(GZIP)
    try:
        unpacked = unpacking.decompress(body, UNPACKED + 1)
    except zlib.error:
        raise Problem(400, "the body is not gzip") from None
    if len(unpacked) > UNPACKED:
        raise Problem(413, f"a body may have {UNPACKED} bytes once it is unpacked: set send_batch_max_size")
    if not unpacking.eof or unpacking.unused_data:  # several members would be read one by one, and each copies the rest
        raise Problem(400, "the body is not one whole gzip member")
    return unpacked
