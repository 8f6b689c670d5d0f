"""The read model is made anew while it serves: the same rows byte for byte, whatever was erased, and nothing of it before it is whole."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta
from random import Random
from typing import Any

import pytest
from aiokafka import ConsumerRecord

from services.console.hearing.streams import streams
from services.console.rebuilding.rebuild import BOTH, Rebuild, rebuild
from services.console.rebuilding.tables import Overtaken
from services.console.rebuilding.topics import Place
from services.console.settings import ConsoleSettings
from shared.events import Fact
from shared.postgres import Database
from shared.settings import Settings
from tests.builders import NOON
from tests.conftest import opened
from tests.fakes import Clock, FakeConsumer, FakeTopics
from tests.flow import console_story as told
from tests.flow.console_model import recounted, rows, tables
from tests.flow.test_console_hears import erased, interleaved


class FakeSource:
    """Reads the fake topics; `meanwhile` is done once, before the first record is brought."""

    def __init__(self, topics: FakeTopics) -> None:
        self.topics = topics
        self.meanwhile: list[Any] = []

    async def begin(self, place: Place) -> int:
        return self.topics.logs(place[0])[place[1]].begin

    async def between(self, place: Place, first: int, end: int) -> AsyncIterator[Sequence[ConsumerRecord]]:
        while self.meanwhile:
            await self.meanwhile.pop()()
        found = [record for record in self.topics.logs(place[0])[place[1]].records if first <= record.offset < end]
        if found:
            yield found


@dataclass
class Live:
    """A console that hears, and what its rebuild reads."""

    settings: ConsoleSettings
    console: Database
    beside: Database
    topics: FakeTopics
    consumers: list[FakeConsumer]
    source: FakeSource

    async def say(self, facts: Sequence[Fact]) -> None:
        """Publishes facts, and has the console hear them."""
        self.topics.say(*facts)
        for consumer in self.consumers:
            await consumer.drain()

    async def rebuild(self, **how: bool) -> list[str]:
        """Rebuilds, and returns what is said."""
        lines: list[str] = []
        await rebuild(self.beside, self.source, self.settings, lines.append, **how)
        return lines


@pytest.fixture
async def live(fresh_database: Settings) -> AsyncIterator[Live]:
    await Clock(fresh_database, ["console"]).set(NOON + timedelta(hours=3))
    given: dict[str, Any] = {name: value for name, value in fresh_database if name in Settings.model_fields}
    async with AsyncExitStack() as stack:
        console, beside = [await stack.enter_async_context(opened(fresh_database, schema)) for schema in ("console", BOTH)]
        topics = FakeTopics()
        consumers = [FakeConsumer(topics, stream) for stream in streams(console)]
        for consumer in consumers:
            await consumer.assign()
        yield Live(ConsoleSettings(**given, console_token="a token"), console, beside, topics, consumers, FakeSource(topics))


@pytest.mark.parametrize("seed", range(3))
async def test_it_makes_the_same_rows_also_of_what_was_erased_and_while_facts_come(live: Live, seed: int) -> None:
    # Given a story that came in any order, in which customers were erased
    chance = Random(seed)
    for batch in interleaved(told.story(), chance):
        await live.say(batch)
    await live.say([erased(each, NOON + timedelta(hours=1)) for each in chance.sample(told.CUSTOMERS, 4)])

    # When it is rebuilt, while more comes and another one is erased
    async def meanwhile() -> None:
        later = NOON + timedelta(hours=2)
        await live.say([told.opened("i-later", "checkout", later), told.impact("i-later", later, told.CUSTOMERS[:3])])
        await live.say([told.delivered("i-later", "c-2", later), erased("c-2", later + timedelta(minutes=1))])

    live.source.meanwhile.append(meanwhile)
    await live.rebuild()

    # Then the tables are as if nothing had been done
    rebuilt = await tables(live.console)
    await live.console.close()
    await live.console.open()
    assert await recounted(live.console) == []
    await again_from_the_topics(live)
    assert rebuilt == await tables(live.console)


async def again_from_the_topics(live: Live) -> None:
    """Empties the tables, and has the streams read everything from its beginning."""
    async with live.console.connection() as connection:
        await connection.execute("TRUNCATE " + ", ".join(await tables(live.console)))
        await connection.execute("UPDATE offsets SET next = 0")
    for consumer in live.consumers:
        await consumer.assign()
        await consumer.drain()


async def test_the_new_tables_have_all_that_the_old_had_and_go_on(live: Live) -> None:
    await live.say(told.story())
    before = await tables(live.console)
    shape = await rows(live.console, SHAPE)
    lines = await live.rebuild()
    assert await tables(live.console) == before
    assert await rows(live.console, SHAPE) == shape
    assert "tickets: 8 rows before, 8 now" in lines
    await live.say([told.impact(told.CHECKOUT, NOON + timedelta(minutes=2), ["c-20"], 2)])
    [checkout] = await rows(live.console, "SELECT affected FROM incidents WHERE id = $1", told.CHECKOUT)
    assert checkout == {"affected": 17}
    assert await recounted(live.console) == []
    await live.rebuild()


SHAPE = """SELECT 'index' AS what, indexdef AS definition FROM pg_indexes WHERE schemaname = 'console'
    UNION ALL SELECT 'trigger', pg_get_triggerdef(t.oid) FROM pg_trigger t JOIN pg_class c ON c.oid = tgrelid
        WHERE NOT tgisinternal AND relnamespace = 'console'::regnamespace
    UNION ALL SELECT 'column', concat_ws(' ', table_name, ordinal_position, column_name, data_type, is_nullable, column_default)
        FROM information_schema.columns WHERE table_schema = 'console'
    ORDER BY 1, 2"""


async def test_what_the_topics_no_longer_have_is_taken_over_or_forgotten(live: Live) -> None:
    await live.say(told.story())
    before = await tables(live.console)
    for topic in told.HEARING:
        if topic != "customers.v1":
            for partition, log in enumerate(live.topics.logs(topic)):
                live.topics.forget_before(topic, partition, log.end)
    lines = await live.rebuild()
    assert await tables(live.console) == before
    assert sum("is taken over" in line for line in lines) == 4
    assert await recounted(live.console) == []
    await live.rebuild(forget_older=True)
    assert not any((await tables(live.console, without="customers")).values())


async def test_a_run_that_is_killed_leaves_the_tables_as_they_were_and_another_begins_anew(live: Live) -> None:
    await live.say(told.story())
    before = await tables(live.console)
    killed = Rebuild(live.beside, live.source, print)
    await killed.prepare()
    await killed.catch_up()
    assert await tables(live.console) == before
    await live.rebuild()
    assert await tables(live.console) == before
    with pytest.raises(Exception, match=r"does not exist|Another rebuild"):
        await killed.finish(live.settings, forget_older=False)
    newer = Rebuild(live.beside, live.source, print)
    await newer.prepare()
    with pytest.raises(Overtaken):
        await killed.finish(live.settings, forget_older=False)


async def test_it_waits_for_who_reads_a_page(live: Live) -> None:
    await live.say(told.story())
    async with live.console.transaction() as reader:
        await reader.fetch("SELECT * FROM incidents")
        rebuilding = asyncio.create_task(live.rebuild())
        done, _ = await asyncio.wait({rebuilding}, timeout=1.5)
        assert not done
        assert len(await reader.fetch("SELECT * FROM tickets")) == 8
    await rebuilding


async def test_it_brings_nothing_back_that_is_too_old_to_keep(live: Live, fresh_database: Settings) -> None:
    await live.say(told.story())
    await Clock(fresh_database, ["console"]).set(NOON + timedelta(days=3 * 365))
    await live.rebuild()
    left = await rows(live.console, "SELECT id FROM incidents ORDER BY id")
    assert [row["id"] for row in left] == [told.CHECKOUT, told.EXPORT]
    assert await rows(live.console, "SELECT * FROM notifications WHERE body <> '' OR incident_id = $1", told.SEARCH) == []
    assert await rows(live.console, "SELECT number FROM tickets WHERE status = 'closed'") == []
    assert [wrong for wrong in await recounted(live.console) if wrong != (told.SEARCH, "wrote")] == []  # a ticket about it is left
