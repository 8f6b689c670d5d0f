"""The events the benchmarks run on: requests of 50 components by 100,000 customers, some 220 bytes each, the same for every run."""

from collections.abc import Iterator
from datetime import UTC, datetime
from random import Random

from confluent_kafka import Producer

COMPONENTS = 50
CUSTOMERS = 100_000
BAD = 0.002  # share of failed requests in the background
RATE = 100_000  # events a second of event time


def requests(count: int, start: float, seed: int = 1, customers: int = CUSTOMERS, span: float = 0.0) -> Iterator[tuple[bytes, bytes]]:
    """(key, value) of each event, in order of time: one of each customer, then of any. `span`: seconds they take, else `RATE` says."""
    dice = Random(seed)
    keys = [b"c-%d" % customer for customer in range(customers)]
    tails = [[_tail(customer, ok) for ok in (b"true", b"false")] for customer in range(customers)]
    head = b'{"specversion":"1.0","id":"%d-%x","source":"/shop/web-3","type":"com.example.request","time":"%b.%03dZ'
    span = span or count / RATE
    second, said = -1, b""
    for number in range(count):
        at = start + number * span / count
        if int(at) != second:
            second, said = int(at), datetime.fromtimestamp(int(at), UTC).isoformat().removesuffix("+00:00").encode()
        customer = number if number < customers else int(dice.random() * customers)
        yield keys[customer], head % (seed, number, said, (at - second) * 1000) + tails[customer][dice.random() < BAD]


def _tail(customer: int, ok: bytes) -> bytes:
    return b'","subject":"c-%d","data":{"component":"part-%d","ok":%b,"latency_ms":81}}' % (customer, customer % COMPONENTS, ok)


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
