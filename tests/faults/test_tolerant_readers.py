"""Tombstones, words of a later version and halves of surrogate pairs, on a real broker: skipped, counted, and nothing stands."""

import json
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from functools import partial

import pytest
from aiokafka import TopicPartition

from shared.cloudevents import write_fact
from shared.events import Fact, NotificationDelivered, TicketReplied, Topic
from tests.builders import customer
from tests.containers import Kafka, Postgres
from tests.faults.sink import sink
from tests.faults.site import producing, within
from tests.faults.stack import Stack, running

pytestmark = [pytest.mark.asyncio, pytest.mark.docker]

OURS = "SELECT id, consent FROM notifier.customers WHERE id IN ('c-1', 'c-2')"  # other tests have customers on these servers too
SKIPPED = {
    ("notifier", f'forewarn_tombstones_total{{topic="{Topic.CUSTOMERS}"}} 300.0'),
    ("notifier", f'forewarn_unknown_type_records_total{{topic="{Topic.TICKETS}"}} 300.0'),
    ("console", f'forewarn_unknown_type_records_total{{topic="{Topic.NOTIFICATIONS}"}} 300.0'),
}


@pytest.fixture
async def stack(kafka: Kafka, postgres_server: Postgres, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    async with sink(lambda: 0.0) as taking, running(kafka, postgres_server, taking, tmp_path_factory.mktemp("tolerant")) as it:
        yield it


async def put(stack: Stack, topic: Topic, records: Sequence[tuple[str, bytes | None]]) -> None:
    async with producing(stack.kafka) as producer:
        for key, value in records:
            await producer.send(topic, value, key=key.encode())
        await producer.flush()


def of_tomorrow(fact: Fact) -> bytes:
    """Returns the fact with a kind that this version does not know."""
    said = json.loads(write_fact(fact))
    return json.dumps({**said, "data": {**said["data"], "kind": "hologram"}}).encode()


async def counted(stack: Stack, service: str, line: str) -> bool:
    answer = await stack.members[service].get("/metrics")
    return answer is not None and line in answer.text.splitlines()


async def dead_letters(stack: Stack) -> dict[TopicPartition, int]:
    return {at: end for at, end in (await stack.ends()).items() if at.topic.endswith(".dlq")}


async def test_300_tombstones_300_unknown_kinds_and_lone_surrogates_stop_nothing_and_the_next_opt_out_is_heard(stack: Stack) -> None:
    now, before = datetime.now(UTC), await dead_letters(stack)
    about = {"notification_id": "n", "customer_id": "c-1", "kind": "opened", "incident_id": "i-1"}
    told = NotificationDelivered.Data(**about, channel="email", delivered_at=now, message_id="<m@example.com>")
    words = {"reply_id": "r", "kind": "reply", "author": "agent", "subject": "Re:", "body": "Words."}
    replied = TicketReplied.Data(ticket_id="t-1", number=1, customer_id="c-1", replied_at=now, **words)
    halved = write_fact(customer("c-2", at=now)).replace(b'"Ada"', b'"A\\ud800da"')

    await put(
        stack, Topic.CUSTOMERS, [("c-1", write_fact(customer("c-1", at=now))), *((f"gone-{n}", None) for n in range(300)), ("c-2", halved)]
    )
    await put(stack, Topic.NOTIFICATIONS, [("c-1", of_tomorrow(NotificationDelivered.of(told, subject="c-1", at=now)))] * 300)
    await put(stack, Topic.TICKETS, [("t-1", of_tomorrow(TicketReplied.of(replied, subject="t-1", at=now)))] * 300)
    opt_out = customer("c-1", at=datetime.now(UTC), consent={"incident": False})
    await put(stack, Topic.CUSTOMERS, [("c-1", write_fact(opt_out))])

    async def heard() -> bool:
        return {row["id"]: json.loads(row["consent"]) for row in await stack.rows(OURS)} == {
            "c-1": {"incident": False},
            "c-2": {},
        }

    await within(20, heard, "the opt-out is in the directory")
    for service, line in SKIPPED:
        await within(20, partial(counted, stack, service, line), line)
    assert [row["name"] for row in await stack.rows("SELECT name FROM notifier.customers WHERE id = 'c-2'")] == ["A\ufffdda"]
    assert await stack.ready()
    assert await dead_letters(stack) == before
    assert before.keys() >= {TopicPartition(f"{Topic.CUSTOMERS}.dlq", 0)}
