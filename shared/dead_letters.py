"""What no retry will mend: how it is put aside, whole and with its reason, and the brake that stops putting aside."""

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from aiokafka import ConsumerRecord

from shared.cloudevents import Reason
from shared.outbox import Message

TRIES = 3  # of a record whose handling raises, before it is put aside
IN_A_ROW = 100
OF_THE_LAST = 1000
SHARE = 0.5
PREFIX = "forewarn-"


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """One record put aside, and why. `detail` names fields and error classes, never what a customer wrote."""

    record: ConsumerRecord
    reason: Reason
    detail: str
    error: str = "Undecodable"
    attempts: int = 1

    def message(self, stream: str) -> Message:
        """The bytes as they came, for `<topic>.dlq`; where they stood and what was wrong is in `forewarn-*` headers."""
        record = self.record
        ours = {
            "reason": self.reason,
            "detail": self.detail[:500],
            "error": self.error,
            "attempts": self.attempts,
            "stream": stream,
            "topic": record.topic,
            "partition": record.partition,
            "offset": record.offset,
            "first-seen": datetime.fromtimestamp(record.timestamp / 1000, UTC).isoformat(),
        }
        headers = [*record.headers, *((PREFIX + name, str(value).encode()) for name, value in ours.items())]
        return Message(record.topic + ".dlq", record.key, record.value, headers)


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
        """The dead letters of those records that have raised too often."""
        letters = []
        for record in records if self._tried else ():
            tries, error = self._tried.get((record.partition, record.offset), (0, ""))
            if tries >= TRIES:
                letters.append(DeadLetter(record, Reason.HANDLER_FAILED, error, error, tries))
        return letters

    def absolve(self, partition: int, below: int) -> None:
        """What is committed was no one's fault."""
        self._tried = {at: tried for at, tried in self._tried.items() if at[0] != partition or at[1] >= below}


class Brake:
    """Trips when most of a topic fails: then the reader is wrong, not the records, and putting aside would lose a topic.

    More than 100 failures in a row, or more than half of the last 1,000 (once there were 1,000).
    """

    def __init__(self) -> None:
        self._runs: deque[tuple[bool, int]] = deque()  # (failed?, how many), oldest first
        self._seen = self._failed = self._in_a_row = 0
        self.tripped = False

    def copy(self) -> "Brake":
        """The same counts, apart from now on."""
        brake = Brake()
        brake.__dict__ = {**self.__dict__, "_runs": self._runs.copy()}
        return brake

    def count(self, failed: bool, n: int = 1) -> None:
        """Takes `n` outcomes of one kind in a row; once tripped it stays so."""
        if not n:
            return
        self._runs.append((failed, n))
        self._seen += n
        self._failed += n * failed
        self._in_a_row = self._in_a_row + n if failed else 0
        self._forget()
        mostly = self._seen >= OF_THE_LAST and self._failed > SHARE * OF_THE_LAST
        self.tripped = self.tripped or self._in_a_row > IN_A_ROW or mostly

    def count_offsets(self, records: Sequence[ConsumerRecord], failed: frozenset[int]) -> None:
        """Takes the outcomes of one partition's records in the order they came; `failed` are offsets."""
        good = 0
        for record in records if failed else ():
            if record.offset in failed:
                self.count(False, good)
                self.count(True)
                good = 0
            else:
                good += 1
        self.count(False, good if failed else len(records))

    def _forget(self) -> None:
        while self._seen > OF_THE_LAST:
            failed, n = self._runs.popleft()
            kept = max(n - (self._seen - OF_THE_LAST), 0)
            self._seen -= n - kept
            self._failed -= (n - kept) * failed
            if kept:
                self._runs.appendleft((failed, kept))
