"""Implements `forewarn dlq`: shows dead letters and their reasons, and sends them back to their topic. Judges no message."""

from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from deploy.local.asking import DEFAULT_URLS, Token, Urls
from deploy.local.connecting import DEFAULT, Kafka, brokers_at
from deploy.local.erased import Erased
from deploy.local.remapping import Remapping
from deploy.local.running import run
from deploy.local.sources import Own, sources_of
from deploy.local.terminal import say
from deploy.topics import RECEIPTS
from services.monitor.sources.file import Source
from shared.connecting.brokers import Brokers
from shared.events import Topic as Topics
from shared.letters import redriving as sending
from shared.letters.erased import spared
from shared.letters.letters import MOST, SUFFIX, Letter, NoLetter, Place, letters, letters_of
from shared.letters.reading import topics
from shared.letters.receipts import Receipts, receipts
from shared.letters.redriving import Redrive
from shared.observing.printable import printable
from shared.streaming.dead_letters import PREFIX

REASONS = 30  # lines of the list for one topic: a reason is whatever a header says
HEADERS = 50  # of a letter that are shown
CLOCK = "%Y-%m-%d %H:%M:%S UTC"
LINE = "{:<22} {:<20} {:>8} {:>8}   {}"  # of the list

Topic = Annotated[str, typer.Argument(help="A topic, with or without .dlq.")]
Unchecked = Annotated[bool, typer.Option("--unchecked", help="Ask no service whose customers were erased: theirs count as any other.")]

dlq = typer.Typer(no_args_is_help=True, help="Dead letters: what no retry would mend, kept as it came.")


# ── the commands ─────────────────────────────────────────────────────────────────────────────


@dlq.command("list")
def list_(
    topic: Annotated[str | None, typer.Argument(help="A topic, with or without .dlq; all that have dead letters when not given.")] = None,
    kafka: Kafka = DEFAULT,
) -> None:
    """Counts dead letters by topic and reason; says how many of them wait, and since when."""
    raise typer.Exit(run(lambda: list_on(brokers_at(kafka), topic)))


@dlq.command()
def show(
    topic: Topic,
    offset: Annotated[int | None, typer.Option(min=0, help="Where it stands in the .dlq topic; the latest few when not given.")] = None,
    partition: Annotated[int, typer.Option(min=0)] = 0,
    latest: Annotated[int, typer.Option(min=1, help="How many, without an offset.")] = 3,
    kafka: Kafka = DEFAULT,
    url: Urls = None,
    token: Token = "",
    unchecked: Unchecked = False,
) -> None:
    """Shows dead letters whole: where each stood, why it is here, its headers and its bytes. Nothing is shown of erased customers."""
    place, erased = (partition, offset) if offset is not None else None, Erased(() if unchecked else url or DEFAULT_URLS, token)
    raise typer.Exit(run(lambda: show_on(brokers_at(kafka), topic, place, latest, erased)))


@dlq.command()
def redrive(
    topic: Topic,
    reason: Annotated[str | None, typer.Option(help="Only those with this reason.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would go, and send nothing.")] = False,
    kafka: Kafka = DEFAULT,
    url: Urls = None,
    token: Token = "",
    unchecked: Unchecked = False,
    own: Own = Path("config"),
) -> None:
    """Sends those that wait back to their topic, as they came, each once. What is bad for good comes back as another dead letter.

    Those of a topic that sources.yml names are mapped once more, as it says now: nothing is written to another system's topic.
    Those of erased customers stay where they are.
    """
    erased = Erased(() if unchecked else url or DEFAULT_URLS, token)

    async def command() -> int:
        source = sources_of(own).get(letters_of(topic).removesuffix(SUFFIX))
        return await redrive_on(brokers_at(kafka), topic, reason, dry_run, erased, source)

    raise typer.Exit(run(command))


async def list_on(brokers: Brokers, topic: str | None) -> int:
    """Prints a line for each topic and reason. Returns the exit code."""
    names = [letters_of(topic)] if topic else [each for each in await topics(brokers) if each.endswith(SUFFIX)]
    sent = await receipts(brokers)
    lines = [line for name in names for line in await _lines(brokers, name, sent)]
    say(*([LINE.format("topic", "reason", "letters", "waiting", "the latest"), *lines] if lines else ["no dead letters"]))
    if sent.odd:
        say(f"{sent.odd:,} records of {RECEIPTS} are no receipts, and mark nothing as sent back")
    return 0


async def _lines(brokers: Brokers, name: str, sent: Receipts) -> list[str]:
    topic = name.removesuffix(SUFFIX)
    total, waiting, pointers, latest = Counter[str](), Counter[str](), Counter[str](), dict[str, int]()
    others = list[NoLetter]()
    async for letter in letters(brokers, name):
        if isinstance(letter, NoLetter):
            others.append(letter)
            continue
        total[letter.reason] += 1
        waiting[letter.reason] += letter.record not in sent
        pointers[letter.reason] += letter.is_pointer
        latest[letter.reason] = max(letter.record.timestamp, latest.get(letter.reason, letter.record.timestamp))
    lines = [
        LINE.format(topic, printable(reason), count, waiting[reason], _when(latest[reason]))
        + (f", {pointers[reason]:,} without their bytes" if pointers[reason] else "")
        for reason, count in total.most_common(REASONS)
    ]
    if rest := total.most_common()[REASONS:]:
        lines.append(LINE.format(topic, "(other reasons)", sum(count for _, count in rest), sum(waiting[reason] for reason, _ in rest), ""))
    if others:
        last = others[-1]
        lines.append(LINE.format(topic, "(no letters)", len(others), 0, f"partition {last.place[0]} offset {last.place[1]}: {last.wrong}"))
    return lines


def _when(milliseconds: int) -> str:
    """Formats a record's time; a Kafka client may claim any."""
    try:
        return format(datetime.fromtimestamp(milliseconds / 1000, UTC), CLOCK)
    except (ValueError, OverflowError, OSError):
        return f"at no time there is ({milliseconds:,} ms)"


async def show_on(brokers: Brokers, topic: str, place: Place | None, latest: int, erased: Erased | None = None) -> int:
    """Prints the letter at `place`, or the latest ones, without the erased. Returns the exit code: 1 when there is none."""
    name = letters_of(topic)
    sent = await receipts(brokers)
    found = deque[Letter | NoLetter](maxlen=latest)
    async for letter in letters(brokers, name):
        if place in (None, letter.place):
            found.append(letter)
    gone = await (erased or Erased()).among([(letter, letter.record) for letter in found if isinstance(letter, Letter)])
    for letter in found:
        if isinstance(letter, NoLetter):
            say(f"{name} partition {letter.place[0]} offset {letter.place[1]} is no dead letter: {letter.wrong}", "")
        elif (record := spared(letter.record, gone.get(letter.place, ()))) is None:
            say(f"{name} partition {letter.place[0]} offset {letter.place[1]} is about a customer who was erased: it is not shown", "")
        else:
            say(*_shown(Letter(record), letter.record in sent), "")
    if not found:
        say(f"no dead letter at partition {place[0]}, offset {place[1]}" if place else "no dead letters")
    return 0 if found else 1


def _shown(letter: Letter, sent: bool) -> Iterator[str]:
    record = letter.record
    yield f"{record.topic} partition {record.partition} offset {record.offset}, put aside {_when(record.timestamp)}"
    yield f"  reason     {printable(letter.reason)}: {printable(letter.said('detail') or '')} ({printable(letter.said('error') or '')})"
    yield f"  stood at   {printable(' '.join(letter.said(each) or '?' for each in ('topic', 'partition', 'offset')))}"
    yield f"  first seen {printable(letter.said('first-seen') or '?')}, tried {printable(letter.said('attempts') or '?')} times"
    yield f"  sent back  {letter.redriven} times before{'; this one was, too' if sent else '; this one waits'}"
    if letter.is_pointer:
        yield f"  {letter.said('form'):<10} no bytes here: {letter.size:,} of them, sha256 {printable(letter.said('sha256') or '?')},"
        yield "             stand where it stood for as long as the topic keeps them; redrive reads them there"
        return
    yield f"  key        {printable(record.key)}"
    own = [(header, value) for header, value in record.headers if not header.startswith(PREFIX)]
    for header, value in own[:HEADERS]:
        yield f"  header     {printable(header)}: {printable(value)}"
    if len(own) > HEADERS:
        yield f"  header     … and {len(own) - HEADERS:,} more"
    yield f"  value      {printable(record.value, longest=4_000)}"


# ── redriving ────────────────────────────────────────────────────────────────────────────────


def _lines_of(done: Redrive, topic: str, dry_run: bool, *, mapped: bool = False) -> Iterator[str]:
    """Yields the counts as lines for people."""
    for each, count in done.going.most_common(REASONS):
        yield f"{count:,} {printable(each)}"
    went = f"{'would be' if dry_run else 'were'} mapped once more" if mapped else f"{'would go' if dry_run else 'went'} back to {topic}"
    yield f"{done.going.total():,} dead letters {went}"
    if done.poison:
        yield f"{done.poison:,} stay: they have come back {MOST} times; `forewarn dlq show` says what is wrong with them"
    if done.gone:
        yield f"{done.gone:,} stay: they are pointers, and {topic} does not keep their records, or no client can unpack them"
    if done.refused and mapped:
        yield f"{done.refused:,} stay: they fit the mapping nowhere; `forewarn sources try` says why"
    elif done.refused:
        yield f"{done.refused:,} stay: their records are larger than {topic} takes, or lack the key it needs"
    if done.foreign:
        yield f"{done.foreign:,} stay: {topic} is another system's, nothing is written to it, and sources.yml does not name it"
    if done.erased:
        yield f"{done.erased:,} stay: their customers were erased"
    if done.others:
        yield f"{done.others:,} stay: they are no dead letters; `forewarn dlq show` says what is wrong with them"


async def redrive_on(
    brokers: Brokers,
    topic: str,
    reason: str | None = None,
    dry_run: bool = False,
    erased: Erased | None = None,
    source: Source | None = None,
) -> int:
    """Sends back what waits, or maps it once more where it is a `source`'s, and prints what it did.

    Returns the exit code: 1 when something that should have gone is left.
    """
    among, theirs, remapping = (erased or Erased()).among, letters_of(topic).removesuffix(SUFFIX), None
    if theirs not in set(Topics):
        brokers, remapping = replace(brokers, foreign=frozenset({theirs})), Remapping(source, dry_run=dry_run) if source else None
    stays = dry_run and not source
    done = await sending.redrive(brokers, topic, lambda letter: reason in (None, letter.reason), among, stays, remapping)
    say(*_lines_of(done, theirs, dry_run, mapped=source is not None))
    return 1 if done.left else 0
