"""What no retry will mend: how it is put aside with its reason, whole or as a pointer, and how the one bad record is found."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

import msgspec
from aiokafka import ConsumerRecord

from shared.cloudevents import Reason
from shared.outbox import Message
from shared.streaming.unpacking import Unreadable

TRIES = 3  # of a record whose handling raises, before it is put aside
PREFIX = "forewarn-"
REDRIVEN = "forewarn-redriven"  # the header that says how often a record was sent back to its topic
LARGEST_WHOLE = (3 << 20) - (16 << 10)  # bytes of a record with its headers; `max.message.bytes` of the .dlq topics is 3 MiB


class Form(StrEnum):
    """How much of its record a dead letter keeps."""

    WHOLE = "whole"  # key, value and headers as they came
    POINTER = "pointer"  # the place only: more came in a minute than are kept whole
    STUB = "stub"  # the place only: the record is larger than a dead letter may be, or cannot be read or put aside


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """One record put aside, and why. `detail` names fields and error classes, never what a customer wrote."""

    record: ConsumerRecord
    reason: Reason
    detail: str
    error: str = "Undecodable"
    attempts: int = 1

    @property
    def redriven(self) -> bool:
        """Whether somebody sent the record back to its topic after it had been put aside."""
        return any(name == REDRIVEN for name, _ in self.record.headers)

    @property
    def fits(self) -> bool:
        """Whether there is a whole record, and it is small enough for its dead letter topic."""
        record = self.record
        if isinstance(record, Unreadable):
            return False
        headers = sum(len(name) + len(value or b"") + 8 for name, value in record.headers)
        return len(record.key or b"") + len(record.value or b"") + headers <= LARGEST_WHOLE

    def message(self, stream: str, form: Form = Form.WHOLE) -> Message:
        """The letter for `<topic>.dlq`; where the record stood and what was wrong is in `forewarn-*` headers.

        A pointer or a stub has no key and an empty value, and of the record's headers only how often it was redriven.
        What is not known of a record is left out: all but its place where it cannot be read, the moment where its timestamp is none.
        """
        record = self.record
        whole, known = form is Form.WHOLE, not isinstance(record, Unreadable)
        ours = {
            "reason": self.reason,
            "detail": self.detail[:500],
            "error": self.error,
            "attempts": self.attempts,
            "stream": stream,
            "topic": record.topic,
            "partition": record.partition,
            "offset": record.offset,
            "first-seen": _first_seen(record),
            "form": form,
            "size": len(record.value or b"") if known else None,
            "sha256": hashlib.sha256(record.value or b"").hexdigest() if known else None,
        }
        headers = [
            *(record.headers if whole else _times_redriven(record)),
            *((PREFIX + name, str(value).encode()) for name, value in ours.items() if value is not None),
        ]
        value = record.value if whole else None
        if value is None and (record.key is None or not whole):
            value = b""  # aiokafka sends no record without both
        return Message(record.topic + ".dlq", record.key if whole else None, value, headers)


def _times_redriven(record: ConsumerRecord) -> list[tuple[str, bytes]]:
    """The header that counts, as far as it is a count: anybody may write a larger one, or many."""
    last = next((value for name, value in reversed(record.headers) if name == REDRIVEN), None)
    return [(REDRIVEN, last)] if last is not None and len(last) < 10 else []


def _first_seen(record: ConsumerRecord) -> str | None:
    """The record's own timestamp; None where it is none: Kafka takes any number, and its oldest format has no timestamp."""
    if isinstance(record, Unreadable) or record.timestamp is None:
        return None
    try:
        return datetime.fromtimestamp(record.timestamp / 1000, UTC).isoformat()
    except (ValueError, OverflowError, OSError):
        return None


class Sample(msgspec.Struct, frozen=True):
    """One dead letter as an example for people: where the record stands, what is wrong, and which system sent it."""

    partition: int
    offset: int
    reason: str
    detail: str
    source: str | None  # the CloudEvents attribute, where it can be read

    @classmethod
    def of(cls, letter: DeadLetter) -> "Sample":
        return cls(letter.record.partition, letter.record.offset, letter.reason, letter.detail[:200], source_of(letter.record))

    def __str__(self) -> str:
        source = f" from {self.source!r}" if self.source else ""
        return f"partition {self.partition} offset {self.offset}{source}: {self.reason}: {self.detail}"


class _Source(msgspec.Struct):
    source: str | None = None


def source_of(record: ConsumerRecord) -> str | None:
    """The CloudEvents `source` a record names, even when the rest of it cannot be read; None when it names none."""
    held: bytes | None = dict(record.headers).get("ce_source")
    if held is not None:
        return held.decode(errors="backslashreplace")[:100]
    try:
        source = msgspec.json.decode(record.value or b"", type=_Source).source
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return source[:100] if source else None


class Suspects:
    """Records that were there when handling raised: they go one by one, until one is caught or all have passed."""

    def __init__(self) -> None:
        self._tried: dict[tuple[int, int], tuple[int, str]] = {}  # (partition, offset) → tries, last error's class
        self._until: dict[int, int] = {}  # partition → the offset after its last suspect

    def doubt(self, taken: Mapping[int, int]) -> None:
        """Partition → offset: something that stood before it, and was not saved yet, may be what made a save raise."""
        for partition, until in taken.items():
            self._until[partition] = max(self._until.get(partition, 0), until)

    def blame(self, records: Sequence[ConsumerRecord], error: Exception) -> None:
        """One of these made handling raise what no waiting will mend."""
        for record in records:
            at = record.partition, record.offset
            self._tried[at] = self._tried.get(at, (0, ""))[0] + 1, type(error).__name__
        self.doubt({record.partition: record.offset + 1 for record in records})

    def __contains__(self, record: ConsumerRecord) -> bool:
        return bool(record.offset < self._until.get(record.partition, -1))

    def caught(self, records: Sequence[ConsumerRecord]) -> list[DeadLetter]:
        """The dead letters of those records that cannot be unpacked or have raised too often.

        One whose putting aside has raised as often, too, is put aside as place and reason alone.
        """
        letters = [DeadLetter(record, Reason.UNREADABLE, record.why, "Unreadable") for record in records if type(record) is Unreadable]
        for record in records if self._tried else ():
            tries, error = self._tried.get((record.partition, record.offset), (0, ""))
            if tries >= TRIES and type(record) is not Unreadable:
                held = record if tries < 2 * TRIES else Unreadable.at(record.topic, record.partition, record.offset, error)
                letters.append(DeadLetter(held, Reason.HANDLER_FAILED, error, error, tries))
        return letters

    def absolve(self, partition: int, below: int) -> None:
        """What is committed was no one's fault."""
        self._tried = {at: tried for at, tried in self._tried.items() if at[0] != partition or at[1] >= below}


def without(records: Sequence[ConsumerRecord], letters: Sequence[DeadLetter]) -> Sequence[ConsumerRecord]:
    """The records that are not among the dead letters."""
    if not letters:
        return records
    aside = {(letter.record.partition, letter.record.offset) for letter in letters}
    return [record for record in records if (record.partition, record.offset) not in aside]
