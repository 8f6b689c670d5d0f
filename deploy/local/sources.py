"""Implements `forewarn sources`: shows what the mapping of a source makes of records, before monitor reads them. Writes nothing."""

import time
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from aiokafka import ConsumerRecord

from deploy.local.check import SHIPPED
from deploy.local.connecting import DEFAULT, Kafka, brokers_at
from deploy.local.processes import Failed
from deploy.local.running import run
from deploy.local.terminal import say
from services.monitor.sources.file import Source, SourcesFile
from services.monitor.sources.reading import Reader, Record
from services.monitor.sources.trying import Tried
from shared.configuration.files import ConfigError, file_of, load
from shared.connecting.brokers import Brokers
from shared.letters.reading import everything
from shared.observing.printable import printable
from shared.streaming.unpacking import Unreadable

LEGIBLE = 300  # characters of what is wrong with one …
WHOLE = 2_000  # … and of an event that it became: its customer comes last

Own = Annotated[Path, typer.Option("--config", envvar="FOREWARN_OWN_CONFIG_DIR", help="The folder of your own files.")]

sources = typer.Typer(no_args_is_help=True, help="Topics of other systems, and what sources.yml makes of them.")


@dataclass(frozen=True)
class Line:
    """Is one line of a file, in the place of a record."""

    topic: str
    offset: int
    value: bytes
    timestamp: int  # milliseconds since the epoch
    partition: int = 0
    key: bytes | None = None
    headers: tuple[tuple[str, bytes], ...] = ()


def lines(found: Tried) -> Iterator[str]:
    """Yields what people read."""
    yield f"{found.records:,} records: {found.mapped:,} mapped, {found.left_out:,} left out, {found.refused:,} refused"
    for type_, count in found.events.most_common():
        yield f"  {count:,} {printable(type_)}"
    for each in found.first:
        yield f"    {printable(each.value, WHOLE)}"
    for reason, count in found.reasons.most_common():
        yield f"  {count:,} refused: {reason}"
        for record, _, detail in found.examples[reason]:
            yield f"    partition {record.partition} offset {record.offset}: {printable(detail[:LEGIBLE])}"


@sources.callback()
def _group() -> None:
    """Has typer treat `try` as a command of the group, although it is the only one."""


@sources.command("try")
def try_(
    what: Annotated[str, typer.Argument(metavar="TOPIC|FILE", help="A topic of sources.yml, or a file with one JSON object a line.")],
    source: Annotated[str | None, typer.Option(help="Of a file: the topic whose mapping is tried, unless there is only one.")] = None,
    last: Annotated[int, typer.Option(min=1, help="How many records, the latest.")] = 500,
    kafka: Kafka = DEFAULT,
    own: Own = Path("config"),
) -> None:
    """Maps the latest records of a topic, or the lines of a file, and says what they become, what is left out, and what fits nothing."""

    file = Path(what) if Path(what).is_file() else None
    raise typer.Exit(run(lambda: try_on(brokers_at(kafka), own, source or (None if file else what), last, file)))


async def try_on(brokers: Brokers, own: Path, topic: str | None, last: int, file: Path | None = None) -> int:
    """Tries the mapping of a topic, on its records or on a file; prints what becomes of them. Returns the exit code. Raises Failed.

    `topic`: None is the only one of sources.yml.
    """
    source, found, now = _source(own, topic), Tried(), datetime.now(UTC)
    reader = Reader(source)
    for record in _lines(file, source.topic, last) if file else await _records(brokers, source.topic, last):
        found.take(reader, record, now)
    say(*lines(found))
    return 0


def sources_of(own: Path) -> dict[str, Source]:
    """Returns the sources by their topics. Raises Failed when sources.yml has mistakes, with their lines."""
    try:
        return {each.topic: each for each in load(_file(own), SourcesFile).sources}
    except ConfigError as error:
        raise Failed(*str(error).split("\n")) from None


def _file(own: Path) -> Path:
    return file_of("sources.yml", (own, SHIPPED))


def _source(own: Path, topic: str | None) -> Source:
    """Returns the source of that topic, or the only one. Raises Failed when there is none."""
    every = sources_of(own)
    if topic is None and len(every) == 1:
        return next(iter(every.values()))
    known = f"it has {', '.join(sorted(every))}" if every else "it has none"
    if topic is None:
        raise Failed(f"{_file(own)}: {known}; say by --source whose records the file has")
    if topic not in every:
        raise Failed(f"{_file(own)} has no source of the topic {printable(topic)}; {known}")
    return every[topic]


async def _records(brokers: Brokers, topic: str, last: int) -> Sequence[Record]:
    """Returns the latest records of a topic, the oldest of them first. Raises Failed without the topic or the broker."""
    found: list[ConsumerRecord] = []
    async for record in everything(replace(brokers, foreign=frozenset({topic})), topic, last):
        if not isinstance(record, Unreadable):
            found.append(record)
    return sorted(found, key=lambda each: each.timestamp)[-last:]


def _lines(file: Path, topic: str, last: int) -> Sequence[Record]:
    """Returns the latest lines of a file as records that came now."""
    now = int(time.time() * 1000)
    with file.open("rb") as text:
        said = deque(((number, line.strip()) for number, line in enumerate(text, 1) if line.strip()), last)
    return [Line(topic, number, line, now) for number, line in said]
