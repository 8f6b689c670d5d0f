"""Stops the reading of a topic of our own facts when most of it fails: the brake (circuit breaker), its memory and its release.

When most of what our own services wrote cannot be read, a deployment is wrong and not the records: to put them aside would
empty the topic. Topics that others write have no brake. An engaged brake is a row a partition, so that every replica and
the command line see it; the row ends when somebody reads on.
"""

from collections import Counter, deque
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum

from aiokafka import ConsumerRecord

from shared.postgres import Tx
from shared.streaming.dead_letters import DeadLetter, Sample

IN_A_ROW = 100
OF_THE_LAST = 1000
SHARE = 0.5
SAMPLES = 5

# A release that its instance has not seen yet (until is null) stays: partitions may have moved meanwhile.
ENGAGE = """INSERT INTO brakes (stream, topic, partition, reasons, samples) SELECT $1, $2, partition, $4, $5
    FROM unnest($3::int[]) AS partition ON CONFLICT (stream, topic, partition)
    DO UPDATE SET reasons = excluded.reasons, samples = excluded.samples, release = NULL, until = NULL
    WHERE brakes.release IS NULL OR brakes.until IS NOT NULL"""
OURS = "SELECT partition, release, until FROM brakes WHERE stream = $1 AND topic = $2 AND partition = ANY ($3::int[]) FOR UPDATE"
UNTIL = "UPDATE brakes SET until = $4 WHERE stream = $1 AND topic = $2 AND partition = $3"
END = "DELETE FROM brakes WHERE stream = $1 AND topic = $2 AND partition = ANY ($3::int[])"
RELEASE = "UPDATE brakes SET release = $3 WHERE stream = $1 AND topic = $2 AND until IS NULL"
# The samples are the same for all partitions of one instance: they are shown for the first ten of a topic.
ENGAGED = """SELECT topic, partition, engaged_at, reasons,
        CASE WHEN row_number() OVER (PARTITION BY topic ORDER BY partition) <= 10 THEN samples ELSE '[]' END AS samples, release, until
    FROM brakes WHERE stream = $1 ORDER BY topic, partition LIMIT 1000"""


class Release(StrEnum):
    """Says how an operator lets a stopped topic go on."""

    RETRY = "retry"  # the cause is mended: the same records are tried again, and judged anew
    PUT_ASIDE = "put_aside"  # what fails among the records that wait now becomes dead letters; later ones are judged


class Tripping(Exception):
    """The brake would trip within a batch: its records go one by one, so that everything up to that point is saved."""


class Brake:
    """Trips after more than 100 failures in a row, or when more than half of the last 1,000 failed (once there were 1,000).

    Redriven records do not count: somebody sent them back on purpose. `waived` says, by partition, below which offset
    failures do not count either, because an operator released the brake to put them aside.
    """

    def __init__(self) -> None:
        self._runs: deque[tuple[str, int]] = deque()  # (reason or nothing, how many), oldest first
        self._seen = self._failed = self._in_a_row = 0
        self.tripped = False
        self.waived: dict[int, int] = {}
        self.samples: deque[Sample] = deque(maxlen=SAMPLES)

    def copy(self) -> "Brake":
        """Returns a brake with the same counts, which are counted apart from now on."""
        brake = Brake()
        brake.__dict__ = {**self.__dict__, "_runs": self._runs.copy(), "waived": dict(self.waived), "samples": self.samples.copy()}
        return brake

    def count(self, failed: bool, n: int = 1, reason: str = "failed") -> None:
        """Takes `n` outcomes of one kind in a row; once tripped it stays so."""
        if not n:
            return
        self._runs.append((reason if failed else "", n))
        self._seen += n
        self._failed += n * failed
        self._in_a_row = self._in_a_row + n if failed else 0
        self._forget()
        mostly = self._seen >= OF_THE_LAST and self._failed > SHARE * OF_THE_LAST
        self.tripped = self.tripped or self._in_a_row > IN_A_ROW or mostly

    def take(self, records: Sequence[ConsumerRecord], letters: Iterable[DeadLetter]) -> None:
        """Takes the outcomes of one partition's records in the order they came; `letters` are the failed ones of any partition."""
        partition = records[0].partition
        failed = {letter.record.offset: letter for letter in letters if letter.record.partition == partition}
        good, waived = 0, self.waived.get(partition, 0)
        for record in records if failed else ():
            letter = failed.get(record.offset)
            if letter is None:
                good += 1
            elif record.offset >= waived and not letter.redriven:
                self.count(False, good)
                self.count(True, reason=letter.reason)
                self.samples.append(Sample.of(letter))
                good = 0
        self.count(False, good if failed else len(records))

    def passed(self, positions: Mapping[int, int]) -> list[int]:
        """Returns the partitions that have got so far that their failures count again; `positions` are the next offsets."""
        passed = [partition for partition, until in self.waived.items() if positions.get(partition, 0) >= until]
        for partition in passed:
            del self.waived[partition]
        return passed

    @property
    def reasons(self) -> dict[str, int]:
        """Returns how many of the records judged last failed, by reason, the most frequent first."""
        failed = Counter[str]()
        for reason, n in self._runs:
            failed[reason] += n
        del failed[""]
        return dict(failed.most_common())

    def __str__(self) -> str:
        reasons = ", ".join(f"{n} {reason}" for reason, n in self.reasons.items())
        example = f"; for instance {self.samples[-1]}" if self.samples else ""
        return f"{self._failed} of the last {self._seen} records failed ({reasons}){example}"

    def _forget(self) -> None:
        while self._seen > OF_THE_LAST:
            reason, n = self._runs.popleft()
            kept = max(n - (self._seen - OF_THE_LAST), 0)
            self._seen -= n - kept
            self._failed -= (n - kept) * bool(reason)
            if kept:
                self._runs.appendleft((reason, kept))


# ── its row, in the database ─────────────────────────────────────────────────────────────────


async def engage(tx: Tx, stream: str, topic: str, partitions: Sequence[int], brake: Brake) -> None:
    """Stores that these partitions are not read, and why."""
    await tx.execute(ENGAGE, stream, topic, list(partitions), brake.reasons, [plain(sample) for sample in brake.samples])


async def is_released(tx: Tx, stream: str, topic: str, partitions: Sequence[int]) -> bool:
    """Returns True when somebody has released the brake of one of these partitions."""
    return any(row["release"] for row in await tx.fetch(OURS, stream, topic, list(partitions)))


async def recall(tx: Tx, stream: str, topic: str, partitions: Sequence[int], ends: Mapping[int, int]) -> dict[int, int]:
    """Returns below which offset failures do not count, by partition; `ends` are what the broker has, where that was asked.

    The instance that reads these partitions on calls this: the other rows are deleted, since they were released or their instance is gone.
    """
    waived, over = {}, []
    for row in await tx.fetch(OURS, stream, topic, list(partitions)):
        partition = row["partition"]
        until = row["until"] if row["until"] is not None else ends.get(partition)
        if row["release"] == Release.PUT_ASIDE and until is not None:
            waived[partition] = until
            await tx.execute(UNTIL, stream, topic, partition, until)
        else:
            over.append(partition)
    await end(tx, stream, topic, over)
    return waived


async def end(tx: Tx, stream: str, topic: str, partitions: Sequence[int]) -> None:
    """Deletes the brake's rows of these partitions."""
    if partitions:
        await tx.execute(END, stream, topic, list(partitions))


async def release(tx: Tx, stream: str, topic: str, how: Release) -> int:
    """Asks every instance that has stopped reading the topic to read on; returns how many partitions that are."""
    return int((await tx.execute(RELEASE, stream, topic, how)).split()[-1])


def plain(sample: Sample) -> dict[str, object]:
    return {name: getattr(sample, name) for name in sample.__struct_fields__}
