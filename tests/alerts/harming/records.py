"""Records of Kafka come that cannot be read, come too fast, or come no longer."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime

from shared.cloudevents import FACT_HEADERS, write_fact
from shared.events import Topic
from tests.alerts.stack import HOOK, SEEN_LIMIT, SHOP, Stack
from tests.batches import Record, batch, send
from tests.builders import customer, event_bytes


@asynccontextmanager
async def table_locked(stack: Stack) -> AsyncIterator[None]:
    """monitor cannot save, and events keep coming."""
    async with stack.holding("LOCK TABLE monitor.fold_accounts IN ACCESS EXCLUSIVE MODE"), _flooded(stack):
        yield


@asynccontextmanager
async def _flooded(stack: Stack) -> AsyncIterator[None]:
    async def flood() -> None:
        async with stack.producing() as producer:
            await asyncio.gather(
                *[await producer.send(Topic.PRODUCT_EVENTS, event_bytes(f"e-{n}", at=datetime.now(UTC))) for n in range(12_000)]
            )
            for more in range(10**6):
                await producer.send(Topic.PRODUCT_EVENTS, event_bytes(f"f-{more}", at=datetime.now(UTC)))
                await asyncio.sleep(0.01)

    flooding = asyncio.create_task(flood())
    try:
        yield
    finally:
        flooding.cancel()
        with suppress(asyncio.CancelledError):
            await flooding


@asynccontextmanager
async def nonsense(stack: Stack) -> AsyncIterator[None]:
    """More of it than is put aside whole within a minute."""
    await stack.put(Topic.SUPPORT_REQUESTS, b"this is no request", 1500)
    yield


@asynccontextmanager
async def unmapped(stack: Stack) -> AsyncIterator[None]:
    """The shop writes its times in words."""
    for n in range(40):
        await stack.put(SHOP, json.dumps({"order_id": n, "status": "PAID", "user": {"id": "c-1"}, "ts": "soon"}).encode(), 1)
    yield


@asynccontextmanager
async def unsigned(stack: Stack) -> AsyncIterator[None]:
    """Another system posts webhooks with a secret that is no longer the hook's."""
    for n in range(40):
        headers = {"Authorization": "Bearer of-before-0815"}
        answer = await stack.http.post(f"http://localhost:{stack.ports['monitor']}/v1/hooks/{HOOK}", json={"n": n}, headers=headers)
        assert answer.status_code == 401
    yield


@asynccontextmanager
async def unreadable(stack: Stack) -> AsyncIterator[None]:
    """Somebody writes to a topic of ours what no reader reads; it ends when the records are deleted and the reader starts anew."""
    await stack.put(Topic.NOTIFICATIONS, b"this is no fact", 150)
    yield
    await stack.forget(Topic.NOTIFICATIONS)
    await stack.compose("restart", "--timeout", "3", "console")


@asynccontextmanager
async def not_to_be_unpacked(stack: Stack) -> AsyncIterator[None]:
    """Somebody writes a header name that is not UTF-8."""
    async with stack.producing() as producer:
        await send(producer, Topic.SUPPORT_REQUESTS, 1, batch(Record(b"k", b"{}", [(b"\xff", b"v")])))
    yield


@asynccontextmanager
async def transaction_left_open(stack: Stack) -> AsyncIterator[None]:
    """Somebody writes in a transaction and does not end it."""
    async with stack.producing(transactional_id="theirs", transaction_timeout_ms=15_000) as producer:
        await producer.begin_transaction()
        await producer.send_and_wait(Topic.SUPPORT_REQUESTS, b"not yet true", partition=2)
        yield


@asynccontextmanager
async def ids_for_names(stack: Stack) -> AsyncIterator[None]:
    """A producer puts an id where its component should be, in more events than monitor of this stack may remember.

    The events are one customer's and so counted in one partition: those of no customer are counted in the partitions of their components.
    """
    now = datetime.now(UTC)
    components = ["checkout"] * (SEEN_LIMIT + 3_000) + [f"order-{n}" for n in range(2_100)]
    async with stack.producing() as producer:
        data = [{"component": component, "ok": True} for component in components]
        values = [event_bytes(f"n-{n}", at=now, subject="c-0", data=each) for n, each in enumerate(data)]
        await asyncio.gather(*[await producer.send(Topic.PRODUCT_EVENTS, value, partition=0) for value in values])
    yield


@asynccontextmanager
async def component_died(stack: Stack) -> AsyncIterator[None]:
    """Checkout fails for 20 customers, and then says nothing any more; an operator ends the incident."""
    async with stack.producing() as producer:
        for n in range(300):
            data = {"component": "checkout", "ok": False}
            value = event_bytes(f"d-{n}", at=datetime.now(UTC), subject=f"c-{n % 20}", data=data)
            await producer.send(Topic.PRODUCT_EVENTS, value, key=b"c-%d" % (n % 20))
            await asyncio.sleep(0.02)
    yield
    await stack.dismiss_incidents()


@asynccontextmanager
async def nobody_speaks(stack: Stack) -> AsyncIterator[None]:
    """Nothing is written to the topic that always had traffic, while the context lasts."""
    stack.speaking.clear()
    yield
    stack.speaking.set()


async def always_had_traffic(stack: Stack) -> None:
    """Returns when Prometheus has seen traffic on customers.v1 for as long as SourceSilent looks back."""
    spoke = f'increase(forewarn_consumed_records_total{{topic="{Topic.CUSTOMERS}"}}[10s])'
    async with asyncio.timeout(120):
        while not await stack.query(f"min_over_time(({spoke})[60s:1s]) > 0 and count_over_time(({spoke})[60s:1s]) >= 55"):  # noqa: ASYNC110  Prometheus cannot signal
            await asyncio.sleep(0.5)


async def speak(stack: Stack) -> None:
    """Says something on customers.v1 twice a second, while it may, until cancelled."""
    async with stack.producing() as producer:
        number = 0
        while True:
            await stack.speaking.wait()
            number += 1
            fact = customer(f"c-{number % 10}", at=datetime.now(UTC))
            await producer.send(Topic.CUSTOMERS, write_fact(fact), key=fact.subject.encode(), headers=list(FACT_HEADERS))
            await asyncio.sleep(0.5)
