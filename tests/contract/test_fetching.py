"""A consumer can be stopped at any moment of a fetch, and waits for no empty partition while another has records.

These tests also hold what that needs of aiokafka.
"""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.consumer import fetcher
from aiokafka.consumer.subscription_state import SubscriptionState
from aiokafka.errors import KafkaConnectionError

from shared.streaming import fetching

LONG_MS = 3_600_000


class Refusing:
    """Stands for a client whose broker is away, or never answers."""

    _metadata_max_age_ms = LONG_MS

    def __init__(self, *, answers: bool) -> None:
        self._loop = asyncio.get_running_loop()
        self._answers, self.asked = answers, asyncio.Event()

    async def send(self, _node: int, _request: object) -> None:
        self.asked.set()
        if self._answers:
            raise KafkaConnectionError("away")
        await asyncio.Event().wait()


class Request:
    topics: tuple[object, ...] = ()


@pytest.mark.parametrize("answers", [True, False], ids=["a fetch that rests before it is tried again", "a fetch without an answer"])
async def test_a_consumer_that_is_stopped_while_it_fetches_just_stops(answers: bool) -> None:
    fetching.install()
    client: Any = Refusing(answers=answers)
    stopped = fetcher.Fetcher(client, SubscriptionState(), retry_backoff_ms=LONG_MS)
    under_way = asyncio.create_task(stopped._proc_fetch_request(None, 1, Request()))
    await asyncio.wait_for(client.asked.wait(), 5)
    stopped._pending_tasks.add(under_way)
    await asyncio.wait_for(stopped.close(), 5)
    assert under_way.result() is False


@pytest.mark.parametrize(("kept_ms", "lain_s", "asks"), [(500, 0.8, False), (500, 1.1, True), (50, 0.0, False), (50, 0.11, True)])
async def test_a_broker_is_not_asked_to_wait_for_the_others_while_records_of_one_partition_are_being_taken(
    kept_ms: int, lain_s: float, asks: bool
) -> None:
    fetching.install()
    leading = SimpleNamespace(leader_for_partition=lambda _: 1)  # one broker, all partitions
    client: Any = SimpleNamespace(_loop=asyncio.get_running_loop(), _metadata_max_age_ms=LONG_MS, cluster=leading)
    of, full, empty = SubscriptionState(), TopicPartition("t", 0), TopicPartition("t", 1)
    of.assign_from_user([full, empty])
    for each in (full, empty):
        of.seek(each, 0)
    assignment = of.subscription.assignment
    asking = fetcher.Fetcher(client, of, fetch_max_wait_ms=kept_ms)
    lies = fetcher.FetchResult(full, assignment=assignment, partition_records=(), backoff=asking._prefetch_backoff)
    lies._created -= lain_s
    asking._records[full] = lies
    questions, *_ = asking._get_actions_per_node(assignment)
    assert [node for node, _ in questions] == [1] * asks
    await asking.close()
