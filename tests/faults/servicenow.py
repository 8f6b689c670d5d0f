"""An incident log is replayed into ticketing as fast as it goes, and ticketing is killed in the middle: is every ticket there, once?

    python -m tests.faults.servicenow incident_event_log.zip --kill-at 8000 --kill-at 16000

The log is "Incident management process enriched event log" (https://doi.org/10.24432/C57S4H). Needs Docker.
Ends with one JSON line; the exit code is 0 only if the account is clean.
"""

import asyncio
import json
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from deploy.local.replay import Plan, Tally, mapping_of, replay_on
from shared.cloudevents import read_event
from shared.connecting.brokers import Brokers
from shared.events import TicketOpened, Topic
from shared.letters.reading import everything
from shared.streaming.unpacking import Unreadable
from tests.containers import Kafka, Postgres, running_kafka, running_postgres
from tests.faults.members import Member, started
from tests.faults.preparing import prepared, settings_of
from tests.faults.site import within

FIRST_NUMBER = 1001
IN_A_TRANSACTION = 500  # tickets, and so numbers that a rollback may skip
DATABASE = "servicenow"


@dataclass(frozen=True)
class Outcome:
    """The account of a run: what was asked, and what came of it."""

    rows: int
    requests: int  # sent: one for each incident of the log
    kills: int
    tickets: int
    incidents: int  # distinct ones that the tickets are about, by their text
    incidents_twice: int
    numbers_twice: int
    last_number: int
    numbers_skipped: int  # by transactions that the kills rolled back
    opened_facts: int  # tickets that tickets.v1 says were opened, each counted once
    opened_repeated: int  # said again, with the same id, after a kill
    replay_s: float
    tickets_after_s: float  # from the first row to the last ticket

    @property
    def clean(self) -> bool:
        """Returns all counted, none twice, and no number skipped but by a rollback."""
        return (
            self.tickets == self.incidents == self.opened_facts == self.requests
            and self.incidents_twice == self.numbers_twice == 0
            and 0 <= self.numbers_skipped <= IN_A_TRANSACTION * self.kills
        )


async def replay_and_kill(kafka: Kafka, postgres: Postgres, plan: Plan, folder: Path, kill_at: list[int], prefix: str = "") -> Outcome:
    """Replays into a ticketing that is killed, and started again, whenever it has so many tickets. Raises TimeoutError.

    `prefix`: of the topics, on a broker where others have theirs.
    """
    common = await prepared(kafka, postgres, DATABASE, folder, {"FOREWARN_KAFKA_PREFIX": prefix})
    brokers = Brokers(kafka.bootstrap, prefix)
    ticketing = Member("ticketing", "services.ticketing", settings_of("ticketing", common), folder / "ticketing.log")
    place = _Database(postgres)
    async with started(ticketing):
        await within(60, ticketing.ready, "ticketing ready")
        began = time.monotonic()
        replaying = asyncio.create_task(replay_on(brokers, plan))
        for count in sorted(kill_at):
            await within(120, lambda count=count: place.has(count), f"{count} tickets, to kill it there")  # type: ignore[misc]
            await ticketing.kill()
            await ticketing.start()
        tally = await replaying
        await within(300, lambda: place.has(tally.sent), f"{tally.sent} tickets")
        tickets_after_s = time.monotonic() - began
        await within(300, place.said_everything, "everything said that ticketing has to say")
        await ticketing.terminate()
    return await _outcome(place, brokers, tally, len(kill_at), tickets_after_s)


@dataclass(frozen=True)
class _Database:
    """ticketing's own account, read as its superuser."""

    server: Postgres

    async def column(self, query: str) -> list[Any]:
        connection = await self.server.connect(DATABASE)
        try:
            await connection.execute("SET search_path TO ticketing")
            return [value for (value,) in await connection.fetch(query)]
        finally:
            await connection.close()

    async def has(self, tickets: int) -> bool:
        [count] = await self.column("SELECT count(*) FROM tickets")
        return bool(count >= tickets)

    async def said_everything(self) -> bool:
        return await self.column("SELECT count(*) FROM outbox") == [0]


async def _outcome(place: _Database, brokers: Brokers, tally: Tally, kills: int, tickets_after_s: float) -> Outcome:
    ids, numbers = await place.column("SELECT id FROM tickets"), await place.column("SELECT number FROM tickets")
    incidents = await place.column("SELECT substring(body FROM 'Incident ([0-9]+)') FROM messages WHERE kind = 'request'")
    opened = [ticket for ticket in await _opened(brokers) if ticket in set(ids)]
    last = max(numbers, default=FIRST_NUMBER - 1)
    return Outcome(
        rows=tally.rows,
        requests=tally.sent,
        kills=kills,
        tickets=len(ids),
        incidents=len(set(incidents)),
        incidents_twice=len(incidents) - len(set(incidents)),
        numbers_twice=len(numbers) - len(set(numbers)),
        last_number=last,
        numbers_skipped=last - (FIRST_NUMBER - 1) - len(set(numbers)),
        opened_facts=len(set(opened)),
        opened_repeated=len(opened) - len(set(opened)),
        replay_s=round(tally.seconds, 1),
        tickets_after_s=round(tickets_after_s, 1),
    )


async def _opened(brokers: Brokers) -> list[str]:
    """Returns the tickets that tickets.v1 says were opened, as often as it says so."""
    fact = TicketOpened.model_fields["type"].default
    now = datetime.now(UTC)
    said = [each async for each in everything(brokers, Topic.TICKETS) if not isinstance(each, Unreadable)]
    events = [read_event(record.value, record.headers, now) for record in said]
    return [event.data["ticket_id"] for event in events if event.type == fact]


# ── the command ──────────────────────────────────────────────────────────────────────────────


def planned(file: str, speed: float | None = None) -> Plan:
    """Returns how the log is replayed: so many times as fast as it happened; None: as fast as it goes."""
    return Plan(file, mapping_of("servicenow"), speed=speed)


async def play(file: str, kill_at: list[int], speed: float | None = None) -> Outcome:
    """Returns the same on a Kafka and a Postgres of its own."""
    plan = planned(file, speed)
    with tempfile.TemporaryDirectory(prefix="forewarn-servicenow-") as folder:
        async with running_kafka() as kafka, running_postgres() as postgres:
            return await replay_and_kill(kafka, postgres, plan, Path(folder), kill_at)


def main(
    file: str,
    kill_at: Annotated[list[int] | None, typer.Option(help="kill -9 of ticketing once it has so many tickets; may be said again")] = None,
) -> None:
    outcome = asyncio.run(play(file, [12_000] if kill_at is None else kill_at))
    print(json.dumps(asdict(outcome)))
    sys.exit(not outcome.clean)


if __name__ == "__main__":
    typer.run(main)
