"""Nobody meets a false all-clear, old news, a wrong answer or a service that stops, on the embedded stack."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from aiokafka import AIOKafkaConsumer

from deploy.local.stack import Stack, stack
from shared.events import Topic
from tests.e2e.shop import Reached, Shop, until

SPEAKS_S = 60.0  # for how long others go on: an incident of `checkout-failing` would be calm after 25 s
BODY = 2_600_000
CHUNK = 65_536

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
async def embedded() -> AsyncIterator[Stack]:
    async with stack(lambda _: None) as running:
        yield running


@asynccontextmanager
async def shop(running: Stack, name: str, customers: int = 20) -> AsyncIterator[Shop]:
    async with Shop(Reached(running.kafka, running.urls, running.tokens, running.inbox), name, customers) as opened:
        yield opened


async def dead_letters(running: Stack, topic: str) -> int:
    """Returns how many records the topic's dead letters hold."""
    consumer = AIOKafkaConsumer(bootstrap_servers=running.kafka)
    await consumer.start()
    try:
        consumer.subscribe([f"{topic}.dlq"])
        await consumer.getmany(timeout_ms=500)
        ends = await consumer.end_offsets(list(consumer.assignment()))
        return sum(ends.values())
    finally:
        await consumer.stop()


def rss_mb(running: Stack, module: str) -> float:
    """Returns the resident memory of one service's process, in MB."""
    [pid] = [child.process.pid for child in running.children if child.module == module]
    [line] = [line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmRSS")]
    return int(line.split()[1]) / 1024


async def test_silence_is_not_calm(embedded: Stack) -> None:
    async with shop(embedded, "dead") as dead, shop(embedded, "trickle") as trickle:
        await asyncio.gather(dead.fail("checkout-dead"), trickle.fail("checkout-trickle"))
        await asyncio.gather(dead.told("opened", 20), trickle.told("opened", 20))
        await asyncio.gather(
            dead.serve("search-dead", a_second=5, seconds=SPEAKS_S),
            trickle.serve("checkout-trickle", a_second=1, seconds=SPEAKS_S),
        )
        for each in (dead, trickle):
            assert len(await each.mails("opened")) == 20
            assert not await each.mails("resolved")
            [incident] = await each.items("monitor", "/v1/incidents", component=f"checkout-{each.name}")
            assert incident["status"] == "open"


async def test_old_trouble_is_not_news(embedded: Stack) -> None:
    async with shop(embedded, "old") as old:
        await old.fail("checkout-old", since=datetime.now(UTC) - timedelta(hours=3))

        async def found() -> list[dict[str, Any]]:
            return await old.items("monitor", "/v1/incidents", component="checkout-old")

        async def decided() -> bool:
            incidents = await found()
            about = await old.items("notifier", "/v1/notifications", incident_id=incidents[0]["id"]) if incidents else []
            return len(about) == 20 and all(each["why"] for each in about)

        await until(decided, "20 notifications of the old outage are decided about")
        await old.ask("old-3", "Checkout", "The checkout-old fails.", component="checkout-old")

        async def linked() -> bool:
            tickets = await old.items("ticketing", "/v1/tickets", customer_id="old-3")
            return [each["incident_id"] for each in tickets] == [each["id"] for each in await found()]

        await until(linked, "the ticket about the old outage is linked")
        assert not await old.mails("opened")


async def test_an_affected_customer_who_asks_for_an_invoice_gets_no_automatic_answer(embedded: Stack) -> None:
    async with shop(embedded, "asks") as asks:
        await asks.fail("checkout-asks")
        await asks.told("opened", 20)
        await asks.ask("asks-1", "Invoice", "Please send me the invoice for October.")
        await asks.ask("asks-2", "Cannot pay", "The checkout-asks hangs.", component="checkout-asks")
        await asks.told("answer", 1)
        [ticket] = await asks.items("ticketing", "/v1/tickets", customer_id="asks-1")
        assert (ticket["status"], ticket["incident_id"], ticket["stopped_at"]) == ("open", None, None)
        assert {mail.to for mail in await asks.mails("answer")} == {"asks-2@example.org"}


async def test_large_bodies_without_a_token_leave_no_memory_behind(embedded: Stack) -> None:
    await post_in_chunks(embedded)  # what the first request of its kind costs once is not meant
    before = rss_mb(embedded, "services.ticketing")
    statuses = [await post_in_chunks(embedded) for _ in range(60)]
    grown = rss_mb(embedded, "services.ticketing") - before
    assert set(statuses) <= {401, 413}
    assert grown <= 10, f"ticketing grew by {grown:.1f} MB"


async def post_in_chunks(running: Stack) -> int:
    """Returns the status that POST /v1/tickets answers to a chunked body of 2.6 MB without a token."""
    address = urlsplit(running.urls["ticketing"])
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    writer.write(b"POST /v1/tickets HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
    answered = asyncio.create_task(reader.readline())
    try:
        for _ in range(0, BODY, CHUNK):
            if answered.done():
                break
            writer.write(b"%x\r\n%b\r\n" % (CHUNK, b" " * CHUNK))
            await writer.drain()
        status = int((await asyncio.wait_for(answered, 10)).split()[1])
    except ConnectionError:
        status = int((await asyncio.wait_for(answered, 10)).split()[1])
    finally:
        writer.close()
    return status


async def test_words_of_tomorrow_are_skipped_and_counted(embedded: Stack) -> None:
    async with shop(embedded, "tomorrow", customers=1) as tomorrow:
        before = await dead_letters(embedded, Topic.NOTIFICATIONS)
        data = {
            "notification_id": "n-1",
            "customer_id": "tomorrow-0",
            "kind": "postcard",
            "channel": "pigeon",
            "delivered_at": datetime.now(UTC).isoformat(),
            "message_id": "1",
        }
        for _ in range(300):
            await tomorrow.say(Topic.NOTIFICATIONS, "forewarn.notification.delivered.v1", "tomorrow-0", data)

        async def skipped() -> bool:
            answer = await tomorrow.http.get(embedded.urls["console"] + "/metrics")
            lines = [line for line in answer.text.splitlines() if line.startswith("forewarn_unknown") and Topic.NOTIFICATIONS in line]
            return sum(float(line.split()[-1]) for line in lines if "created" not in line) >= 300

        await until(skipped, "300 facts with an unknown kind are counted as unknown")
        assert await tomorrow.ready()
        assert await dead_letters(embedded, Topic.NOTIFICATIONS) == before


async def test_tombstones_stop_nobody_and_the_next_opt_out_is_heard(embedded: Stack) -> None:
    async with shop(embedded, "tomb", customers=1) as tomb:
        before = await dead_letters(embedded, Topic.CUSTOMERS)
        for number in range(300):
            await tomb.kafka.send_and_wait(Topic.CUSTOMERS, None, key=f"nobody-{number}".encode())
        await tomb.introduce("tomb-0", consent=False)

        async def heard() -> bool:
            answer = await tomb.get("notifier", "/v1/customers/tomb-0")
            return answer.json()["consent"].get("incident") is False

        await until(heard, "the opt-out after 300 tombstones is heard")
        assert await tomb.ready()
        assert await dead_letters(embedded, Topic.CUSTOMERS) == before
