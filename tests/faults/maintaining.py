"""Maintenance beside a round's load: a component fails while it is announced to be worked on, and nobody hears of it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from aiokafka import AIOKafkaProducer

from shared.events import Topic
from tests.e2e.shop import Shop
from tests.faults.shopping import shop_of
from tests.faults.site import within
from tests.faults.stack import TOKEN, Stack

LASTS = timedelta(minutes=30)
NOBODYS = "a-tier-of-nobody"  # nobody is told of it, so that every mail is one of an incident
RUNS_WITHIN, MUTED_WITHIN = 60.0, 120.0  # seconds

RUNNING = "SELECT FROM monitor.maintenance WHERE id = $1 AND status = 'running'"
MUTED = "SELECT FROM monitor.muted WHERE by_id = $1 AND component = $2"
INCIDENTS = "SELECT id FROM monitor.incidents WHERE component = $1"


@dataclass(frozen=True)
class Maintained:
    """One component that is being worked on, and its customers."""

    stack: Stack
    shop: Shop
    id: str

    @property
    def component(self) -> str:
        return component_of(self.shop)

    @property
    def produced(self) -> int:
        """Returns the product events of its outage."""
        return len(self.shop.outage(self.component))

    async def play(self, after: float) -> None:
        """Has it fail after so many seconds, for all its customers."""
        await asyncio.sleep(after)
        patient = AIOKafkaProducer(bootstrap_servers=self.stack.kafka.bootstrap, enable_idempotence=True, request_timeout_ms=180_000)
        await self.stack.kafka.answering()
        await patient.start()
        try:
            sent = [await patient.send(Topic.PRODUCT_EVENTS, value, key=key) for key, value in self.shop.outage(self.component)]
            await asyncio.gather(*sent)
        finally:
            await patient.stop()

    async def troubles(self) -> list[str]:
        """Returns what is not as it must be, in sentences: the outage is noted as muted, and there is no incident."""
        try:
            await within(MUTED_WITHIN, self._muted, "the outage is muted")
        except TimeoutError:
            return [f"the outage of {self.component} was not seen to be muted"]
        incidents = await self.stack.rows(INCIDENTS, self.component)
        told = [mail for mail in self.stack.sink.mails if mail.to.startswith(f"{self.shop.name}-")]
        found = {"incidents in spite of maintenance": incidents, "mails in spite of maintenance": told}
        return [f"{len(what)} {words} of {self.component}" for words, what in found.items() if what]

    async def _muted(self) -> bool:
        return bool(await self.stack.rows(MUTED, self.id, self.component))


def component_of(shop: Shop) -> str:
    return f"maintained-{shop.name}"


@asynccontextmanager
async def maintaining(stack: Stack) -> AsyncIterator[Maintained]:
    """Yields a component whose maintenance runs, while the context lasts."""
    async with shop_of(stack, "maintained") as shop:
        now = datetime.now(UTC)
        said = {"title": "We move it", "components": [component_of(shop)], "audience": {"where": {"tier": NOBODYS}}}
        when = {"starts_at": (now - LASTS).isoformat(), "ends_at": (now + LASTS).isoformat()}
        headers = {"Authorization": f"Bearer {TOKEN.format(role='operator')}"}
        monitor = stack.members["monitor-a"]
        answer = await shop.http.post(f"{monitor.url}/v1/maintenance", json=said | when, headers=headers)
        answer.raise_for_status()
        id_: str = answer.json()["id"]

        async def runs() -> bool:
            return bool(await stack.rows(RUNNING, id_))

        await within(RUNS_WITHIN, runs, "the maintenance runs")
        yield Maintained(stack, shop, id_)
