"""A service of the mechanisms alone counts each event's id into a table, publishes it, and has due work ("a bell") for some.

Run as `python -m tests.faults.worker`; `counted` and `rung` have no key, so that counting twice shows.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from shared.cloudevents import write_fact
from shared.events import CustomerUpdated, Fact
from shared.outbox import Message, put
from shared.postgres import Database, Tx
from shared.service import Service, run
from shared.settings import Settings
from shared.stream import Stream
from shared.streaming.handling import Handling
from shared.timers import Due, Work, schedule

NAME = "worker"
POISON = "poison"
TABLES = """CREATE TABLE counted (id text NOT NULL, said_at timestamptz NOT NULL, counted_at timestamptz NOT NULL DEFAULT clock());
    CREATE TABLE rung (id text NOT NULL)"""


class WorkerSettings(Settings):
    """The topics that the worker reads and publishes to."""

    worker_reads: str
    worker_says: str


@dataclass
class Worker:
    """The worker's handlers."""

    settings: WorkerSettings
    database: Database

    async def on_events(self, tx: Tx, facts: Sequence[Fact]) -> None:
        """Counts the events; every tenth schedules a bell. Raises ValueError for a poison message."""
        await tx.executemany("INSERT INTO counted (id, said_at) VALUES ($1, $2)", [(fact.subject, fact.time) for fact in facts])
        await put(tx, [Message(self.settings.worker_says, fact.subject.encode(), write_fact(fact)) for fact in facts])
        now = await tx.fetchval("SELECT clock()")
        await schedule(tx, "bell", {fact.subject: now for fact in facts if fact.subject.endswith("0")})
        if any(isinstance(fact, CustomerUpdated) and fact.data.name == POISON for fact in facts):
            raise ValueError(POISON)

    async def ring(self, due: Due) -> None:
        """Rings a bell: its effect and its settling are one transaction."""
        async with self.database.transaction() as tx:
            await tx.execute("INSERT INTO rung (id) VALUES ($1)", due.ref)
            await due.settle(tx)


def service(settings: WorkerSettings) -> Service:
    """Returns the worker, wired."""
    database = Database(settings, NAME)
    worker = Worker(settings, database)
    stream = Stream(NAME, settings.worker_reads, Handling(settings.worker_reads, (CustomerUpdated,), worker.on_events), database)
    return Service(NAME, settings, database, [stream], due={"bell": Work(worker.ring, at_once=4)})


if __name__ == "__main__":
    run(service(WorkerSettings()))
