"""Implements `forewarn sources`: shows what the mapping of a source makes of records, before monitor reads them. Writes nothing."""

import json
import time
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
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
from shared.cloudevents import Undecodable
from shared.configuration.files import ConfigError, file_of, load
from shared.connecting.brokers import Brokers
from shared.letters.reading import everything
from shared.mapping.turning import Ready, Refused
from shared.observing.printable import printable
from shared.streaming.unpacking import Unreadable

SHOWN = 3  # events, and records of each reason
LEGIBLE = 300  # characters of what is wrong with one

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


@dataclass
class Found:
    """Counts what became of the records."""

    records: int = 0
    left_out: int = 0
    refused: int = 0
    events: Counter[str] = field(default_factory=Counter)  # by type
    reasons: Counter[str] = field(default_factory=Counter)
    examples: dict[str, list[str]] = field(default_factory=dict)  # by reason
    first: list[Ready] = field(default_factory=list)

    def take(self, reader: Reader, record: Record, now: datetime) -> None:
        """Counts one record."""
        self.records += 1
        try:
            made = list(reader.events(record, now))
        except Undecodable as error:
            made = [Refused(error.reason, error.detail, error.detail)]
        wrong = [each for each in made if isinstance(each, Refused)]
        self.left_out += not made
        self.refused += bool(wrong)
        for refused in wrong:
            self.reasons[refused.reason] += 1
            if len(shown := self.examples.setdefault(refused.reason, [])) < SHOWN:
                shown.append(f"partition {record.partition} offset {record.offset}: {printable(refused.detail[:LEGIBLE])}")
        for each in made:
            if isinstance(each, Ready):
                self.events[json.loads(each.value)["type"]] += 1
                self.first += [each] if len(self.first) < SHOWN else []

    def lines(self) -> Iterator[str]:
        """Yields what people read."""
        mapped = self.records - self.left_out - self.refused
        yield f"{self.records:,} records: {mapped:,} mapped, {self.left_out:,} left out, {self.refused:,} refused"
        for type_, count in self.events.most_common():
            yield f"  {count:,} {printable(type_)}"
        for each in self.first:
            yield f"    {printable(each.value)}"
        for reason, count in self.reasons.most_common():
            yield f"  {count:,} refused: {reason}"
            yield from (f"    {example}" for example in self.examples[reason])


@sources.callback()
def _group() -> None:
    """Has typer treat `try` as a command of the group, although it is the only one."""


@sources.command("try")
def try_(
    what: Annotated[str, typer.Argument(metavar="TOPIC|FILE", help="A topic of sources.yml, or a file with one JSON object a line.")],
    source: Annotated[str | None, typer.Option(help="Of a file: the topic whose mapping is tried.")] = None,
    last: Annotated[int, typer.Option(min=1, help="How many records, the latest.")] = 500,
    kafka: Kafka = DEFAULT,
    own: Own = Path("config"),
) -> None:
    """Maps the latest records of a topic, or the lines of a file, and says what they become, what is left out, and what fits nothing."""

    file = Path(what) if Path(what).is_file() else None
    raise typer.Exit(run(lambda: try_on(brokers_at(kafka), own, source or what, last, file)))


async def try_on(brokers: Brokers, own: Path, topic: str, last: int, file: Path | None = None) -> int:
    """Tries the mapping of a topic, on its records or on a file; prints what becomes of them. Returns the exit code. Raises Failed."""
    reader, found, now = Reader(_source(own, topic)), Found(), datetime.now(UTC)
    for record in _lines(file, topic, last) if file else await _records(brokers, topic, last):
        found.take(reader, record, now)
    say(*found.lines())
    return 0


def sources_of(own: Path) -> dict[str, Source]:
    """Returns the sources by their topics. Raises Failed when sources.yml has mistakes, with their lines."""
    try:
        return {each.topic: each for each in load(_file(own), SourcesFile).sources}
    except ConfigError as error:
        raise Failed(*str(error).split("\n")) from None


def _file(own: Path) -> Path:
    return file_of("sources.yml", (own, SHIPPED))


def _source(own: Path, topic: str) -> Source:
    """Returns the source of that topic. Raises Failed when there is none."""
    every = sources_of(own)
    if topic not in every:
        known = f"it has {', '.join(sorted(every))}" if every else "it has none"
        raise Failed(f"{_file(own)} has no source of the topic {printable(topic)}; {known}. Of a file, say which by --source")
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
