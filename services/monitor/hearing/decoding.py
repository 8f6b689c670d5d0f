"""The records of a poll are decoded all at once, with the checks of `shared/cloudevents.py`; what is unusual is read there, one by one."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from operator import attrgetter

import msgspec
from aiokafka import ConsumerRecord

from shared.cloudevents import MAX_BYTES, Undecodable, is_binary, is_plain, read_event, refuse_control_characters
from shared.events import ProductEvent
from shared.events.moments import AHEAD, FIRST
from shared.streaming.dead_letters import DeadLetter

_decode = msgspec.json.Decoder(ProductEvent).decode
_value, _headers = attrgetter("value"), attrgetter("headers")


@dataclass(slots=True)
class Batch:
    """Events with the record that each came by and its time, in seconds since the epoch."""

    records: list[ConsumerRecord] = field(default_factory=list)
    events: list[ProductEvent] = field(default_factory=list)
    times: list[float] = field(default_factory=list)

    def add(self, record: ConsumerRecord, event: ProductEvent, time: float) -> None:
        self.records.append(record)
        self.events.append(event)
        self.times.append(time)

    def extend(self, batch: "Batch") -> None:
        self.records += batch.records
        self.events += batch.events
        self.times += batch.times

    def rows(self) -> Iterator[tuple[ConsumerRecord, ProductEvent, float]]:
        return zip(self.records, self.events, self.times, strict=True)


def decode(records: Sequence[ConsumerRecord], now: datetime) -> tuple[Batch, list[DeadLetter]]:
    """Returns the events in their order, and the dead letters. Each is what `read_event` says of its record."""
    values = list(map(_value, records))
    if any(_are_binary(map(_headers, records))) or not all(values) or max(map(len, values), default=0) > MAX_BYTES:
        return _one_by_one(records, now)
    decoding, batch, letters = map(_decode, values), Batch(list(records)), list[DeadLetter]()
    while len(batch.events) < len(batch.records):
        try:
            batch.events.extend(decoding)  # keeps what came before an error, and goes on behind it
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            row = len(batch.events)
            try:
                batch.events.append(_read(batch.records[row], now))
            except Undecodable as error:
                letters.append(_letter(batch.records.pop(row), error))
    batch.times = [event.time.timestamp() for event in batch.events]
    if not is_plain(b"".join(values)) or min(batch.times, default=FIRST) < FIRST or max(batch.times, default=FIRST) > _latest(now):
        batch, refused = _checked(batch, now)
        letters += refused
    return batch, letters


def _are_binary(headers: Iterable[Sequence[tuple[str, bytes]]]) -> Iterator[bool]:
    return (is_binary(each) for each in headers if each)


def _one_by_one(records: Sequence[ConsumerRecord], now: datetime) -> tuple[Batch, list[DeadLetter]]:
    batch, letters = Batch(), []
    for record in records:
        try:
            event = _read(record, now)
        except Undecodable as error:
            letters.append(_letter(record, error))
        else:
            batch.add(record, event, event.time.timestamp())
    return batch, letters


def _checked(batch: Batch, now: datetime) -> tuple[Batch, list[DeadLetter]]:
    """Returns those events that may be told, each decoded already, and the dead letters."""
    told, letters, latest = Batch(), [], _latest(now)
    for record, event, time in batch.rows():
        try:
            if not FIRST <= time <= latest:
                _read(record, now)  # it says what is wrong
            elif not is_plain(record.value):
                refuse_control_characters(event, record.value)
        except Undecodable as error:
            letters.append(_letter(record, error))
        else:
            told.add(record, event, time)
    return told, letters


def _latest(now: datetime) -> float:
    return (now + AHEAD).timestamp()


def _read(record: ConsumerRecord, now: datetime) -> ProductEvent:
    return read_event(record.value, record.headers, now, record)


def _letter(record: ConsumerRecord, error: Undecodable) -> DeadLetter:
    return DeadLetter(record, error.reason, error.detail)
