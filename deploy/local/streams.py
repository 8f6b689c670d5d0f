"""`forewarn streams`: what each service reads and how far, why one has stopped, what no broker took; and the ways to let it go on."""

from collections.abc import Iterator, Sequence
from typing import Annotated, Any
from urllib.parse import quote

import typer

from deploy.local.asking import DEFAULT_URLS, Token, Urls, ask_all
from deploy.local.printable import printable
from deploy.local.running import run

LINE = "{:<10} {:<20} {:>9} {:>9} {:>9}   {}"  # of the table

Topic = Annotated[str, typer.Argument(help="A topic of the table.")]

streams = typer.Typer(help="Streams: what is read, what has stopped and why, and how to let it go on.")


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
    answers = await ask_all(urls, token, "/v1/streams")
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
    answers = await ask_all(urls, token, f"/v1/streams/{quote(topic, safe='')}/release", {"put_aside": put_aside})
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
    answers = await ask_all(urls, token, "/v1/unpublished/send", {"topic": topic})
    for answer in answers:
        print(f"{answer.url}: {answer.body['rows']:,} records are sent again" if answer.status == 200 else answer.complaint())
    return 0 if all(answer.status == 200 for answer in answers) else 1
