"""A product with customers of its own on a stack that runs: it says what a test wants said, and reads what its customers were told."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import httpx2 as httpx
import msgspec
from aiokafka import AIOKafkaProducer

from deploy.local.mailbox import Mail, Mailbox
from shared.events import Topic

REQUEST = "com.example.request"
REQUESTS = 4  # of each customer in an outage: 80 of 20 customers are past every threshold of `checkout-failing`


@dataclass(frozen=True)
class Reached:
    """The addresses of a running Forewarn: brokers, the services' addresses, a token of each role, and where mails arrive."""

    kafka: str
    urls: Mapping[str, str]
    tokens: Mapping[str, str]
    mailbox: Mailbox


async def until(condition: Callable[[], Awaitable[bool]], what: str, seconds: float = 30) -> None:
    """Waits until the condition holds. Raises TimeoutError that says what did not come true."""
    deadline = time.monotonic() + seconds
    while not await condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {seconds:.0f} s: {what}")
        await asyncio.sleep(0.1)


@dataclass
class Shop:
    """One product whose components and customers carry its name, so that tests share a stack undisturbed."""

    at: Reached
    name: str
    customers: int = 20
    emitted: int = 0  # product events, by Kafka
    _ids: "count[int]" = field(default_factory=count)
    _open: AsyncExitStack = field(default_factory=AsyncExitStack)

    async def __aenter__(self) -> "Shop":
        self.kafka = AIOKafkaProducer(bootstrap_servers=self.at.kafka, acks="all", linger_ms=5)
        await self.kafka.start()
        self._open.push_async_callback(self.kafka.stop)
        self.http = await self._open.enter_async_context(httpx.AsyncClient(timeout=10))
        await self.introduce(*self.everybody)
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._open.aclose()

    @property
    def everybody(self) -> Sequence[str]:
        return [f"{self.name}-{number}" for number in range(self.customers)]

    # ── what the product says ────────────────────────────────────────────────────────────────

    async def say(self, topic: str, type_: str, subject: str, data: Mapping[str, Any]) -> None:
        """Sends one CloudEvent; returns when the broker has it."""
        await (await self._put(topic, subject, self._event(type_, subject, data, datetime.now(UTC))))

    async def introduce(self, *customers: str, consent: bool = True) -> None:
        """Publishes the customers, each with one address and this `consent` to mails about incidents."""
        for each in customers:
            contacts = [{"channel": "email", "address": f"{each}@example.org"}]
            data = {"name": each, "contacts": contacts, "consent": {"incident": consent}}
            await self.say(Topic.CUSTOMERS, "forewarn.customer.updated.v1", each, data)
        await until(lambda: self._known(customers[-1]), f"{customers[-1]} is in the directory")

    async def fail(self, component: str, since: datetime | None = None, type_: str = REQUEST) -> None:
        """Sends an outage: every request of every customer fails, over some seconds that end now (or began at `since`)."""
        await self._put_all(self._requests(component, False, since, type_))

    def outage(self, component: str) -> list[tuple[bytes, bytes]]:
        """Returns the same outage as keys and events, for a test to send by itself."""
        return [(key.encode(), msgspec.json.encode(event)) for key, event in self._requests(component, False, None, REQUEST)]

    async def work(self, component: str, since: datetime | None = None) -> None:
        """Sends as many requests, all of them good."""
        await self._put_all(self._requests(component, True, since, REQUEST))

    async def fail_by_http(self, component: str) -> None:
        """Sends the same outage to monitor's REST API."""
        headers = {"Authorization": f"Bearer {self.at.tokens['producer']}"}
        events = [event for _, event in self._requests(component, False, None, REQUEST)]
        answer = await self.http.post(self.at.urls["monitor"] + "/v1/events", json=events, headers=headers)
        answer.raise_for_status()

    def _requests(self, component: str, ok: bool, since: datetime | None, type_: str) -> list[tuple[str, dict[str, Any]]]:
        began = since or datetime.now(UTC) - timedelta(seconds=REQUESTS)
        return [
            (customer, self._event(type_, customer, _data(component, ok), began + timedelta(seconds=turn, milliseconds=number)))
            for turn in range(REQUESTS)
            for number, customer in enumerate(self.everybody)
        ]

    async def _put_all(self, keyed: Sequence[tuple[str, dict[str, Any]]]) -> None:
        sent = [await self._put(Topic.PRODUCT_EVENTS, key, event) for key, event in keyed]
        await asyncio.gather(*sent)

    async def serve(self, component: str, a_second: float, seconds: float) -> None:
        """Sends good requests to a component, at that rate, for so long."""
        started = time.monotonic()
        for turn in range(int(a_second * seconds)):
            await asyncio.sleep(max(started + turn / a_second - time.monotonic(), 0))
            customer = self.everybody[turn % self.customers]
            request = self._event(REQUEST, customer, _data(component, True), datetime.now(UTC))
            await (await self._put(Topic.PRODUCT_EVENTS, customer, request))

    async def ask(self, customer: str, subject: str, body: str, component: str | None = None) -> None:
        """Writes in for the customer, by a form."""
        data = {"channel": "form", "subject": subject, "body": body, "component": component}
        await self.say(Topic.SUPPORT_REQUESTS, "forewarn.support.requested.v1", customer, data)

    def _event(self, type_: str, subject: str, data: Mapping[str, Any], at: datetime) -> dict[str, Any]:
        return {
            "specversion": "1.0",
            "id": f"{self.name}-{next(self._ids)}",
            "source": f"/tests/{self.name}",
            "type": type_,
            "time": at.isoformat(),
            "subject": subject,
            "data": data,
        }

    async def _put(self, topic: str, key: str, event: Mapping[str, Any]) -> Awaitable[Any]:
        self.emitted += topic == Topic.PRODUCT_EVENTS
        sent: Awaitable[Any] = await self.kafka.send(topic, msgspec.json.encode(event), key=key.encode())
        return sent

    # ── what came of it ──────────────────────────────────────────────────────────────────────

    async def get(self, service: str, path: str, **query: Any) -> httpx.Response:
        """Returns what the service answers an operator."""
        headers = {"Authorization": f"Bearer {self.at.tokens['operator']}"}
        return await self.http.get(self.at.urls[service] + path, params=query, headers=headers)

    async def items(self, service: str, path: str, **query: Any) -> list[dict[str, Any]]:
        """Returns the first page of a list."""
        answer = await self.get(service, path, limit=100, **query)
        answer.raise_for_status()
        found: list[dict[str, Any]] = answer.json()["items"]
        return found

    async def mails(self, kind: str) -> list[Mail]:
        """Returns the mails of that kind to this shop's customers."""
        return [mail for mail in await self.at.mailbox.mails() if mail.kind == kind and mail.to.startswith(f"{self.name}-")]

    async def told(self, kind: str, how_many: int, about: str = "", seconds: float = 30) -> None:
        """Waits until so many customers have a mail of that kind with these words in its subject."""

        async def have() -> bool:
            return len({mail.to for mail in await self.mails(kind) if about in mail.subject}) >= how_many

        await until(have, f"{how_many} customers of {self.name} have a mail of kind {kind} about {about or 'anything'}", seconds)

    async def ready(self) -> bool:
        """Says whether every service says so."""
        answers = [await self.http.get(f"{url}/readyz") for url in self.at.urls.values()]
        return all(answer.status_code == 200 for answer in answers)

    async def _known(self, customer: str) -> bool:
        return (await self.get("notifier", f"/v1/customers/{customer}")).status_code == 200


def _data(component: str, ok: bool) -> dict[str, Any]:
    return {"component": component, "ok": ok, "latency_ms": 12}
