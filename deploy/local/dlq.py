"""`forewarn dlq`: what was put aside, why, and back onto its topic once the cause is mended. Judges no message."""

from collections import Counter, deque
from collections.abc import Iterator
from datetime import datetime
from typing import Annotated

import typer

from deploy.local.letters import MOST, SUFFIX, Letter, Place, letters, letters_of, receipts, send_back, sending, topics
from deploy.local.printable import printable
from deploy.local.running import run
from shared.dead_letters import PREFIX

AT_ONCE = 200  # letters to a receipt
CLOCK = "%Y-%m-%d %H:%M:%S UTC"
LINE = "{:<22} {:<20} {:>8} {:>8}   {}"  # of the list

Topic = Annotated[str, typer.Argument(help="A topic, with or without .dlq.")]
Kafka = Annotated[str, typer.Option(envvar="FOREWARN_KAFKA", help="Bootstrap servers, host:port[,host:port].")]

dlq = typer.Typer(no_args_is_help=True, help="Dead letters: what no retry would mend, kept as it came.")


# ── the commands ─────────────────────────────────────────────────────────────────────────────


@dlq.command("list")
def list_(
    topic: Annotated[str | None, typer.Argument(help="A topic, with or without .dlq; all that have dead letters when not given.")] = None,
    kafka: Kafka = "localhost:9092",
) -> None:
    """How many there are, by topic and reason; how many of them wait, and since when."""
    raise typer.Exit(run(lambda: list_on(kafka, topic)))


@dlq.command()
def show(
    topic: Topic,
    offset: Annotated[int | None, typer.Option(min=0, help="Where it stands in the .dlq topic; the latest few when not given.")] = None,
    partition: Annotated[int, typer.Option(min=0)] = 0,
    latest: Annotated[int, typer.Option(min=1, help="How many, without an offset.")] = 3,
    kafka: Kafka = "localhost:9092",
) -> None:
    """Dead letters whole: where each stood, why it is here, its headers and its bytes."""
    raise typer.Exit(run(lambda: show_on(kafka, topic, (partition, offset) if offset is not None else None, latest)))


@dlq.command()
def redrive(
    topic: Topic,
    reason: Annotated[str | None, typer.Option(help="Only those with this reason.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would go, and send nothing.")] = False,
    kafka: Kafka = "localhost:9092",
) -> None:
    """Sends those that wait back to their topic, as they came, each once. What is bad for good comes back as another dead letter."""
    raise typer.Exit(run(lambda: redrive_on(kafka, topic, reason, dry_run)))


async def list_on(kafka: str, topic: str | None) -> int:
    """Prints a line for each topic and reason. Returns the exit code."""
    names = [letters_of(topic)] if topic else [each for each in await topics(kafka) if each.endswith(SUFFIX)]
    lines = [line for name in names for line in await _lines(kafka, name)]
    print("\n".join([LINE.format("topic", "reason", "letters", "waiting", "the latest"), *lines] if lines else ["no dead letters"]))
    return 0


async def _lines(kafka: str, name: str) -> list[str]:
    sent = await receipts(kafka, name)
    total, waiting, latest = Counter[str](), Counter[str](), dict[str, datetime]()
    async for letter in letters(kafka, name):
        total[letter.reason] += 1
        waiting[letter.reason] += letter.place not in sent
        latest[letter.reason] = max(letter.at, latest.get(letter.reason, letter.at))
    return [
        LINE.format(name.removesuffix(SUFFIX), printable(reason), count, waiting[reason], format(latest[reason], CLOCK))
        for reason, count in total.most_common()
    ]


async def show_on(kafka: str, topic: str, place: Place | None, latest: int) -> int:
    """Prints the one at `place`, or the latest ones. Returns the exit code: 1 when there is none."""
    name = letters_of(topic)
    sent = await receipts(kafka, name)
    found = deque[Letter](maxlen=latest)
    async for letter in letters(kafka, name):
        if place in (None, letter.place):
            found.append(letter)
    for letter in found:
        print("\n".join(_shown(letter, letter.place in sent)), end="\n\n")
    if not found:
        print(f"no dead letter at partition {place[0]}, offset {place[1]}" if place else "no dead letters")
    return 0 if found else 1


def _shown(letter: Letter, sent: bool) -> Iterator[str]:
    record = letter.record
    yield f"{record.topic} partition {record.partition} offset {record.offset}, put aside {letter.at:{CLOCK}}"
    yield f"  reason     {printable(letter.reason)}: {printable(letter.said('detail') or '')} ({printable(letter.said('error') or '')})"
    yield f"  stood at   {printable(' '.join(letter.said(each) or '?' for each in ('topic', 'partition', 'offset')))}"
    yield f"  first seen {printable(letter.said('first-seen') or '?')}, tried {printable(letter.said('attempts') or '?')} times"
    yield f"  sent back  {letter.redriven} times before{'; this one was, too' if sent else '; this one waits'}"
    yield f"  key        {printable(record.key)}"
    for header, value in record.headers:
        if not header.startswith(PREFIX):
            yield f"  header     {printable(header)}: {printable(value)}"
    yield f"  value      {printable(record.value, longest=4_000)}"


# ── redriving ────────────────────────────────────────────────────────────────────────────────


async def redrive_on(kafka: str, topic: str, reason: str | None = None, dry_run: bool = False) -> int:
    """Sends back what waits, and prints what it did. Returns the exit code: 1 when something is left because it came back too often."""
    name = letters_of(topic)
    going, poison = Counter[str](), 0
    sent = await receipts(kafka, name)
    async with sending(kafka) as sender:

        async def back(piece: list[Letter]) -> None:
            if piece and not dry_run:
                await send_back(sender, name, piece)

        piece: list[Letter] = []
        async for letter in letters(kafka, name):
            if letter.place in sent or reason not in (None, letter.reason):
                continue
            if letter.is_poison:
                poison += 1
                continue
            going[letter.reason] += 1
            piece.append(letter)
            if len(piece) == AT_ONCE:
                await back(piece)
                piece = []
        await back(piece)
    for each, count in going.most_common():
        print(f"{count:,} {printable(each)}")
    print(f"{going.total():,} dead letters {'would go' if dry_run else 'went'} back to {name.removesuffix(SUFFIX)}")
    if poison:
        print(f"{poison:,} stay: they have come back {MOST} times; `forewarn dlq show` says what is wrong with them")
    return 1 if poison else 0
