"""`make stack-test` tries who reaches whom, every codec, bad and too large records, a broker away, greedy callers.

On the compose stack that runs, with its profile observability.
"""

import asyncio
import json
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from aiokafka import AIOKafkaProducer, ConsumerRecord

from shared.events import Topic
from tests.compose.codecs import producers_of_every_codec
from tests.compose.commanding import every_command_runs_in_its_container
from tests.compose.holding import Service, holding
from tests.compose.reaching import each_part_reaches_what_it_needs_and_no_more
from tests.compose.running import KAFKA, PORTS, Running, compose, forewarn
from tests.e2e.shop import Shop, until

FLOOD, INTERLEAVED = 10_000, 300
LARGE = 5_000_000  # bytes before gzip
SMALL = 100_000  # bytes a stub may have
AWAY_S, AT_MOST_S = 60.0, 120.0  # Kafka is away, and longer when no alert has said so yet
LINES = 200  # of log a service, while the broker is away

Found = dict[str, Any]


async def flood_of_records_that_do_not_decode(stack: Running) -> Found:
    """Sends 10,000 JSON records that are no events, 300 of them amidst an outage: customers are told, and redriving all stops nothing."""
    async with stack.shop(name := f"flood{uuid4().hex[:6]}") as shop:
        before = await stack.letters(Topic.PRODUCT_EVENTS)
        await _plain(shop, FLOOD - INTERLEAVED)
        await asyncio.gather(_plain(shop, INTERLEAVED), shop.fail(f"checkout-{name}"))
        await shop.told("opened", 20, seconds=60)
        letters = (await _letters(stack, len(before) + FLOOD))[len(before) :]
        redriven = await forewarn("dlq", "redrive", Topic.PRODUCT_EVENTS, "--token", stack.tokens["operator"])
        await _letters(stack, len(before) + 2 * FLOOD)
        await shop.fail(f"search-{name}")
        await shop.told("opened", 20, about="search", seconds=60)
        await until(shop.ready, "every service is ready", seconds=60)
        return {"told": 20, "letters": len(letters), "reasons": _reasons(letters), "redriven": redriven.strip().splitlines()[-1]}


async def record_that_is_too_large(stack: Running) -> Found:
    """Sends an event of 5 MB that gzip makes small enough for the broker: a stub, and the outage after it is found."""
    async with stack.shop(name := f"large{uuid4().hex[:6]}") as shop:
        before = len(await stack.letters(Topic.PRODUCT_EVENTS))
        producer = AIOKafkaProducer(bootstrap_servers=KAFKA, max_request_size=3 * LARGE, compression_type="gzip")
        await producer.start()
        try:
            event = {"specversion": "1.0", "id": name, "source": "/large", "type": "com.example.request", "time": _now()}
            await producer.send_and_wait(Topic.PRODUCT_EVENTS, json.dumps({**event, "data": {"text": "x" * LARGE}}).encode(), key=b"large")
        finally:
            await producer.stop()
        stub = (await _letters(stack, before + 1))[-1]
        await shop.fail(f"checkout-{name}")
        await shop.told("opened", 20, seconds=60)
        assert len(stub.value or b"") <= SMALL, f"the dead letter has {len(stub.value)} bytes"
        headers = {header: value.decode() for header, value in stub.headers if header.startswith("forewarn-")}
        return {"told": 20, "stub_bytes": len(stub.value or b""), "headers": headers}


async def broker_that_is_away(stack: Running) -> Found:
    """Stops Kafka for 60 s: an alert says so, logs stay short, and everybody is told afterwards of what came by HTTP meanwhile."""
    async with stack.shop(name := f"away{uuid4().hex[:6]}") as shop:
        since, started = _now(), time.monotonic()
        await compose("stop", "kafka")
        fired: dict[str, float] = {}
        try:
            await shop.fail_by_http(f"checkout-{name}")
            while (away := time.monotonic() - started) < AWAY_S or ("KafkaAway" not in fired and away < AT_MOST_S):
                for alert in await stack.firing():
                    fired.setdefault(alert, round(time.monotonic() - started, 1))
                await asyncio.sleep(1)
            lines = {service: await stack.logged(service, since) for service in PORTS}
        finally:
            await compose("start", "kafka")
        await shop.told("opened", 20, seconds=120)
        await until(shop.ready, "every service is ready again", seconds=60)
        assert "KafkaAway" in fired, f"KafkaAway did not fire: {fired}"
        assert max(lines.values()) <= LINES, f"lines of log: {lines}"
        return {"told": 20, "fired_after_s": fired, "log_lines": lines}


async def callers_who_hold_what_they_get(stack: Running) -> Found:
    """Holds 2,000 idle connections, 100 slow bodies and 50 unread answers, on ticketing, then on monitor: /livez answers within 100 ms."""
    token = stack.tokens["operator"]
    return {
        "ticketing": await holding(Service("http://localhost:8003", token, "/v1/tickets", "/v1/tickets?limit=200")),
        "monitor": await holding(Service("http://localhost:8001", token, "/v1/events", "/v1/incidents?limit=500")),
    }


async def _plain(shop: Shop, count: int) -> None:
    sent = [
        await shop.kafka.send(Topic.PRODUCT_EVENTS, json.dumps({"order": number}).encode(), key=f"{shop.name}-{number % 20}".encode())
        for number in range(count)
    ]
    await asyncio.gather(*sent)


async def _letters(stack: Running, count: int) -> list[ConsumerRecord]:
    """Returns the dead letters of the product events, once there are so many."""
    found: list[ConsumerRecord] = []

    async def all_there() -> bool:
        found[:] = await stack.letters(Topic.PRODUCT_EVENTS)
        return len(found) >= count

    await until(all_there, f"{count} dead letters", seconds=120)
    return found


def _reasons(letters: list[ConsumerRecord]) -> dict[str, int]:
    return dict(Counter(dict(letter.headers)["forewarn-reason"].decode() for letter in letters))


def _now() -> str:
    return datetime.now(UTC).isoformat()


HARDSHIPS: tuple[Callable[[Running], Awaitable[Found]], ...] = (
    each_part_reaches_what_it_needs_and_no_more,
    every_command_runs_in_its_container,
    producers_of_every_codec,
    flood_of_records_that_do_not_decode,
    record_that_is_too_large,
    broker_that_is_away,
    callers_who_hold_what_they_get,
)


async def main() -> int:
    """Prints what each hardship led to, a line of JSON each. Returns the exit code: 0 when the stack survived them all."""
    stack, fell = await Running.found(), 0
    for hardship in HARDSHIPS:
        started = time.monotonic()
        try:
            found = await hardship(stack)
        except (TimeoutError, RuntimeError, AssertionError) as error:
            found, fell = {"fell_short": str(error)}, fell + 1
        print(json.dumps({"hardship": hardship.__name__, "seconds": round(time.monotonic() - started), **found}), flush=True)
    return bool(fell)


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
