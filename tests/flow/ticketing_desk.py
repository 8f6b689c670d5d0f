"""The support desk of flow tests: facts come, time is moved by hand, and what is in the tables is looked at."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from functools import partial
from itertools import groupby
from typing import Any

import msgspec

from services.ticketing import timers
from services.ticketing.hearing.customers import on_customers
from services.ticketing.hearing.incidents import on_incidents
from services.ticketing.hearing.requests import on_requests
from services.ticketing.hearing.risks import on_risks
from services.ticketing.store.due import BREACH, END, LOOK, MATCH, TIDY, WARN
from shared.events import TOPIC_OF, Fact, Topic
from shared.postgres import Database
from shared.streaming.handling import Handler
from shared.timers import Due, LeaseLost, Timers, Work
from tests.unit.ticketing.builders import CONFIGURATION, NOW

HANDLERS: dict[Topic, Handler] = {
    Topic.SUPPORT_REQUESTS: partial(on_requests, CONFIGURATION),
    Topic.INCIDENTS: on_incidents,
    Topic.CUSTOMERS: on_customers,
    Topic.RISKS: partial(on_risks, CONFIGURATION),
}
Doing = Callable[[Due], Awaitable[None]]
TABLES = (
    "tickets",
    "messages",
    "links",
    "suggestions",
    "clocks",
    "history",
    "incidents",
    "impact",
    "impact_to_match",
    "told",
    "erased_messages",
    "due",
    "outbox",
)


class Desk:
    """Ticketing without Kafka and HTTP, on a database whose clock stands still."""

    def __init__(self, database: Database) -> None:
        self.database = database

    async def at(self, moment: datetime = NOW) -> None:
        """Sets the database's clock, which stands still."""
        async with self.database.connection() as connection:
            await connection.execute(
                "CREATE OR REPLACE FUNCTION clock() RETURNS timestamptz LANGUAGE sql STABLE"
                f" AS $$ SELECT '{moment.isoformat()}'::timestamptz $$"
            )

    async def tell(self, *facts: Fact) -> None:
        """Publishes facts, each in a batch of its own."""
        for fact in facts:
            await self.tell_at_once([fact])

    async def tell_at_once(self, facts: Sequence[Fact]) -> None:
        """Publishes facts in one batch a topic, and does what follows at once."""
        for topic, batch in groupby(facts, key=lambda fact: TOPIC_OF[type(fact)]):
            async with self.database.transaction() as tx:
                await HANDLERS[topic](tx, list(batch))
            await self.follow()

    async def follow(self) -> None:
        """Does what follows from what was committed, until nothing is left to do."""
        works: dict[str, Doing] = {
            MATCH: partial(timers.match_impact, CONFIGURATION, self.database),
            LOOK: partial(timers.look_again, CONFIGURATION, self.database),
            END: partial(timers.end_incident, CONFIGURATION, self.database),
        }
        while await self._do(works):
            pass

    async def ring(self) -> None:
        """Does everything that is due by now."""
        await self.follow()
        await self._do(
            {
                WARN: partial(timers.check_first_response, self.database),
                BREACH: partial(timers.check_first_response, self.database),
                TIDY: partial(timers.tidy_tickets, CONFIGURATION, self.database),
            }
        )

    async def _do(self, works: Mapping[str, Doing]) -> int:
        done = 0
        for kind, do in works.items():
            for due in await Timers(self.database, {kind: Work(_never)}).claim(kind, 1000):
                with suppress(LeaseLost):  # it was made due anew meanwhile
                    await do(due)
                done += 1
        return done

    async def rows(self, query: str, *values: object) -> list[dict[str, Any]]:
        async with self.database.connection() as connection:
            return [dict(row) for row in await connection.fetch(query, *values)]

    async def tickets(self) -> list[dict[str, Any]]:
        return await self.rows("SELECT * FROM tickets ORDER BY number")

    async def said(self) -> list[dict[str, Any]]:
        """Returns all facts written to the outbox, in order; `type` is what comes between forewarn.ticket and .v1."""
        facts = [msgspec.json.decode(row["value"]) for row in await self.rows("SELECT value FROM outbox ORDER BY id")]
        return [{**fact, "type": fact["type"].split(".")[2]} for fact in facts]

    async def types(self) -> list[str]:
        return [fact["type"] for fact in await self.said()]

    async def everything(self, tables: Iterable[str] = TABLES) -> dict[str, list[dict[str, Any]]]:
        """Returns what is in the tables, whatever the order it came in."""
        return {table: sorted(_plain(await self.rows(f"SELECT * FROM {table}")), key=str) for table in tables}  # noqa: S608

    async def clear(self) -> None:
        """Empties all tables."""
        async with self.database.connection() as connection:
            await connection.execute(f"TRUNCATE {', '.join(TABLES)} RESTART IDENTITY CASCADE; ALTER SEQUENCE ticket_numbers RESTART")


async def _never(due: Due) -> None:
    raise AssertionError("claimed by hand")


def _plain(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{name: value for name, value in row.items() if name not in ("words", "written_at")} for row in rows]
