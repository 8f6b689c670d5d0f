"""The console counts dead letters, shows them to operators and sends chosen ones back, each once."""

import asyncio
import time
from typing import Any

from aiokafka import AIOKafkaProducer

from services.console.hearing.letters import Watch
from services.console.sessions.roles import Role
from shared.events import Topic
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
