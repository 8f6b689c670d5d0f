"""Nothing stops at records that a client library cannot unpack, or whose putting aside fails (real Kafka, one worker)."""

import asyncio
from collections.abc import Collection, Sequence

import pytest
from aiokafka import ConsumerRecord, TopicPartition

from shared import kafka
from shared.cloudevents import write_fact
from shared.connecting.brokers import brokers_of
from shared.events import Fact
from shared.postgres import Database, Tx
from shared.settings import Settings
from shared.stream import Stream
from shared.streaming.handling import Handling
from tests.batches import Record, batch, sealed, send
from tests.builders import customer
from tests.faults.members import Member, started
from tests.faults.site import Site, producing, within

pytestmark = [pytest.mark.asyncio, pytest.mark.docker]

DAMAGE = """cd /var/lib/kafka/data/{topic}-0 && at=$(grep -abo damaged-1 *.log | head -1 | cut -d: -f1) &&
    printf x | dd of=00000000000000000000.log bs=1 seek=$at conv=notrunc"""
YEAR_0 = -62_167_219_200_000  # milliseconds


async def letters(site: Site, count: int) -> list[ConsumerRecord]:
    """Returns the dead letters, once there are so many."""

    async def there() -> bool:
        return len(await site.records(f"{site.topic}.dlq")) == count

    await within(30, there, f"{count} dead letters")
    return await site.records(f"{site.topic}.dlq")


def said(letter: ConsumerRecord) -> dict[str, str]:
    return {name: value.decode() for name, value in letter.headers if name.startswith("forewarn-")}


def fact(name: str) -> Record:
    return Record(name.encode(), write_fact(customer(name)))


async def counted(site: Site) -> set[str]:
    return {row["id"] for row in await site.rows("SELECT id FROM counted")}


async def shows(member: Member, line: str) -> bool:
    answer = await member.get("/metrics")
    return answer is not None and line in answer.text.splitlines()


async def test_a_header_name_that_is_not_utf_8_costs_its_record_is_counted_and_named_with_its_place(site: Site) -> None:
    odd = batch(fact("before"), Record(b"k", b"{}", [(b"\xff\xfe", b"v")]), fact("behind"))
    async with started(member := site.member("a")), producing(site.kafka) as producer:
        await within(20, member.ready, "the worker is ready")
        for partition in range(10):
            await send(producer, site.topic, partition, odd)
        await site.produce(100)
        found = await letters(site, 10)
        await within(30, lambda: all_counted(site, 102), "everything else is counted")
        line = f'forewarn_dead_letters_total{{reason="unreadable",topic="{site.topic}"}} 10.0'
        await within(5, lambda: shows(member, line), "they are counted")
        await within(10, member.ready, "the worker is ready")
        log = member.log.read_text()
    assert {(letter.key, letter.value) for letter in found} == {(None, b"")}
    assert {said(letter)["forewarn-partition"] for letter in found} == {str(partition) for partition in range(10)}
    first = said(found[0])
    assert (first["forewarn-form"], first["forewarn-reason"], first["forewarn-offset"]) == ("stub", "unreadable", "1")
    assert f"{site.topic} partition " in log
    assert "cannot be unpacked: UnicodeDecodeError" in log


async def all_counted(site: Site, count: int) -> bool:
    return len(await counted(site)) == count


async def test_what_makes_the_putting_aside_fail_is_put_aside_all_the_same(site: Site) -> None:
    """A header name with U+0000, a header without value, and a timestamp of the year 0 are taken by the broker."""
    async with started(member := site.member("a")), producing(site.kafka) as producer:
        await within(20, member.ready, "the worker is ready")
        await send(producer, site.topic, 0, batch((b"nul", b"no fact", [("a\0b", b"v"), ("none", None)])))
        await send(producer, site.topic, 1, batch(Record(b"old", b"no fact", timestamp=YEAR_0)))
        await send(producer, site.topic, 2, batch(Record(b"older", b"no fact", timestamp=-(1 << 62))))
        await site.produce(50)
        found = await letters(site, 3)
        await site.settled()
        await within(10, member.ready, "the worker is ready")
    assert {letter.key for letter in found} == {b"nul", b"old", b"older"}
    assert {said(letter)["forewarn-reason"] for letter in found} == {"not_json"}


async def test_a_record_that_says_it_stands_far_ahead_costs_itself(site: Site) -> None:
    data = bytearray(batch(fact("liar")))
    assert (data[61] & 0x80, data[65]) == (0x80, 0), "its length has two bytes, attributes and timestamp one each"
    data[65] = 126  # the offset's difference: a zig-zag 63
    async with started(member := site.member("a")), producing(site.kafka) as producer:
        await within(20, member.ready, "the worker is ready")
        await send(producer, site.topic, 0, sealed(bytes(data)))
        for number in range(20):
            await send(producer, site.topic, 0, batch(fact(f"good-{number}")))
        await within(30, lambda: all_counted(site, 20), "the records behind it are counted")
        [letter] = await letters(site, 1)
    assert (said(letter)["forewarn-reason"], said(letter)["forewarn-offset"]) == ("unreadable", "0")


async def test_a_batch_that_is_damaged_on_the_brokers_disk_costs_itself(site: Site) -> None:
    async with producing(site.kafka) as producer:
        for name in ("before", "damaged", "behind"):
            await send(producer, site.topic, 0, batch(fact(f"{name}-1"), fact(f"{name}-2")))
    code, output = await asyncio.to_thread(site.kafka.container.exec, ["sh", "-c", DAMAGE.format(topic=site.topic)])
    assert code == 0, output
    async with started(member := site.member("a")):
        await within(30, lambda: all_counted(site, 4), "the others are counted")
        [letter] = await letters(site, 1)
        await within(10, member.ready, "the worker is ready")
    assert await counted(site) == {"before-1", "before-2", "behind-1", "behind-2"}
    assert (said(letter)["forewarn-offset"], said(letter)["forewarn-detail"]) == ("3", "CorruptRecordException, offsets 2 to 3")


class Raising(Stream):
    """A stream whose handler raises what no stream should."""

    async def on_partitions_assigned(self, assigned: Collection[TopicPartition]) -> None:
        self.assigned = frozenset(at.partition for at in assigned)

    async def on_partitions_revoked(self, revoked: Collection[TopicPartition]) -> None: ...

    async def on_batch(self, records: Sequence[ConsumerRecord]) -> None:  # noqa: ARG002
        raise ValueError("past everything that judges")


async def test_what_faststream_swallows_is_in_the_log(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    settings = Settings(environment="demo", kafka=site.kafka.bootstrap, database_user="", database_password="")
    handling = Handling(site.topic, (), nothing)
    broker = kafka.broker(brokers_of(settings), [Raising("raising", site.topic, handling, Database(settings, "raising"))])
    await broker.start()
    try:
        await site.put(b"{}")

        async def logged() -> bool:
            return "past everything that judges" in caplog.text

        await within(30, logged, "what was raised is in the log")
    finally:
        await broker.stop()


async def nothing(tx: Tx, facts: Sequence[Fact]) -> None: ...
