"""`forewarn streams`: what each service reads and how far, why one has stopped, what no broker took; and the ways to let it go on."""

import asyncio
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.error import HTTPError
from urllib.parse import quote, urlsplit
from urllib.request import Request, urlopen

import typer

from deploy.local.printable import printable
from deploy.local.processes import Failed
from deploy.local.running import run
from shared.secret_rules import sendable

LINE = "{:<10} {:<20} {:>9} {:>9} {:>9}   {}"  # of the table
WITHIN_S = 10.0  # for an answer
DEFAULT_URLS = ("http://localhost:8001", "http://localhost:8002", "http://localhost:8003")
TO_GET_IN = "set FOREWARN_OPERATOR_TOKEN (`forewarn up` prints it; in compose: docker compose exec monitor cat /run/secrets/operator_token)"

Urls = Annotated[
    list[str] | None,
    typer.Option("--url", envvar="FOREWARN_URLS", help=f"Where a service is; once for each. When not given: {', '.join(DEFAULT_URLS)}."),
]
Token = Annotated[str, typer.Option(envvar="FOREWARN_OPERATOR_TOKEN", help="The operator's token.", show_default=False)]
Topic = Annotated[str, typer.Argument(help="A topic of the table.")]

streams = typer.Typer(help="Streams: what is read, what has stopped and why, and how to let it go on.")


@dataclass(frozen=True)
class Answer:
    """What one service said: a status and a body, or why it said nothing (status 0)."""

    url: str
    status: int
    body: dict[str, Any]
    trouble: str = ""

    def complaint(self) -> str:
        """What is wrong, for people."""
        if self.status == 401:
            return f"{self.url} does not know this token: {TO_GET_IN}"
        said = self.body.get("detail", self.status)
        return f"{self.url} refuses: {printable(said)}" if self.status else f"{self.url} does not answer: {printable(self.trouble)}"


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
    answers = await _ask_all(urls, token, "/v1/streams")
    good = [answer.body for answer in answers if answer.status == 200]
    bad = [answer for answer in answers if answer.status != 200]
    if good:
        print(LINE.format("service", "topic", "lag", "letters", "pointers", "state"))
    for body in good:
        print("\n".join(_table(body)))
    for body in good:
        for line in (*_stopped(body), *_unpublished(body)):
            print(line)
    for answer in bad:
        print(answer.complaint())
    return 1 if bad or any(stream["brakes"] for body in good for stream in body["streams"]) else 0


def _table(body: dict[str, Any]) -> Iterator[str]:
    for stream in body["streams"]:
        lag, letters = stream["lag"], sum(stream["dead_letters"].values())
        known = f"{lag:,}" if lag is not None else "unknown"
        yield LINE.format(body["service"], stream["topic"], known, f"{letters:,}", f"{stream['pointers']:,}", _state(stream))


def _state(stream: dict[str, Any]) -> str:
    if any(brake["release"] is None for brake in stream["brakes"]):
        return "STOPPED by the brake"
    if stream["brakes"]:
        return "released"
    return printable(stream["trouble"] or "reads")


def _stopped(body: dict[str, Any]) -> Iterator[str]:
    """Why streams have stopped, and what a busy one puts aside, with samples."""
    for stream in body["streams"]:
        where = f"{body['service']} {stream['topic']}"
        for brake in stream["brakes"][:1]:
            partitions = ", ".join(str(each["partition"]) for each in stream["brakes"])
            reasons = ", ".join(f"{count:,} {printable(reason)}" for reason, count in brake["reasons"].items())
            yield f"\n{where}: brake since {brake['engaged_at']}, partitions {partitions}: {reasons}"
            yield from (f"  {_sample(each)}" for each in brake["samples"])
            if brake["release"] is None:
                yield f"  mend the cause, then: forewarn streams release {stream['topic']} [--put-aside]"
        if stream["samples"] and not stream["brakes"]:
            reasons = ", ".join(f"{count:,} {printable(reason)}" for reason, count in stream["dead_letters"].items())
            yield f"\n{where}: put aside since the start: {reasons}; the latest:"
            yield from (f"  {_sample(each)}" for each in stream["samples"])


def _sample(sample: dict[str, Any]) -> str:
    source = f" from {printable(sample['source'], longest=100)}" if sample["source"] else ""
    said = f"{printable(sample['reason'])}: {printable(sample['detail'])}"
    return f"partition {sample['partition']} offset {sample['offset']}{source}: {said}"


def _unpublished(body: dict[str, Any]) -> Iterator[str]:
    for row in body["unpublished"]:
        what = f"{row['rows']:,} records for {printable(row['topic'])}: {printable(row['reason'])} (largest {row['largest'] or 0:,} bytes)"
        yield f"\n{body['service']}: the broker refused {what}, since {row['since']}"
        yield f"  mend the cause, then: forewarn streams publish {printable(row['topic'])}"


async def release_on(urls: Sequence[str], token: str, topic: str, put_aside: bool) -> int:
    """Prints what was released. Returns the exit code: 1 when nothing was, or a service does not answer."""
    answers = await _ask_all(urls, token, f"/v1/streams/{quote(topic, safe='')}/release", {"put_aside": put_aside})
    released = [answer for answer in answers if answer.status == 200]
    for answer in answers:
        if answer.status == 200:
            print(f"{answer.url}: {topic} goes on, {answer.body['partitions']} partitions")
        elif answer.status not in (404, 409):  # does not read it, or reads it well
            print(answer.complaint())
    if not released:
        print(f"no service that answers has stopped reading {printable(topic)}")
    return 0 if released and all(answer.status in (200, 404, 409) for answer in answers) else 1


async def publish_on(urls: Sequence[str], token: str, topic: str | None) -> int:
    """Prints how many records go out again. Returns the exit code: 1 when a service does not answer."""
    answers = await _ask_all(urls, token, "/v1/unpublished/send", {"topic": topic})
    for answer in answers:
        print(f"{answer.url}: {answer.body['rows']:,} records are sent again" if answer.status == 200 else answer.complaint())
    return 0 if all(answer.status == 200 for answer in answers) else 1


# ── asking ───────────────────────────────────────────────────────────────────────────────────


async def _ask_all(urls: Sequence[str], token: str, path: str, body: dict[str, Any] | None = None) -> list[Answer]:
    if not sendable(token):  # the library's own complaint would show it
        raise Failed("FOREWARN_OPERATOR_TOKEN cannot be sent: it has spaces, control characters or letters beyond ASCII")
    return await asyncio.gather(*(asyncio.to_thread(_ask, url.rstrip("/"), token, path, body) for url in urls))


def _ask(url: str, token: str, path: str, body: dict[str, Any] | None) -> Answer:
    if urlsplit(url).scheme not in ("http", "https"):
        raise Failed(f"{printable(url)} begins with neither http:// nor https://")
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    request = Request(url + path, json.dumps(body).encode() if body is not None else None, headers)  # noqa: S310  the scheme was checked above
    try:
        with urlopen(request, timeout=WITHIN_S) as answer:  # noqa: S310
            return Answer(url, answer.status, json.load(answer))
    except HTTPError as error:
        with error:
            return Answer(url, error.code, _problem(error.read()))
    except (OSError, ValueError) as error:
        return Answer(url, 0, {}, str(error))


def _problem(raw: bytes) -> dict[str, Any]:
    try:
        said = json.loads(raw)
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}
