"""The console counts dead letters, shows them to operators and sends chosen ones back, each once."""

import asyncio
import time
from typing import Any

from aiokafka import AIOKafkaProducer

from services.console.hearing.letters import Watch
from services.console.pages.health.letters import SHOWN, WITHIN_S
from services.console.sessions.roles import Role
from shared.connecting.brokers import brokers_of
from shared.events import Topic
from shared.letters.letters import latest
from shared.letters.receipts import RECEIPTS
from shared.settings import Settings
from tests.flow.console_screen import screen

TOPIC = Topic.SUPPORT_REQUESTS
HEADERS = [("forewarn-reason", b"not_json"), ("forewarn-detail", b"malformed"), ("forewarn-topic", TOPIC.encode())]


async def test_a_letter_is_counted_shown_escaped_and_sent_back_once(fresh_database: Settings, kafka: str) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=kafka)
    await producer.start()
    try:
        await producer.partitions_for(RECEIPTS)
        await producer.partitions_for(TOPIC)
        stood = await producer.send_and_wait(f"{TOPIC}.dlq", b"<script>x</script>\x1b", key=b"c-1", headers=HEADERS, partition=0)
    finally:
        await producer.stop()
    settings = fresh_database.model_copy(update={"kafka": kafka})
    async with screen(settings) as on, on.seen_by(Role.OPERATOR) as browser:
        watching = asyncio.create_task(Watch(on.settings, on.database).run())
        counted = await _until_counted(on)
        watching.cancel()
        page = await browser.get(f"/health/letters/{TOPIC}")
        form: dict[str, Any] = {"form_id": "form-0001", "chosen": f"{stood.partition}-{stood.offset}"}
        sent = [await browser.post(f"/health/letters/{TOPIC}/redrive", data=form) for _ in range(2)]
        again = await browser.post(f"/health/letters/{TOPIC}/redrive", data=form | {"form_id": "form-0002"})
        noted = await on.rows("SELECT person, act, outcome FROM audit ORDER BY id LIMIT 1")
    assert counted["reasons"]["not_json"] >= 1
    assert "&lt;script&gt;x&lt;/script&gt;" in page.text
    assert "<script>x" not in page.text
    assert [each.status_code for each in sent] == [303, 303]
    assert again.status_code == 409
    assert noted == [{"person": "ada", "act": "letters.redrive", "outcome": "done"}]


async def _until_counted(on: Any) -> dict[str, Any]:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        rows: list[dict[str, Any]] = await on.rows("SELECT * FROM letters WHERE topic = $1", str(TOPIC))
        if rows and rows[0]["waiting"]:
            return rows[0]
        await asyncio.sleep(0.1)
    raise AssertionError("nothing was counted")


async def test_of_a_topic_with_many_letters_only_the_latest_are_read(kafka: str, fresh_database: Settings) -> None:
    name = f"{Topic.INCIDENTS}.dlq"
    producer = AIOKafkaProducer(bootstrap_servers=kafka)
    await producer.start()
    try:
        await producer.partitions_for(RECEIPTS)
        for number in range(60):
            await producer.send(name, b"letter %d." % number, headers=HEADERS, partition=number % 2)
    finally:
        await producer.stop()
    settings = fresh_database.model_copy(update={"kafka": kafka})
    few = await latest(brokers_of(settings), name, 3)
    async with screen(settings) as on, on.seen_by(Role.OPERATOR) as browser:
        page = (await browser.get(f"/health/letters/{Topic.INCIDENTS}")).text
    assert {letter.record.value for letter in few} == {b"letter %d." % number for number in range(54, 60)}
    assert page.count('name="chosen"') == SHOWN
    assert ("letter 59." in page, "letter 10." in page) == (True, False)


async def test_while_kafka_is_away_the_page_says_so(fresh_database: Settings) -> None:
    settings = fresh_database.model_copy(update={"kafka": "127.0.0.1:9"})
    async with screen(settings) as on, on.seen_by(Role.OPERATOR) as browser:
        began = time.monotonic()
        answer = await browser.get(f"/health/letters/{TOPIC}")
    assert answer.status_code == 503
    assert "127.0.0.1:9" in answer.text
    assert time.monotonic() - began < WITHIN_S + 5
