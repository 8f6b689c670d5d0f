"""How soon trouble is found and customers are told, at 5,000 events a second, beside Prometheus and Alertmanager.

Every two seconds another component begins to fail. The event that crosses the threshold is found by a plain reference count over the
same events. From there it counts until the incident's fact is on Kafka, until Alertmanager tells of the component, and until the
customer's mail is accepted; a customer who fails only later is counted from their own first failure.
"""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from statistics import median, quantiles

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from confluent_kafka import Producer

from bench.events import COMPONENTS, request
from bench.monitor.outages import OF_ONE, RATE, Reference, length, script
from bench.monitor.watching import Peer
from bench.servers import Servers, service, until_ready
from deploy.local.mailbox import Mail
from deploy.local.smtp import Inbox, inbox
from shared.cloudevents import FACT_HEADERS, write_fact
from shared.events import Contact, CustomerUpdated, IncidentOpened, Topic

OPENED = IncidentOpened.model_fields["type"].default
PEER_WITHIN = 200.0  # seconds after the last outage: a minute to look, a minute to judge, half a minute to group, and some
TOLD_WITHIN = 30.0  # seconds without a further mail


@dataclass
class Found:
    """What the run has seen of each component."""

    counted: Mapping[int, Reference] = field(default_factory=lambda: {component: Reference() for component in range(COMPONENTS)})
    opened: dict[int, float] = field(default_factory=dict)  # when the incident's fact was read from Kafka, seconds since the epoch

    @property
    def crossed(self) -> dict[int, float]:
        """Returns when each component crossed the threshold."""
        return {component: each.crossed_at for component, each in self.counted.items() if each.crossed_at is not None}


async def measure(of: Servers, incidents: int, peer: Peer) -> dict[str, object]:
    """Returns the delays. Raises AssertionError when a component that failed was not found, or a customer whom it touched not told."""
    async with inbox(of.folder / "mail") as box:
        smtp = {"FOREWARN_SMTP_HOST": box.address[0], "FOREWARN_SMTP_PORT": str(box.address[1])}
        async with service(of, "monitor") as monitor, service(of, "notifier", smtp) as notifier:
            await until_ready(monitor)
            await until_ready(notifier)
            await _directory(of)
            await peer.warm()
            found = Found()
            async with _hearing(of, found):
                await _play(of, incidents, peer, found)
            await _settled(box, sum(len(found.counted[component].failed_at) for component in found.crossed))
            return _figures(found, peer, await box.mails())


async def _directory(of: Servers) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=of.bootstrap, acks="all", linger_ms=2)
    await producer.start()
    try:
        for customer in range(COMPONENTS * OF_ONE):
            data = CustomerUpdated.Data(contacts=(Contact(channel="email", address=f"c-{customer}@example.org"),))
            fact = CustomerUpdated.of(data, subject=f"c-{customer}", at=datetime.now(UTC))
            await producer.send(Topic.CUSTOMERS, write_fact(fact), key=fact.subject.encode(), headers=list(FACT_HEADERS))
        await producer.flush()
    finally:
        await producer.stop()


@asynccontextmanager
async def _hearing(of: Servers, found: Found) -> AsyncIterator[None]:
    """Notes when an incident's fact can be read, while the context lasts."""
    consumer = AIOKafkaConsumer(Topic.INCIDENTS, bootstrap_servers=of.bootstrap, auto_offset_reset="latest", fetch_max_wait_ms=50)
    await consumer.start()
    hearing = asyncio.create_task(_hear(consumer, found))
    try:
        yield
    finally:
        hearing.cancel()
        await asyncio.gather(hearing, return_exceptions=True)
        await consumer.stop()


async def _hear(consumer: AIOKafkaConsumer, found: Found) -> None:
    async for record in consumer:
        now, fact = time.time(), json.loads(record.value)
        if fact["type"] == OPENED:
            found.opened.setdefault(int(fact["data"]["component"].removeprefix("part-")), now)


async def _play(of: Servers, incidents: int, peer: Peer, found: Found) -> None:
    """Sends the events at their times, until Alertmanager has told of every component that crossed."""
    seconds = length(incidents)
    print(f"{incidents} outages at {RATE:,} events a second, {seconds:.0f} s; then until Alertmanager has told of all of them", flush=True)
    producer = Producer({"bootstrap.servers": of.bootstrap, "acks": "all", "partitioner": "murmur2_random"})
    start = time.time()
    for number, each in enumerate(script(incidents)):
        if (ahead := start + each.offset - time.time()) > 0.002:
            producer.poll(0)
            await asyncio.sleep(ahead)
        if each.offset > seconds and (found.crossed.keys() <= peer.told.keys() or each.offset > seconds + PEER_WITHIN):
            break
        sent_at = time.time()
        key, value = request(f"told-{number}", sent_at, each.customer, each.component, ok=each.ok)
        producer.produce(Topic.PRODUCT_EVENTS, value, key)
        found.counted[each.component].take(sent_at, each.ok, each.customer)
        peer.count(each.component, ok=each.ok)
    await asyncio.to_thread(producer.flush, 10)


async def _settled(box: Inbox, expected: int) -> None:
    """Returns when everybody is told of their incident, or nobody was for a while; all-clears do not count."""
    there, deadline = 0, time.monotonic() + TOLD_WITHIN
    while there < expected and time.monotonic() < deadline:
        await asyncio.sleep(0.2)
        if (now := sum(mail.kind == "opened" for mail in await box.mails())) > there:
            there, deadline = now, time.monotonic() + TOLD_WITHIN


# ── the figures ──────────────────────────────────────────────────────────────────────────────


def _figures(found: Found, peer: Peer, mails: Sequence[Mail]) -> dict[str, object]:
    crossed = found.crossed
    assert crossed.keys() == found.opened.keys(), f"crossed {sorted(crossed)}, opened {sorted(found.opened)}"
    assert crossed.keys() <= peer.told.keys(), f"Alertmanager has not told of {sorted(crossed.keys() - peer.told.keys())}"
    opened = [found.opened[component] - at for component, at in crossed.items()]
    there = [peer.told[component] - at for component, at in crossed.items()]
    told = list(_told(mails, found))
    figures: dict[str, object] = {}
    for name, delays in (("opened", opened), ("told_after", told)):
        p50, p99 = _cuts(delays)
        print(f"{name}: {len(delays)}, {p50:.2f} s in the median, {p99:.2f} s at the 99th percentile, {max(delays):.2f} s at most")
        figures |= {f"{name}_p50_s": round(p50, 3), f"{name}_p99_s": round(p99, 3)}
    print(
        f"Prometheus and Alertmanager: {median(there):.1f} s in the median, {median(there) / median(opened):.0f} times as long", flush=True
    )
    return figures | {"alertmanager_p50_s": round(median(there), 1)}


def _cuts(delays: Sequence[float]) -> tuple[float, float]:
    """Returns the median and the 99th percentile."""
    cuts = quantiles(delays, n=100, method="inclusive")
    return cuts[49], cuts[98]


def _told(mails: Sequence[Mail], found: Found) -> Iterator[float]:
    """Yields each customer's delay."""
    told = {mail.to: mail for mail in mails if mail.kind == "opened"}
    for component, crossed_at in found.crossed.items():
        for customer, failed_at in found.counted[component].failed_at.items():
            mail = told.get(f"c-{customer}@example.org")
            assert mail is not None, f"c-{customer} was affected and never told"
            yield mail.received_at.timestamp() - max(crossed_at, failed_at)
