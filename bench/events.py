"""The events the benchmarks run on: requests of 50 components by 100,000 customers, some 220 bytes each, the same for every run."""

from collections.abc import Iterator
from datetime import UTC, datetime
from random import Random

from confluent_kafka import Producer

COMPONENTS = 50
CUSTOMERS = 100_000
BAD = 0.002  # share of failed requests in the background
RATE = 100_000  # events a second of event time


def requests(count: int, start: float, seed: int = 1) -> Iterator[tuple[bytes, bytes]]:
    """(key, value) of each event, in order of time."""
    dice = Random(seed)
    for number in range(count):
        customer = dice.randrange(CUSTOMERS)
        yield request(f"{seed}-{number:x}", start + number / RATE, customer, customer % COMPONENTS, ok=dice.random() >= BAD)


def request(event_id: str, at: float, customer: int, component: int, *, ok: bool) -> tuple[bytes, bytes]:
    """(key, value) of one request at `at`, seconds since the epoch."""
    time = datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")
    value = (
        f'{{"specversion":"1.0","id":"{event_id}","source":"/shop/web-3","type":"com.example.request","time":"{time}",'
        f'"subject":"c-{customer}","data":{{"component":"part-{component}","ok":{"true" if ok else "false"},"latency_ms":81}}}}'
    )
    return b"c-%d" % customer, value.encode()


def fill(bootstrap: str, topic: str, events: Iterator[tuple[bytes, bytes]]) -> int:
    """Produces all of them as fast as the broker takes them; returns how many."""
    producer = Producer(
        {"bootstrap.servers": bootstrap, "partitioner": "murmur2_random", "linger.ms": 50, "queue.buffering.max.messages": 500_000}
    )
    count = 0
    for key, value in events:
        while True:
            try:
                producer.produce(topic, value, key)
                break
            except BufferError:
                producer.poll(0.1)
        count += 1
        if count % 10_000 == 0:
            producer.poll(0)
    if left := producer.flush(60):
        raise TimeoutError(f"{left} events were not taken within 60 s")
    return count
