"""Puts records aside that no retry will mend (dead letters), and finds the one bad record of a batch (poison batch isolation)."""

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

TRIES = 3  # after which a record whose handling raises is put aside
PREFIX = "forewarn-"
REDRIVEN = "forewarn-redriven"  # the header that says how often a record was sent back to its topic
LARGEST_WHOLE = (3 << 20) - (16 << 10)  # bytes of a record with its headers; `max.message.bytes` of the .dlq topics is 3 MiB


class Form(StrEnum):
    """Says how much of its record a dead letter keeps."""

    WHOLE = "whole"  # key, value and headers as they came
    POINTER = "pointer"  # the place only: more came in a minute than are kept whole
    STUB = "stub"  # the place only: the record is larger than a dead letter may be, or cannot be read or put aside


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """Is one record that was put aside, with the reason. `detail` names fields and error classes, never what a customer wrote."""

    record: ConsumerRecord
    reason: Reason
    detail: str
    error: str = "Undecodable"
    attempts: int = 1

    @property
    def redriven(self) -> bool:
        """Returns True when somebody sent the record back to its topic after it had been put aside."""
        return any(name == REDRIVEN for name, _ in self.record.headers)

    @property
    def fits(self) -> bool:
        """Returns True when there is a whole record that is small enough for its dead letter topic."""
        record = self.record
        if isinstance(record, Unreadable):
            return False
        headers = sum(len(name) + len(value or b"") + 8 for name, value in record.headers)
        return len(record.key or b"") + len(record.value or b"") + headers <= LARGEST_WHOLE

    def message(self, stream: str, form: Form = Form.WHOLE, *, foreign: bool = False) -> Message:
        """Returns the message for `<topic>.dlq`; `forewarn-*` headers say where the record stood and what was wrong.

        A pointer or a stub has no key and an empty value, and of the record's headers only how often it was redriven.
        Of a `foreign` topic they say so, since nothing is to be sent back there.
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
            "foreign": "true" if foreign else None,
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
    """Returns the header that counts redrives, as far as it is a count: anybody may write a larger one, or many."""
    last = next((value for name, value in reversed(record.headers) if name == REDRIVEN), None)
    return [(REDRIVEN, last)] if last is not None and len(last) < 10 else []


def _first_seen(record: ConsumerRecord) -> str | None:
    """Returns the record's own timestamp; None where it has none: Kafka takes any number, and its oldest format has no timestamp."""
    if isinstance(record, Unreadable) or record.timestamp is None:
        return None
    try:
        return datetime.fromtimestamp(record.timestamp / 1000, UTC).isoformat()
    except (ValueError, OverflowError, OSError):
        return None


class Sample(msgspec.Struct, frozen=True):
    """Shows one dead letter as an example for people: where the record stands, what is wrong, and which system sent it."""

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
    """Returns the CloudEvents `source` a record names, even when the rest of it cannot be read; None when it names none."""
    held: bytes | None = dict(record.headers).get("ce_source")
    if held is not None:
        return held.decode(errors="backslashreplace")[:100]
    try:
        source = msgspec.json.decode(record.value or b"", type=_Source).source
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return source[:100] if source else None


class Suspects:
    """Remembers the records of a batch that raised (a poison batch): they go one by one, until one fails too often or all have passed."""

    def __init__(self) -> None:
        self._tried: dict[tuple[int, int], tuple[int, str]] = {}  # (partition, offset) → tries, last error's class
        self._until: dict[int, int] = {}  # partition → the offset after its last suspect

    def doubt(self, taken: Mapping[int, int]) -> None:
        """Suspects the unsaved records before these offsets (partition → offset): one of them may have made a save raise."""
        for partition, until in taken.items():
            self._until[partition] = max(self._until.get(partition, 0), until)

    def blame(self, records: Sequence[ConsumerRecord], error: Exception) -> None:
        """Counts a failed try against each of these records: one of them made handling raise an error that waiting does not mend."""
        for record in records:
            at = record.partition, record.offset
            self._tried[at] = self._tried.get(at, (0, ""))[0] + 1, type(error).__name__
        self.doubt({record.partition: record.offset + 1 for record in records})

    def __contains__(self, record: ConsumerRecord) -> bool:
        return bool(record.offset < self._until.get(record.partition, -1))

    def caught(self, records: Sequence[ConsumerRecord]) -> list[DeadLetter]:
        """Returns the dead letters of those records that cannot be unpacked or have raised too often.

        A record for which putting aside has raised as often, too, is put aside as place and reason alone.
        """
        letters = [DeadLetter(record, Reason.UNREADABLE, record.why, "Unreadable") for record in records if type(record) is Unreadable]
        for record in records if self._tried else ():
            tries, error = self._tried.get((record.partition, record.offset), (0, ""))
            if tries >= TRIES and type(record) is not Unreadable:
                held = record if tries < 2 * TRIES else Unreadable.at(record.topic, record.partition, record.offset, error)
                letters.append(DeadLetter(held, Reason.HANDLER_FAILED, error, error, tries))
        return letters

    def absolve(self, partition: int, below: int) -> None:
        """Clears the records below this offset of suspicion, since they are committed."""
        self._tried = {at: tried for at, tried in self._tried.items() if at[0] != partition or at[1] >= below}


def without(records: Sequence[ConsumerRecord], letters: Sequence[DeadLetter]) -> Sequence[ConsumerRecord]:
    """Returns the records that are not among the dead letters."""
    if not letters:
        return records
    aside = {(letter.record.partition, letter.record.offset) for letter in letters}
    return [record for record in records if (record.partition, record.offset) not in aside]
