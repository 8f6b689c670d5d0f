"""Publishes that a customer is to be erased, so that it is the last that customers.v1 says of them."""

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime, timedelta

from pydantic import ValidationError

from shared.cloudevents import FACT_HEADERS, Undecodable, read_fact, write_fact
from shared.connecting.brokers import Brokers
from shared.events import FACT_OF, CustomerErased, Topic

STOP_S = 5.0


def asked(customer_id: str, reason: str, now: datetime, before: Iterable[datetime]) -> CustomerErased:
    """Makes the fact that the customer is to be erased, newer than every erasure `before`.

    Raises ValueError for an id no service would read.
    """
    at = max([now, *(each + timedelta(milliseconds=1) for each in before)])
    try:
        fact = CustomerErased.of(CustomerErased.Data(reason=reason), subject=customer_id, at=at, unique=at.isoformat())
        read_fact(write_fact(fact), FACT_HEADERS, at, FACT_OF)
    except (ValidationError, Undecodable):
        raise ValueError("no customer can have this id: it is empty, too long, or has control characters") from None
    return fact


async def publish(brokers: Brokers, fact: CustomerErased) -> None:
    """Puts the fact into every partition of customers.v1, keyed by the customer. Raises TimeoutError without the topic, and KafkaError.

    Kafka compacts each partition by itself, and other producers may have put the customer's states into another one than
    ours would choose: in each the erasure must be the last that is said of the customer.
    """
    producer = brokers.producer(enable_idempotence=True, acks="all")
    try:
        await brokers.start(producer)
        async with asyncio.timeout(STOP_S):
            partitions = sorted(await producer.partitions_for(Topic.CUSTOMERS))
        for partition in partitions:
            await producer.send_and_wait(
                Topic.CUSTOMERS, write_fact(fact), key=fact.subject.encode(), partition=partition, headers=list(FACT_HEADERS)
            )
    finally:
        with suppress(TimeoutError):  # without a broker the flush would never end
            async with asyncio.timeout(STOP_S):
                await producer.stop()
