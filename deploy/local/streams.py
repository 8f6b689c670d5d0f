"""`forewarn streams`: what each service reads and how far, why one has stopped, what no broker took; and the ways to let it go on."""

import asyncio
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from http.client import HTTPException
from typing import Annotated, Any, Generic, TypeVar
from urllib.error import HTTPError
from urllib.parse import quote
from urllib.request import Request, urlopen

import typer
from pydantic import BaseModel, ValidationError

from deploy.local.printable import printable
from deploy.local.processes import Failed
from deploy.local.running import run
from deploy.local.terminal import say
from shared.streams_api import BrakeView, Released, SampleView, SentAgain, Streams, StreamView

LINE = "{:<10} {:<20} {:>9} {:>9} {:>9}   {}"  # of the table
WITHIN_S = 10.0  # for an answer
MOST = 16 << 20  # bytes of an answer
DEFAULT_URLS = ("http://localhost:8001", "http://localhost:8002", "http://localhost:8003")
TO_GET_IN = "set FOREWARN_OPERATOR_TOKEN (`forewarn up` prints it; in compose: docker compose exec monitor cat /run/secrets/operator_token)"

Urls = Annotated[
    list[str] | None,
    typer.Option("--url", envvar="FOREWARN_URLS", help=f"Where a service is; once for each. When not given: {', '.join(DEFAULT_URLS)}."),
]
Token = Annotated[str, typer.Option(envvar="FOREWARN_OPERATOR_TOKEN", help="The operator's token.", show_default=False)]
Topic = Annotated[str, typer.Argument(help="A topic of the table.")]

streams = typer.Typer(help="Streams: what is read, what has stopped and why, and how to let it go on.")


S = TypeVar("S", bound=BaseModel)


@dataclass(frozen=True)
class Answer(Generic[S]):
    """What one service said; or why it did not: what is wrong, and the status when there is one (else 0)."""

    url: str
    status: int
    said: S | None = None
    trouble: str = ""

    def complaint(self) -> str:
        """What is wrong, for people."""
        if self.status == 401:
            return f"{self.url} does not know this token: {TO_GET_IN}"
        return f"{self.url} {'refuses' if self.status else 'does not answer'}: {printable(self.trouble)}"


# ── the commands ─────────────────────────────────────────────────────────────────────────────


@streams.callback(invoke_without_command=True)
def show(context: typer.Context, url: Urls = None, token: Token = "") -> None:
    """Each service's streams with lag, dead letters since its start and state; what has stopped, with reasons and samples."""
    if context.invoked_subcommand is None:
        raise typer.Exit(run(lambda: show_on(url or DEFAULT_URLS, token)))


@streams.command()
def release(
    topic: Topic,
    put_aside: Annotated[
        bool, typer.Option("--put-aside", help="What fails among the records that wait now becomes dead letters, however many.")
    ] = False,
    url: Urls = None,
    token: Token = "",
) -> None:
    """Lets a topic go on whose brake is on: it is tried again from where it stopped, and judged anew."""
    raise typer.Exit(run(lambda: release_on(url or DEFAULT_URLS, token, topic, put_aside)))


@streams.command()
def publish(
    topic: Annotated[str | None, typer.Argument(help="Only what goes to this topic; everything when not given.")] = None,
    url: Urls = None,
    token: Token = "",
) -> None:
    """Sends the records again that the broker refused, after the cause is mended."""
    raise typer.Exit(run(lambda: publish_on(url or DEFAULT_URLS, token, topic)))


async def show_on(urls: Sequence[str], token: str) -> int:
    """Prints the table. Returns the exit code: 1 when a service does not answer or a stream has stopped."""
    answers = await _ask_all(urls, token, "/v1/streams", Streams)
    good = [answer.said for answer in answers if answer.said]
    bad = [answer for answer in answers if not answer.said]
    if good:
        say(LINE.format("service", "topic", "lag", "letters", "pointers", "state"))
    for service in good:
        say(*_table(service))
    for service in good:
        say(*_stopped(service), *_unpublished(service))
    say(*(answer.complaint() for answer in bad))
    return 1 if bad or any(stream.brakes for service in good for stream in service.streams) else 0


def _table(read: Streams) -> Iterator[str]:
    for stream in read.streams:
        known = f"{stream.lag:,}" if stream.lag is not None else "unknown"
        letters = f"{sum(stream.dead_letters.values()):,}"
        yield LINE.format(read.service, stream.topic, known, letters, f"{stream.pointers:,}", _state(stream))


def _state(stream: StreamView) -> str:
    if any(brake.release is None for brake in stream.brakes):
        return "STOPPED by the brake"
    if stream.brakes:
        return "released"
    return printable(stream.trouble or "reads")


def _stopped(read: Streams) -> Iterator[str]:
    """Why streams have stopped, and what a busy one puts aside, with samples."""
    for stream in read.streams:
        if stream.brakes:
            yield from _braked(f"{read.service} {stream.topic}", stream.brakes, stream.topic)
        elif stream.samples:
            yield ""
            yield f"{read.service} {stream.topic}: put aside since the start: {_counted(stream.dead_letters)}; the latest:"
            yield from map(_sample, stream.samples)


def _braked(where: str, brakes: Sequence[BrakeView], topic: str) -> Iterator[str]:
    first, partitions = brakes[0], ", ".join(str(each.partition) for each in brakes)
    yield ""
    yield f"{where}: brake since {_time(first.engaged_at)}, partitions {partitions}: {_counted(first.reasons)}"
    yield from map(_sample, first.samples)
    if first.release is None:
        yield f"  mend the cause, then: forewarn streams release {topic} [--put-aside]"


def _counted(reasons: dict[str, int]) -> str:
    return ", ".join(f"{count:,} {printable(reason)}" for reason, count in reasons.items())


def _sample(sample: SampleView) -> str:
    source = f" from {printable(sample.source, longest=100)}" if sample.source else ""
    said = f"{printable(sample.reason)}: {printable(sample.detail)}"
    return f"  partition {sample.partition} offset {sample.offset}{source}: {said}"


def _unpublished(read: Streams) -> Iterator[str]:
    for row in read.unpublished:
        what = f"{row.rows:,} records for {printable(row.topic)}: {printable(row.reason)} (largest {row.largest or 0:,} bytes)"
        yield ""
        yield f"{read.service}: the broker refused {what}, since {_time(row.since)}"
        yield f"  mend the cause, then: forewarn streams publish {printable(row.topic)}"


def _time(moment: datetime) -> str:
    return moment.isoformat(" ", "seconds")


async def release_on(urls: Sequence[str], token: str, topic: str, put_aside: bool) -> int:
    """Prints what was released. Returns the exit code: 1 when nothing was, or a service does not answer."""
    answers = await _ask_all(urls, token, f"/v1/streams/{quote(topic, safe='')}/release", Released, {"put_aside": put_aside})
    for answer in answers:
        if answer.said:
            say(f"{answer.url}: {topic} goes on, {answer.said.partitions} partitions")
        elif answer.status not in (404, 409):  # does not read it, or reads it well
            say(answer.complaint())
    released = any(answer.said for answer in answers)
    if not released:
        say(f"no service that answers has stopped reading {printable(topic)}")
    return 0 if released and all(answer.said or answer.status in (404, 409) for answer in answers) else 1


async def publish_on(urls: Sequence[str], token: str, topic: str | None) -> int:
    """Prints how many records go out again. Returns the exit code: 1 when a service does not answer."""
    answers = await _ask_all(urls, token, "/v1/unpublished/send", SentAgain, {"topic": topic})
    say(*(f"{answer.url}: {answer.said.rows:,} records are sent again" if answer.said else answer.complaint() for answer in answers))
    return 0 if all(answer.said for answer in answers) else 1


# ── asking ───────────────────────────────────────────────────────────────────────────────────


async def _ask_all(urls: Sequence[str], token: str, path: str, shape: type[S], body: dict[str, Any] | None = None) -> list[Answer[S]]:
    return await asyncio.gather(*(asyncio.to_thread(_ask, url.rstrip("/"), token, path, shape, body) for url in urls))


def _ask(url: str, token: str, path: str, shape: type[S], body: dict[str, Any] | None) -> Answer[S]:
    if not url.startswith(("http://", "https://")):
        raise Failed(f"{printable(url)} begins with neither http:// nor https://")
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    try:
        request = Request(url + path, json.dumps(body).encode() if body is not None else None, headers)  # noqa: S310  checked above
        with urlopen(request, timeout=WITHIN_S) as answer:  # noqa: S310
            return Answer(url, answer.status, shape.model_validate_json(answer.read(MOST)))
    except HTTPError as error:
        return Answer(url, error.code, trouble=_detail(error))
    except ValidationError:
        return Answer(url, 0, trouble="what it says is not what this version of Forewarn understands")
    except (OSError, ValueError, HTTPException) as error:
        return Answer(url, 0, trouble=str(error) or repr(error))


class _Problem(BaseModel):
    """A refusal (RFC 9457), as far as it is shown."""

    detail: str


def _detail(refusal: HTTPError) -> str:
    try:
        with refusal:
            return _Problem.model_validate_json(refusal.read(MOST)).detail
    except (OSError, ValueError, HTTPException):
        return str(refusal.code)
