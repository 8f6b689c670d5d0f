"""A message that a real broker refuses is put aside with its reason, and what stands behind it is published within two seconds."""

import json
import os
import time
from collections.abc import Mapping, Sequence

import pytest
from aiokafka import AIOKafkaProducer, ConsumerRecord
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from confluent_kafka import Producer

from deploy.local.dlq import list_on, redrive_on
from shared.cloudevents import Reason
from shared.connecting.brokers import Brokers
from shared.outbox import Lane, Message, put
from shared.postgres import Database
from shared.settings import Settings
from shared.streaming.dead_letters import REDRIVEN, DeadLetter
from tests.batches import Record, send_records
from tests.containers import PASSWORD
from tests.faults.members import Member, started
from tests.faults.site import Site, producing, within
from tests.faults.worker import NAME

pytestmark = [pytest.mark.asyncio, pytest.mark.docker]

MOST = 2.0  # seconds until what stands behind a refused row is published


async def say(site: Site, *messages: Message, lane: Lane = Lane.FACTS) -> None:
    """Writes messages into the worker's outbox, as the worker would."""
    settings = Settings(
        environment="demo",
        database_host="localhost",
        database_port=site.postgres.port,
        database_name=site.database,
        database_user="postgres",
        database_password=PASSWORD,
    )
    database = Database(settings, NAME)
    await database.open()
    try:
        async with database.transaction() as tx:
            await put(tx, messages, lane)
    finally:
        await database.close()


async def passes(site: Site, *refused: Message) -> float:
    """Returns how many seconds after them the message behind the refused ones is published."""
    next_one = f"next-{time.monotonic()}".encode()
    await say(site, *refused, Message(f"{site.topic}.said", b"next", next_one))
    written_at = time.monotonic()

    async def there() -> bool:
        return any(record.value == next_one for record in await site.records(f"{site.topic}.said"))

    await within(30, there, "the next row is published")
    return time.monotonic() - written_at


async def reasons(site: Site) -> Sequence[tuple[str, str]]:
    return [(row["topic"], row["reason"]) for row in await site.rows("SELECT topic, reason FROM unpublished ORDER BY id")]


async def test_a_row_too_large_for_its_topic_and_one_for_an_unknown_topic_let_the_next_row_pass(site: Site) -> None:
    large = Message(f"{site.topic}.said", b"k", os.urandom(2 << 20))  # the broker's limit is 1 MiB
    unknown = Message("nobody.made.this.v1", b"k", b"v")
    invalid = Message("not a topic!", b"k", b"v")
    async with started(member := site.member("a")):
        await within(20, member.ready, "the worker is ready")
        await passes(site)
        seconds = {name: await passes(site, message) for name, message in (("large", large), ("unknown", unknown), ("invalid", invalid))}
        again = await passes(site, *[unknown] * 500)
        counted = f'forewarn_unpublished_records_total{{reason="too_large",topic="{site.topic}.said"}} 1.0'
        await within(5, lambda: shows(member, counted), "it is counted")
        await within(15, lambda: shows(member, "forewarn_unpublished_rows 503.0"), "all of them wait for an operator")
        await site.produce(100)
        await site.settled()
    assert (await reasons(site))[:2] == [(f"{site.topic}.said", "too_large"), ("nobody.made.this.v1", "unknown_topic")]
    assert len(await reasons(site)) == 503
    assert await site.counted(100) == 100
    print(f"the next row was published after {json.dumps({name: round(held, 1) for name, held in seconds.items()})} s")
    assert max(*seconds.values(), again) <= MOST + 0.5  # half a second to look at the topic


async def shows(member: Member, line: str) -> bool:
    answer = await member.get("/metrics")
    return answer is not None and line in answer.text.splitlines()


async def test_rows_behind_a_refused_one_keep_their_order(site: Site) -> None:
    said = f"{site.topic}.said"
    rows = [Message(said, b"k", b"%03d" % number) for number in range(300)]
    for place in (50, 51, 200):
        rows[place] = Message(said, b"k", os.urandom(2 << 20))
    async with started(member := site.member("a")):
        await within(20, member.ready, "the worker is ready")
        await passes(site, *rows)
        await within(30, site.all_said, "the outbox is empty")
        values = [record.value for record in await site.records(said) if record.key == b"k"]
    assert list(dict.fromkeys(values)) == [b"%03d" % number for number in range(300) if number not in (50, 51, 200)]
    assert len(await reasons(site)) == 3


async def test_a_gzip_record_of_five_megabytes_becomes_a_stub_and_what_comes_after_it_is_read_and_said(site: Site) -> None:
    event = json.dumps({"specversion": "1.0", "id": "1", "source": "/shop", "type": "t", "data": "x" * (5 << 20)}).encode()
    producer = Producer({"bootstrap.servers": site.kafka.bootstrap, "compression.type": "gzip", "message.max.bytes": 8 << 20})
    async with started(member := site.member("a")):
        await within(20, member.ready, "the worker is ready")
        producer.produce(site.topic, event, key=b"large")
        assert producer.flush(30) == 0
        await site.produce(100)
        await within(30, lambda: stub_and_events(site, member), "the stub is there, and the events are counted and said")
        [letter] = await site.records(f"{site.topic}.dlq")
        assert await redrive_on(Brokers(site.kafka.bootstrap), site.topic) == 0  # read where it stands, and sent compressed as it came
        await within(30, lambda: redriven(site), "it came back as another stub")
    headers = {name: value.decode() for name, value in letter.headers}
    assert (headers["forewarn-form"], headers["forewarn-reason"], headers["forewarn-size"]) == ("stub", "too_large", str(len(event)))
    assert await reasons(site) == []


async def change(site: Site, settings: Mapping[str, str]) -> None:
    """Gives the topic these settings from now on."""
    admin = AIOKafkaAdminClient(bootstrap_servers=site.kafka.bootstrap)
    await admin.start()
    try:
        await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, site.topic, configs=settings)])
    finally:
        await admin.close()


async def limit(site: Site, longest: int) -> None:
    """Limits the records of the site's topic to so many bytes from now on."""
    await change(site, {"max.message.bytes": str(longest)})


async def redriven(site: Site) -> bool:
    return any(dict(letter.headers).get(REDRIVEN) == b"1" for letter in await site.records(f"{site.topic}.dlq"))


async def test_letters_whose_records_no_longer_fit_their_topic_stay_and_the_others_go_back(
    site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    def letter(value: bytes, offset: int) -> Message:
        record = ConsumerRecord(site.topic, 0, offset, 1_764_000_000_000, 0, b"k", value, None, 1, len(value), ())
        return DeadLetter(record, Reason.NOT_JSON, "malformed").message("s")

    values = [os.urandom(200_000) if number == 5 else b"%d" % number for number in range(10)]
    await limit(site, 100_000)
    async with producing(site.kafka) as producer:
        for number, value in enumerate(values):
            message = letter(value, number)
            await producer.send_and_wait(message.topic, message.value, key=message.key, headers=list(message.headers), partition=0)
    assert await redrive_on(Brokers(site.kafka.bootstrap), site.topic) == 1
    assert "9 dead letters went back" in (said := capsys.readouterr().out)
    assert f"1 stay: their records are larger than {site.topic} takes" in said
    assert [record.value for record in await site.records(site.topic)] == [value for number, value in enumerate(values) if number != 5]


async def test_letters_that_no_client_can_unpack_or_that_lack_a_key_stay_and_the_others_go_back(
    site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    def letter(number: int, key: bytes | None = b"k") -> Record:
        record = ConsumerRecord(site.topic, 0, number, 1_764_000_000_000, 0, key, b"%d" % number, None, 1, 1, ())
        message = DeadLetter(record, Reason.NOT_JSON, "malformed").message("s")
        return Record(message.key, message.value, [(name.encode(), value) for name, value in message.headers])

    unreadable = Record(None, b"", [(b"\xff\xfe", b""), (b"forewarn-reason", b"not_json")])
    await change(site, {"cleanup.policy": "compact"})
    async with AIOKafkaProducer(bootstrap_servers=site.kafka.bootstrap) as producer:
        year_0 = letter(4)._replace(timestamp=-62_167_219_200_000)
        for batch in ([letter(0), letter(1)], [letter(2), unreadable], [letter(3, key=None)], [year_0]):
            await send_records(producer, f"{site.topic}.dlq", batch)
    assert await list_on(Brokers(site.kafka.bootstrap), site.topic) == 0
    assert "partition 0 offset 3: no client can unpack it: UnicodeDecodeError" in capsys.readouterr().out
    for went in (4, 0):
        assert await redrive_on(Brokers(site.kafka.bootstrap), site.topic) == 1
        assert f"{went} dead letters went back" in (said := capsys.readouterr().out)
        assert f"1 stay: their records are larger than {site.topic} takes, or lack the key it needs" in said
    assert [record.value for record in await site.records(site.topic)] == [b"0", b"1", b"2", b"4"]


async def stub_and_events(site: Site, member: Member) -> bool:
    letters = await site.records(f"{site.topic}.dlq")
    return len(letters) == 1 and len(await site.said()) == 100 and await member.ready()
