"""Implements `forewarn replay`: sends the rows of a file as events, with their own times, at any speed.

`mappings/` says what a row means.
"""

import asyncio
import heapq
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from operator import itemgetter
from pathlib import Path
from typing import Annotated

import typer
from aiokafka.errors import KafkaError
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn

from deploy.local.connecting import DEFAULT, Kafka, brokers_at
from deploy.local.mappings.arriving import arriving
from deploy.local.mappings.file import Mapping
from deploy.local.mappings.reading import STANDARD_INPUT, Input, Unreadable, opened, rows
from deploy.local.processes import Failed
from deploy.local.running import run
from deploy.local.terminal import Screen, guarded, say
from deploy.simulator.play import Record, play, producer
from shared.configuration.files import ConfigError, load
from shared.connecting.brokers import Brokers
from shared.events.moments import EARLIEST
from shared.mapping.turning import Ready, Refused, Turning
from shared.observing.printable import printable

SHIPPED = Path(__file__).parent / "mappings"
AT_ONCE, WITHIN = 5_000, 0.2  # rows, and seconds, between two checks of the broker and of Ctrl-C
FILE = "CSV, JSON lines or an access log; also .gz, or in a zip: x.zip:name, 'x.zip:folder/*.csv'; - is standard input."
SHOWN = 5  # refused rows that are shown …
LEGIBLE = 300  # … and characters of what is wrong with each

Item = tuple[datetime, Ready | None]  # None: a row that became nothing, about then


@dataclass(frozen=True)
class Plan:
    """Says what to replay, and how."""

    file: str
    mapping: Mapping
    speed: float | None = None  # times as fast as it happened; None: as fast as it goes
    limit: int | None = None  # rows
    source: str | None = None  # instead of the mapping's


@dataclass
class Tally:
    """Counts what became of the rows so far."""

    rows: int = 0
    left_out: int = 0  # rows
    sent: int = 0  # events that the broker has
    refused: Counter[str] = field(default_factory=Counter)  # by reason
    examples: list[str] = field(default_factory=list)
    seconds: float = 0.0  # that the replay took

    def refuse(self, source: Input, row: int, refused: Unreadable | Refused) -> None:
        self.refused[refused.reason] += 1
        if len(self.examples) < SHOWN:
            where = f"{printable(source.name)} line {source.at.line}, row {row}"
            self.examples.append(f"{where}: {refused.reason}: {printable(refused.detail[:LEGIBLE])}")

    def summary(self) -> list[str]:
        """Returns the counts in lines, for people."""
        a_second = self.rows / self.seconds if self.seconds else 0.0
        lines = [
            f"{self.rows:,} rows: {self.sent:,} events sent, {self.left_out:,} rows left out, {self.refused.total():,} refused;"
            f" {self.seconds:.1f} s, {a_second:,.0f} rows a second"
        ]
        lines += [f"  {count:,} {reason}" for reason, count in self.refused.most_common()]
        lines += [f"  {example}" for example in self.examples]
        return lines


def _speed(said: str) -> float | None:
    if said == "max":
        return None
    try:
        speed = float(said.removesuffix("x"))
    except ValueError:
        speed = 0.0
    if not 0 < speed < float("inf"):
        raise typer.BadParameter("a number above 0 (60: an hour in a minute), or max")
    return speed


def replay(
    file: Annotated[str, typer.Argument(help=FILE)],
    mapping: Annotated[str, typer.Option(help="A mapping file, or the name of a shipped one: servicenow, cloudwatch, access-log.")],
    speed: Annotated[str, typer.Option(help="Times as fast as it happened, or max.")] = "max",
    kafka: Kafka = DEFAULT,
    limit: Annotated[int | None, typer.Option(min=1, help="Only so many rows.")] = None,
    source: Annotated[str | None, typer.Option(help="Who says it, instead of the mapping's source; tells files of one name apart.")] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Exit with 1 when a row was refused.")] = False,
) -> None:
    """Turns the rows of a file into events with their own times. Doing it again sends the same ids, which count once."""
    times = _speed(speed)

    async def command() -> int:
        tally = await replay_on(brokers_at(kafka), Plan(file, mapping_of(mapping), times, limit, source))
        return 1 if strict and tally.refused else 0

    raise typer.Exit(run(command))


def mapping_of(said: str) -> Mapping:
    """Returns a mapping by its file or its shipped name. Raises Failed, with each mistake and its line."""
    path = Path(said)
    if not path.is_file():
        path = SHIPPED / f"{said}.yml"
    if not path.is_file():
        shipped = sorted(each.stem for each in SHIPPED.glob("*.yml") if not each.stem.endswith("-rules"))
        raise Failed(f"{said} is neither a file nor one of {', '.join(shipped)}")
    try:
        return load(path, Mapping)
    except ConfigError as error:
        raise Failed(*str(error).split("\n")) from None


async def replay_on(brokers: Brokers, plan: Plan) -> Tally:
    """Replays, with a bar on standard error; prints what became of the rows, also when it is stopped. Raises Failed or OSError."""
    tally, started = Tally(), time.monotonic()
    if plan.file == STANDARD_INPUT and plan.source is None and plan.mapping.names_rows_by_file():
        raise Failed("standard input has no name that events could be told apart by: say --source, another one for each stream")
    turning = plan.mapping.turning(plan.source)
    with opened(plan.file, plan.mapping.encoding) as inputs:
        streams = [_items(each, plan, turning, tally) for each in inputs]
        merged = heapq.merge(*streams, key=itemgetter(0))  # each file in its own order, all of them in time
        items = arriving(merged, (EARLIEST, None)) if plan.file == STANDARD_INPUT else merged
        try:
            with _bar(inputs, tally) as moved:
                await _send(brokers, items, plan.speed, tally, moved)
        except KafkaError as error:
            raise Failed(f"Kafka at {brokers.servers}: {error}. Do it again when that is mended: what has arrived counts once") from error
        finally:
            tally.seconds = time.monotonic() - started
            say(*tally.summary())
    return tally


def _items(source: Input, plan: Plan, turning: Turning, tally: Tally) -> Iterator[Item]:
    """Yields the events of one file. A row without any is an item too, so that the caller can do other work between rows."""
    latest, now = EARLIEST, datetime.now(UTC)
    for number, row in enumerate(rows(source, plan.mapping, frozenset(turning.columns)), 1):
        if plan.limit is not None and tally.rows >= plan.limit:
            return
        tally.rows += 1
        results = [row] if isinstance(row, Unreadable) else turning.turn(row, now)
        tally.left_out += not results
        for result in results:
            if isinstance(result, Ready):
                latest = result.at
                yield latest, result
            else:
                tally.refuse(source, number, result)
        if not any(isinstance(result, Ready) for result in results):
            yield latest, None


async def _send(brokers: Brokers, items: Iterator[Item], speed: float | None, tally: Tally, moved: "Moved") -> None:
    """Sends piece by piece, each accepted by the broker before the next is read: so memory stays as it is, however long the file."""
    pace = _Pace(speed)
    async with producer(brokers) as sender:
        while piece := list(_piece(items, pace)):
            events = (ready for _, ready in piece if ready is not None)
            tally.sent += await play(sender, [pace.record(ready) for ready in events], pace.started)
            moved()
            await asyncio.sleep(0)


class _Pace:
    """Says when each event is due."""

    def __init__(self, speed: float | None) -> None:
        self._speed, self._first = speed, EARLIEST
        self.started: float | None = None  # seconds since the epoch; None: everything is due at once

    def record(self, event: Ready) -> Record:
        """Makes the record. Its timestamp is the present: by an old one Kafka's retention would delete the record before it is read."""
        offset = self._offset(event)
        at = max((self.started or 0.0) + offset, time.time())
        return Record(offset, event.topic, event.key, event.value, int(at * 1000))

    def _offset(self, event: Ready) -> float:
        if self._speed is None:
            return 0.0
        if self.started is None:
            self.started, self._first = time.time(), event.at
        return (event.at - self._first).total_seconds() / self._speed

    def must_wait(self, event: Ready) -> bool:
        """Returns True when the event's moment is still to come."""
        return (self.started or 0.0) + self._offset(event) > time.time()


def _piece(items: Iterator[Item], pace: _Pace) -> Iterator[Item]:
    """Returns the next items, up to the first that must wait, so that those before it go out. Rows may be long, so time counts too."""
    until = time.monotonic() + WITHIN
    for _, item in zip(range(AT_ONCE), items, strict=False):
        yield item
        if (item[1] is not None and pace.must_wait(item[1])) or time.monotonic() > until:
            return


# ── the bar ──────────────────────────────────────────────────────────────────────────────────


class Moved:
    """Is called when something was sent: the bar shows how far the files are read."""

    def __init__(self, progress: Progress, inputs: list[Input], tally: Tally) -> None:
        self._progress, self._inputs, self._tally = progress, inputs, tally
        sizes = [each.size for each in inputs]
        self._task = progress.add_task("", total=None if None in sizes else sum(filter(None, sizes)), sent=0)

    def __call__(self) -> None:
        self._progress.update(self._task, completed=sum(each.done() for each in self._inputs), sent=self._tally.sent)


@contextmanager
def _bar(inputs: list[Input], tally: Tally) -> Iterator[Moved]:
    columns = (SpinnerColumn(), BarColumn(), TaskProgressColumn(), TextColumn("{task.fields[sent]:,} events"), TimeRemainingColumn())
    with Progress(*columns, console=Screen(sys.stderr), transient=True) as progress, guarded():
        yield Moved(progress, inputs, tally)
