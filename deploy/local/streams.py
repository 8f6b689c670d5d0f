"""Implements `forewarn streams`: what each service reads and how far, why one has stopped, what no broker took; and how to go on."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Annotated
from urllib.parse import quote

import typer

from deploy.local.asking import DEFAULT_URLS, Token, Urls, ask_all, report
from deploy.local.replicas import every_address, merged
from deploy.local.running import run
from deploy.local.terminal import say
from shared.observing.printable import printable
from shared.routes.streams import BrakeView, Released, SampleView, SentAgain, Streams, StreamView

LINE = "{:<13} {:<20} {:>9} {:>9} {:>9}   {}"  # of the table

Topic = Annotated[str, typer.Argument(help="A topic of the table.")]

streams = typer.Typer(help="Streams: what is read, what has stopped and why, and how to let it go on.")


# ── the commands ─────────────────────────────────────────────────────────────────────────────


@streams.callback(invoke_without_command=True)
def show(context: typer.Context, url: Urls = None, token: Token = "") -> None:
    """Shows each service's streams with lag, dead letters since its start and state; what has stopped, with reasons and samples."""
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
    """Lets a topic go on whose brake (circuit breaker) is on: it is tried again from where it stopped, and judged anew."""
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
    answers = await ask_all(await every_address(urls), token, "/v1/streams", Streams)
    good = merged([answer.said for answer in answers if answer.said])
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
    """Yields why streams have stopped, and what a busy one puts aside, with samples."""
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
    answers = await ask_all(urls, token, f"/v1/streams/{quote(topic, safe='')}/release", Released, {"put_aside": put_aside})
    for answer in answers:
        if answer.said:
            say(f"{answer.url}: {topic} goes on, {answer.said.partitions} partitions")
        elif answer.status not in (404, 409):  # the service does not read it, or reads it well
            say(answer.complaint())
    released = any(answer.said for answer in answers)
    if not released:
        say(f"no service that answers has stopped reading {printable(topic)}")
    return 0 if released and all(answer.said or answer.status in (404, 409) for answer in answers) else 1


async def publish_on(urls: Sequence[str], token: str, topic: str | None) -> int:
    """Prints how many records go out again. Returns the exit code: 1 when a service does not answer."""
    answers = await ask_all(urls, token, "/v1/unpublished/send", SentAgain, {"topic": topic})
    return report(answers, lambda said: f"{said.rows:,} records are sent again")
