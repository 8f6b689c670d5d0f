"""Somebody's open transaction holds a partition: readiness says whose, and nothing is lost when it ends. Real Kafka, one worker."""

import pytest
from aiokafka import AIOKafkaProducer

from shared.connecting.brokers import Brokers
from shared.streaming.transactions import Owner, owner
from tests.faults.members import Member, started
from tests.faults.site import Site, producing, within

pytestmark = [pytest.mark.asyncio, pytest.mark.docker]


async def test_readiness_names_the_open_transaction_that_holds_a_partition_and_whose_it_is(site: Site) -> None:
    theirs = AIOKafkaProducer(
        bootstrap_servers=site.kafka.bootstrap, transactional_id="their-shop", transaction_timeout_ms=60_000, acks="all"
    )
    await theirs.start()
    try:
        async with started(member := site.member("a")), producing(site.kafka) as producer:
            await within(20, member.ready, "the worker is ready")
            await theirs.begin_transaction()
            await theirs.send_and_wait(site.topic, b"not yet true", partition=3)
            for _ in range(5):
                await producer.send_and_wait(site.topic, b"no fact", partition=3)
            found = await owner(Brokers(site.kafka.bootstrap), site.topic, 3, 0)
            assert isinstance(found, Owner)
            assert found.transactional_id == "their-shop"
            await within(30, lambda: says(member, site.topic, "partition 3 is held at offset 0", repr("their-shop")), "it says whose")
            await within(10, lambda: held(member, site.topic), "the metric says for how long")
            await theirs.commit_transaction()
            await within(20, member.ready, "the worker is ready again")
            await within(20, lambda: six(site), "nothing is lost")
    finally:
        await theirs.stop()


async def six(site: Site) -> bool:
    return len(await site.records(f"{site.topic}.dlq")) == 6


async def says(member: Member, topic: str, *words: str) -> bool:
    answer = await member.get("/readyz")
    return answer is not None and answer.status_code == 503 and all(word in answer.json()[topic] for word in words)


async def held(member: Member, topic: str) -> bool:
    answer = await member.get("/metrics")
    line = f'forewarn_hold_age_seconds{{topic="{topic}"}} '
    return answer is not None and any(float(each.removeprefix(line)) >= 5 for each in answer.text.splitlines() if each.startswith(line))
