"""An outage touches 1,000 customers while 50,000 all-clears of another are under way: how soon each is told, at 5,000 events a second.

It counts from the event that crosses the rule's threshold, or from the customer's own first failure when that is later, until the mail
server has taken the mail. The events are judged by monitor; a plain reference count over the same events says which one crosses.
"""

import asyncio
import time
from collections.abc import Iterator
from random import Random
from statistics import quantiles

from confluent_kafka import Producer

from bench.events import COMPONENTS, request
from bench.monitor.outages import RATE, Reference, Request
from bench.notifier.stage import Office, fill, notifier, now, office, resolved, say
from bench.servers import Servers, service, until_ready
from shared.events import Topic

TOUCHED, ENDS = 1000, 50_000  # customers
WARM_UP = 16.0  # seconds of events before the outage: a full window
SPREADS = 2.0  # seconds until it has touched everybody
TOLD_WITHIN = 60.0  # seconds after the last event


async def measure(of: Servers) -> dict[str, object]:
    """Returns first_1000_p50_s and first_1000_p99_s. Raises AssertionError when anybody who was touched is not told."""
    await fill(of, "customers", "c-", TOUCHED)
    await fill(of, "customers", "e-", ENDS)
    await fill(of, "told", "over", "e-", ENDS)
    async with office(of.folder, "urgent") as sink, service(of, "monitor") as monitor, notifier(of, sink.settings):
        await until_ready(monitor)
        reference = await _play(of)
        await _told(sink)
        first = dict((await sink.look("c-"))["first"])  # type: ignore[call-overload]
        ends = len(dict((await sink.look("e-"))["first"]))  # type: ignore[call-overload]
        stages = await _stages(of)
    assert reference.crossed_at is not None
    delays = [first[f"c-{each}@example.org"] - max(reference.crossed_at, at) for each, at in reference.failed_at.items()]
    assert len(delays) == TOUCHED, f"{len(delays)} were touched"
    cuts = quantiles(delays, n=100, method="inclusive")
    print(
        f"notifier: {TOUCHED:,} told, {cuts[49]:.2f} s in the median, {cuts[98]:.2f} s at the 99th percentile; {ends:,} all-clears by then"
    )
    failed = {f"c-{each}": max(reference.crossed_at, at) for each, at in reference.failed_at.items()}
    for name, moments in stages.items():
        after = quantiles([at - failed[customer] for customer, at in moments.items()], n=100, method="inclusive")
        print(f"notifier: {name} after {after[49]:.2f} s in the median, {after[98]:.2f} s at the 99th percentile", flush=True)
    return {"first_1000_p50_s": round(cuts[49], 3), "first_1000_p99_s": round(cuts[98], 3), "all_clears_by_then": ends}


async def _stages(of: Servers) -> dict[str, dict[str, float]]:
    """Returns when each customer's alarm was written down, and when it began to be sent (seconds since 1970)."""
    connection = await of.connect()
    try:
        rows = await connection.fetch(
            "SELECT customer_id, extract(epoch FROM created_at)::float8 AS created, extract(epoch FROM sent_at)::float8 AS sent"
            " FROM notifier.notifications WHERE customer_id LIKE 'c-%' AND kind = 'opened'"
        )
    finally:
        await connection.close()
    return {
        "written down": {row["customer_id"]: row["created"] for row in rows},
        "decided": {row["customer_id"]: row["sent"] for row in rows},
    }


def script(seed: int = 5) -> Iterator[Request]:
    """Yields requests: of all components until the outage, in which each of its customers fails, one after the other, again and again."""
    dice, last = Random(seed), round((WARM_UP + SPREADS + 1) * RATE)
    failing = RATE * SPREADS / TOUCHED
    for number in range(last):
        offset = number / RATE
        late = number - WARM_UP * RATE
        if late >= 0 and late % failing < 1:
            yield Request(offset, int(late // failing) % TOUCHED, 0, ok=False)
        else:
            component = 1 + dice.randrange(COMPONENTS - 1)
            yield Request(offset, TOUCHED + component * 100 + dice.randrange(100), component, ok=True)


async def _play(of: Servers) -> Reference:
    """Sends the events at their times, and the end of the other incident just before the outage."""
    producer = Producer({"bootstrap.servers": of.bootstrap, "acks": "all", "partitioner": "murmur2_random"})
    start, reference, ended, run = time.time(), Reference(), False, f"{time.time():.0f}"
    for number, each in enumerate(script()):
        if (ahead := start + each.offset - time.time()) > 0.002:
            producer.poll(0)
            await asyncio.sleep(ahead)
        if not ended and each.offset > WARM_UP - 3:
            ended = True
            say(of, [resolved("over", now(), now(), ENDS)])
        sent_at = time.time()
        key, value = request(f"{run}-{number}", sent_at, each.customer, each.component, ok=each.ok)
        producer.produce(Topic.PRODUCT_EVENTS, value, key)
        if each.component == 0:
            reference.take(sent_at, each.ok, each.customer)
    await asyncio.to_thread(producer.flush, 10)
    return reference


async def _told(sink: Office) -> None:
    """Returns once everybody who was touched has a mail. Raises TimeoutError when somebody has none."""
    async with asyncio.timeout(TOLD_WITHIN):
        while len(dict((await sink.look("c-"))["first"])) < TOUCHED:  # type: ignore[call-overload]  # noqa: ASYNC110  another process counts
            await asyncio.sleep(0.2)
