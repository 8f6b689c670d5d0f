"""The messages of one channel wait in a queue of its own (a bulkhead): a provider that is slow holds up no other.

Lanes share the channel by weight (stride scheduling, Waldspurger and Weihl 1995): alarms go before all-clears, and none starves.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Generic, TypeVar

from services.notifier.channels.outcome import Channel, Outcome, Rendered
from services.notifier.lanes import SHARES

SLOW_AT_MOST = 8  # times as many sends as a channel has places may be under way, when those that are slow have given theirs up

Item = TypeVar("Item")


class Lanes(Generic[Item]):
    """A queue for each lane; what is taken next is of the lane that has had the least of its share."""

    def __init__(self, shares: Mapping[str, int]) -> None:
        self._strides = {lane: 1 / share for lane, share in shares.items()}
        self._queues: dict[str, deque[Item]] = {lane: deque() for lane in shares}
        self._had = dict.fromkeys(shares, 0.0)
        self._now = 0.0  # what the lane that was taken from last had had
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def put(self, lane: str, item: Item) -> None:
        queue = self._queues[lane]
        if not queue:
            self._had[lane] = max(self._had[lane], self._now)  # a lane that was empty has saved nothing up
        queue.append(item)
        self._count += 1

    def take(self) -> Item:
        """Returns the next. Raises ValueError when there is none."""
        lane = min((lane for lane, queue in self._queues.items() if queue), key=self._had.__getitem__)
        self._now = self._had[lane]
        self._had[lane] += self._strides[lane]
        self._count -= 1
        return self._queues[lane].popleft()


@dataclass(frozen=True, slots=True)
class Waiting:
    """A message that waits for its turn, and what is to come of it."""

    message: Rendered
    slow: Callable[[], None]
    future: asyncio.Future[Outcome]


class Bulkhead:
    """Sends what waits for one channel, as many messages together and as many sends at once as it takes.

    `slow_after`: seconds after which a send gives its place to another and goes on beside it, for a channel each of whose addresses is a
    server of its own, so that those that hang hold up no other; None: each keeps its place.
    """

    def __init__(self, channel: Channel, shares: Mapping[str, int] = SHARES, slow_after: float | None = None) -> None:
        self._channel, self._slow_after = channel, slow_after
        self._slow: set[asyncio.Task[None]] = set()  # of those under way
        self._waiting: Lanes[Waiting] = Lanes(shares)
        self._under_way: set[asyncio.Task[None]] = set()

    def bring(self, message: Rendered, lane: str, slow: Callable[[], None] = lambda: None) -> asyncio.Future[Outcome]:
        """Returns what is to come of the try, once it is the message's turn. Cancelled before that, it is not sent.

        `slow` is called when its send gives its place to another.
        """
        waiting = Waiting(message, slow, asyncio.get_running_loop().create_future())
        self._waiting.put(lane, waiting)
        self._begin()
        return waiting.future

    def _begin(self) -> None:
        while self._waiting and (free := self._free()) > 0:
            count = min(self._channel.together, ceil(len(self._waiting) / free))
            some = [taken for _ in range(count) if not (taken := self._waiting.take()).future.done()]  # done: it was cancelled
            if some:
                task = asyncio.create_task(self._send(some))
                self._under_way.add(task)
                task.add_done_callback(self._ended)
                if self._slow_after is not None:
                    asyncio.get_running_loop().call_later(self._slow_after, self._give_way, task, some)

    def _free(self) -> int:
        places = self._channel.at_once
        return min(places - len(self._under_way) + len(self._slow), SLOW_AT_MOST * places - len(self._under_way))

    def _give_way(self, task: "asyncio.Task[None]", some: Sequence[Waiting]) -> None:
        if task in self._under_way:
            self._slow.add(task)
            for each in some:
                each.slow()
            self._begin()

    def _ended(self, task: "asyncio.Task[None]") -> None:
        self._under_way.discard(task)
        self._slow.discard(task)
        self._begin()

    async def _send(self, some: Sequence[Waiting]) -> None:
        try:
            outcomes = await self._channel.send([each.message for each in some])
        except BaseException:  # cancelled
            for each in some:
                each.future.cancel()
            raise
        for each, outcome in zip(some, outcomes, strict=True):
            if not each.future.done():
                each.future.set_result(outcome)
