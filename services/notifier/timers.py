"""A notification that is due is decided about, sent and settled; a crash between any two steps loses and repeats nothing.

The lease is renewed while a slow server is at work; whoever has lost it writes nothing. Each row is a task of its own, so that a slow
one holds up no other; what they ask of the database is done for up to two hundred at a time.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

from services.notifier import metrics
from services.notifier.channels.outcome import Outcome
from services.notifier.channels.registry import Route
from services.notifier.deciding.policy import Policy
from services.notifier.deciding.sending import Sending
from services.notifier.delivering.beginning import LEASE, Beginning
from services.notifier.delivering.settling import Settling, Tried
from services.notifier.lanes import AT_ONCE, BEFORE, LANES, LEAST, SLOW
from services.notifier.wording.sealing import Write
from shared import timers
from shared.coalescing import Coalescing
from shared.places import Places
from shared.postgres import TRANSIENT, Database
from shared.timers import Due, LeaseLost, Work

log = logging.getLogger(__name__)

RENEW = 10.0  # seconds


@dataclass
class Delivery:
    """Brings notifications through their channels."""

    database: Database
    routes: Mapping[str, Route]
    policy: Policy
    write: Write
    renew_every: float = RENEW
    places: Mapping[str, Places] = field(default_factory=lambda: {lane: Places(SLOW * at_once) for lane, at_once in AT_ONCE.items()})
    _begin: Coalescing[Due, Sending | None] = field(init=False)
    _settle: Coalescing[Tried, None] = field(init=False)
    _under_way: dict[Due, asyncio.Future[Outcome]] = field(init=False, default_factory=dict)  # what channels bring now
    _keeping: asyncio.Task[None] | None = field(init=False, default=None)  # of their leases

    def __post_init__(self) -> None:
        self._begin = Coalescing(Beginning(self.database, self.policy, self.write, self.routes).begin)
        self._settle = Coalescing(Settling(self.database, self.policy, self.routes).settle)

    async def deliver(self, due: Due) -> None:
        """Settles the row, or asks for it again (it is work for `shared/timers.py`)."""
        sending = await self._begin.ask(due)
        if sending is None:
            return
        started = time.perf_counter()
        outcome = await self._send(due, sending)
        metrics.SEND_SECONDS.labels(type(outcome).__name__.lower()).observe(time.perf_counter() - started)
        self._learn(sending.contact.channel, outcome, due)
        await self._settle.ask(Tried(due, sending, outcome))

    async def _send(self, due: Due, sending: Sending) -> Outcome:
        """Sends, and keeps the lease meanwhile. Raises LeaseLost when that did not work."""
        bringing = self.routes[sending.contact.channel].queue.bring(sending.message, due.kind, self._giving_way(due))
        self._under_way[due] = bringing
        if self._keeping is None:
            self._keeping = asyncio.create_task(self._keep_leases())
        try:
            return await bringing
        finally:
            bringing.cancel()
            del self._under_way[due]

    def _giving_way(self, due: Due) -> Callable[[], None]:
        """Returns what has others of the lane begun meanwhile: a receiver that is slow holds up none of them."""
        task = asyncio.current_task()
        return lambda: self.places[due.kind].give_way(task) if task else None

    async def _keep_leases(self) -> None:
        """Renews, as long as anything is under way, the leases of what has been for a while; what lost its lease is given up."""
        before: set[Due] = set()
        try:
            while self._under_way:
                await asyncio.sleep(self.renew_every)
                slow = {due for due in before if due in self._under_way}
                for lost in await self._renew(slow):
                    if (bringing := self._under_way.get(lost)) is not None and not bringing.done():
                        bringing.set_exception(LeaseLost(f"{lost.kind} {lost.ref}"))
                before = set(self._under_way)
        finally:
            self._keeping = None

    def _learn(self, channel: str, outcome: Outcome, due: Due) -> None:
        """Tells the channel's circuit breaker; an operator reads once that delivery pauses, and once that it goes on."""
        breaker = self.routes[channel].breaker
        was_open = breaker.is_open
        breaker.learn(outcome, due.now)
        metrics.DELIVERY_PAUSED.labels(channel).set(breaker.is_open)
        if breaker.is_open and not was_open:
            log.warning("delivery by %s pauses: the provider refuses us: %s", channel, outcome.detail)
        elif was_open and not breaker.is_open:
            log.warning("delivery by %s goes on: the provider takes our messages again", channel)

    async def _renew(self, slow: Collection[Due]) -> set[Due]:
        """Returns those whose lease another worker has."""
        if not slow:
            return set()
        try:
            async with self.database.transaction() as tx:
                return set(slow) - await timers.renew(tx, slow, LEASE)
        except TRANSIENT as error:
            log.warning("%d leases were not renewed: %s", len(slow), error)
        except Exception:
            log.exception("%d leases were not renewed", len(slow))
        return set()


def due_rows(delivery: Delivery) -> dict[str, Work]:
    """Returns by lane how its due rows are done."""
    return {lane: _of(lane, delivery) for lane in LANES}


def _of(lane: str, delivery: Delivery) -> Work:
    at_once = AT_ONCE[lane]
    return Work(delivery.deliver, at_once, LEASE, places=delivery.places[lane], before=BEFORE.get(lane, ()), least=LEAST.get(lane, at_once))
