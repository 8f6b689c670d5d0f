"""How soon customers are told: from the event that crosses the threshold to the mail accepted, at 2,000 events a second.

Every two seconds another component begins to fail for its customers. The crossing event is found by
a plain reference count over the same events; a customer who fails only later is counted from their own first failure.
"""

import asyncio
import time
from collections import deque
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from random import Random

from aiokafka import AIOKafkaProducer

from bench.events import COMPONENTS, request
from bench.servers import Servers, service, until_ready
from deploy.local.mailbox import Mail
from deploy.local.smtp import Inbox, inbox
from shared.cloudevents import FACT_HEADERS, write_fact
from shared.events import Contact, CustomerUpdated, Topic

RATE = 2000
WINDOW, RATIO, EVENTS, CUSTOMERS = 15.0, 0.05, 50, 10  # of bench/rules.yml
OF_ONE = 400  # customers of one component
EVERY, LASTS = 2.0, 3.0  # seconds between outages, and of one
WARM_UP = 15.0  # a full window before the first outage
FAILING = 0.6  # share of an outage's requests that fail


class Reference:
    """The rule, counted plainly for one component: the moment it crosses, and each customer's first failure."""

    def __init__(self) -> None:
        self.crossed_at: float | None = None
        self.failed_at: dict[int, float] = {}
        self._window: deque[tuple[float, bool, int]] = deque()

    def take(self, at: float, ok: bool, customer: int) -> None:
        self._window.append((at, ok, customer))
        while self._window[0][0] <= at - WINDOW:
            self._window.popleft()
        if not ok:
            self.failed_at.setdefault(customer, at)
            bad = [who for _, fine, who in self._window if not fine]
            if (
                self.crossed_at is None
                and len(self._window) >= EVENTS
                and len(bad) / len(self._window) >= RATIO
                and len(set(bad)) >= CUSTOMERS
            ):
                self.crossed_at = at


async def measure(of: Servers, incidents: int) -> list[float]:
    """Seconds from the crossing event, or the customer's own first failure after it, to the mail accepted; one per mail."""
    async with inbox(of.folder / "mail") as box:
        smtp = {"FOREWARN_SMTP_HOST": box.address[0], "FOREWARN_SMTP_PORT": str(box.address[1])}
        async with service(of, "monitor") as monitor, service(of, "notifier", smtp) as notifier:
            await until_ready(monitor)
            await until_ready(notifier)
            producer = AIOKafkaProducer(bootstrap_servers=of.bootstrap, acks="all", linger_ms=2)
            await producer.start()
            try:
                await _directory(producer)
                counted = await _play(producer, incidents)
            finally:
                await producer.stop()
            await _settled(box, sum(len(each.failed_at) for each in counted.values() if each.crossed_at is not None))
            return list(_delays(await box.mails(), counted))


async def _directory(producer: AIOKafkaProducer) -> None:
    for customer in range(COMPONENTS * OF_ONE):
        data = CustomerUpdated.Data(contacts=(Contact(channel="email", address=f"c-{customer}@example.org"),))
        fact = CustomerUpdated.of(data, subject=f"c-{customer}", at=datetime.now(UTC))
        await producer.send(Topic.CUSTOMERS, write_fact(fact), key=fact.subject.encode(), headers=list(FACT_HEADERS))
    await producer.flush()


async def _play(producer: AIOKafkaProducer, incidents: int) -> dict[int, Reference]:
    """Sends the events at their times; returns what each component's reference has counted."""
    print(f"{incidents} outages at {RATE:,} events a second, {WARM_UP + incidents * EVERY:.0f} s", flush=True)
    start = time.time()
    counted = {component: Reference() for component in range(COMPONENTS)}
    for number, (offset, customer, component, ok) in enumerate(_script(incidents)):
        at = start + offset
        if (ahead := at - time.time()) > 0.002:
            await asyncio.sleep(ahead)
        sent_at = time.time()
        key, value = request(f"told-{number}", sent_at, customer, component, ok=ok)
        await producer.send(Topic.PRODUCT_EVENTS, value, key=key)
        counted[component].take(sent_at, ok, customer)
    await producer.flush()
    return counted


def _script(incidents: int, seed: int = 3) -> Iterator[tuple[float, int, int, bool]]:
    """(offset in seconds, customer, component, ok)."""
    dice = Random(seed)
    for number in range(int((WARM_UP + incidents * EVERY + LASTS) * RATE)):
        offset = number / RATE
        component = dice.randrange(COMPONENTS)
        began = WARM_UP + component * EVERY
        failing = component < incidents and began <= offset < began + LASTS
        yield offset, component * OF_ONE + dice.randrange(OF_ONE), component, not (failing and dice.random() < FAILING)


async def _settled(box: Inbox, expected: int) -> None:
    """Returns when everybody is told of their incident, or nobody was for 30 s; all-clears do not count."""
    there, deadline = 0, time.monotonic() + 30
    while there < expected and time.monotonic() < deadline:
        await asyncio.sleep(0.2)
        if (now := sum(mail.kind == "opened" for mail in await box.mails())) > there:
            there, deadline = now, time.monotonic() + 30


def _delays(mails: Sequence[Mail], counted: dict[int, Reference]) -> Iterator[float]:
    told = {mail.to: mail for mail in mails if mail.kind == "opened"}
    for reference in counted.values():
        if reference.crossed_at is None:
            continue
        for customer, failed_at in reference.failed_at.items():
            mail = told.get(f"c-{customer}@example.org")
            assert mail is not None, f"c-{customer} was affected and never told"
            yield mail.received_at.timestamp() - max(reference.crossed_at, failed_at)
