"""A consumer can be stopped at any moment of a fetch; these tests also hold what that needs of aiokafka."""

import asyncio
from typing import Any

import pytest
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
