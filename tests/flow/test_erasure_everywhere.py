"""One customer uses everything there is, and is erased: no row of any table holds a word of theirs, also after a replay of all topics."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import httpx2
import msgspec
import pytest

from services.console.keeping import kept
from services.console.settings import ConsoleSettings
from services.console.store import audit, awaited, drafts
from services.monitor.hearing.events import Folding
from shared.cloudevents import write_fact
from shared.events import Contact, CustomerErased, Topic
from shared.outbox import Message, put
from shared.retention import tidy
from shared.service import Service
from tests.builders import NOON, customer, event_bytes, request
from tests.flow.loop_world import World
from tests.flow.test_the_loop import world

pytestmark = pytest.mark.asyncio

__all__ = ["world"]  # a fixture

ID = "zq-17@shop.example"
WORDS = ("Zoë Quill", "zoe@example.org", "marzipan", "pistachio", ID)
REFUSED = {"subject": "t-1", "data": {"customer_id": ID, "body": "marzipan"}}
SET_ASIDE = """INSERT INTO unpublished (id, lane, topic, key, value, header_names, header_values, written_at, reason)
    SELECT id, lane, topic, key, value, header_names, header_values, written_at, 'too_large' FROM outbox"""


def services(world: World) -> dict[str, Service]:
    """Returns those that say what they hold of customers."""
    return {service.name: service for service in world.loop.services if service.personal}


# ── what the customer does ───────────────────────────────────────────────────────────────────


async def live(world: World) -> None:
    """Plays an outage for thirty customers; this one writes in, is answered and replied to, and chooses what to hear."""
    zoe = customer(ID, name="Zoë Quill", contacts=(Contact(channel="email", address="zoe@example.org"),), account="pistachio ltd")
    for each in (zoe, *(customer(f"c-{number}") for number in range(30))):
        world.topics.put(Topic.CUSTOMERS, write_fact(each), key=each.subject.encode())
    for second in range(20):
        for subject in (ID, *(f"c-{number}" for number in range(30))):
            at = NOON + timedelta(seconds=second)
            value = event_bytes(f"{subject}-{second}", subject=subject, at=at, data={"component": "checkout", "ok": False})
            world.topics.put(Topic.PRODUCT_EVENTS, value, key=subject.encode())
        await world.loop.advance(timedelta(seconds=1))
    wrote = request(ID, at=world.clock.now, subject="Cannot pay for marzipan", body="The checkout hangs. Zoë Quill, zoe@example.org")
    world.topics.put(Topic.SUPPORT_REQUESTS, write_fact(wrote), key=ID.encode())
    world.topics.put(Topic.SUPPORT_REQUESTS, b"marzipan", key=ID.encode())  # a dead letter
    await world.loop.settle()
    ticket = {"customer_id": ID, "subject": "marzipan", "body": "pistachio, too", "in_reply_to": None}
    made = await ask(world, "ticketing", "POST", "/v1/tickets", json=ticket, headers={"idempotency-key": "k-1"})
    reply = {"body": "Dear Zoë Quill, marzipan is fine.", "by": "ada"}
    replied = await ask(world, "ticketing", "POST", f"/v1/tickets/{made['number']}/reply", json=reply, headers={"idempotency-key": "k-2"})
    assert replied
    await world.loop.settle()
    await work_on(world, made)
    await ask(world, "notifier", "PUT", f"/v1/customers/{ID}/preferences", json={"incident": True, "guidance": False})
    await world.loop.advance(timedelta(minutes=1))
    for service in world.loop.services:
        async with service.database.transaction() as tx:
            await put(tx, [Message("tickets.v1", b"t-1", json.dumps(REFUSED).encode())])
            await tx.execute(SET_ASIDE)
    await world.loop.settle()


async def work_on(world: World, ticket: dict[str, Any]) -> None:
    """Has people of ours type, act and wait for answers in the console."""
    async with services(world)["console"].database.transaction() as tx:
        await drafts.keep(tx, "ada", drafts.of_ticket(ticket["id"]), "Dear Zoë Quill, pistachio is back.", "form-0001")
        await awaited.keep(tx, f"ticket:{ticket['id']}", "form-0002", ticket, by="ada", said="marzipan is fine")
        entry = audit.Entry("ada", "agent", "customer.preferences", f"customer:{ID}", after={"incident": True}, form_id="form-0003")
        await audit.record(tx, entry)


async def forget_changes(world: World) -> None:
    """Lets ten minutes pass, after which the console forgets which pages have changed: the keys of those have ids of customers."""
    await world.loop.advance(timedelta(minutes=11))
    console = services(world)["console"]
    while await tidy(console.database, [each for each in kept(ConsoleSettings(environment="demo")) if each.table == "changes"]):
        pass


async def ask(world: World, name: str, method: str, path: str, **request: Any) -> Any:
    service = next(each for each in world.loop.services if each.name == name)
    headers = {"authorization": "Bearer operator-token", **request.pop("headers", {})}
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(service.app()), base_url="http://service") as client:
        answer = await client.request(method, path, headers=headers, **request)
    assert answer.is_success, answer.text
    return answer.json()


async def erase(world: World) -> None:
    fact = CustomerErased.of(CustomerErased.Data(), subject=ID, at=world.clock.now)
    world.topics.put(Topic.CUSTOMERS, write_fact(fact), key=ID.encode())
    await world.loop.settle()
    for consumer in world.loop.consumers:  # what the wake-up does in the running service
        if isinstance(consumer.stream.processor, Folding):
            consumer.stream.processor.customers_erased()
            await consumer.stream.tick()
    await world.loop.settle()


# ── what is found of them ────────────────────────────────────────────────────────────────────


async def found(service: Service) -> dict[str, set[str]]:
    """Returns the customer's words by the table that they stand in, whatever they are packed in."""
    everywhere: dict[str, set[str]] = {}
    async with service.database.connection() as connection:
        for (table,) in await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = $1", service.name):
            for row in await connection.fetch(f"SELECT * FROM {table}"):  # noqa: S608
                text = " ".join(said for value in row for said in texts(value)).casefold()
                everywhere.setdefault(table, set()).update(word for word in WORDS if word.casefold() in text)
    return {table: words for table, words in everywhere.items() if words}


async def found_everywhere(world: World) -> dict[str, dict[str, set[str]]]:
    return {name: await found(service) for name, service in services(world).items()}


def texts(value: Any) -> Iterator[str]:
    """Yields what a value says; of bytes also what they are when they are unpacked."""
    match value:
        case bytes():
            yield value.decode("utf-8", "replace")
            for decode in (msgspec.msgpack.decode, msgspec.json.decode):
                try:
                    yield json.dumps(decode(value), ensure_ascii=False, default=str)
                except (msgspec.DecodeError, UnicodeDecodeError, TypeError):
                    continue
        case list() | dict():
            yield json.dumps(value, ensure_ascii=False, default=str)
            for inner in value if isinstance(value, list) else ():
                if isinstance(inner, bytes):
                    yield from texts(inner)
        case _:
            yield str(value)


async def test_no_row_of_any_table_holds_a_word_of_an_erased_customer_also_after_a_replay(world: World) -> None:
    # Given a customer of whom every service holds something, which it shows
    await live(world)
    before = await found_everywhere(world)
    nothing: dict[str, dict[str, set[str]]] = {name: {} for name in before}
    for name, tables in before.items():
        assert len(tables) > 2, (name, tables)
        shown = json.dumps(await ask(world, name, "GET", f"/v1/customers/{ID}/data"), ensure_ascii=False).casefold()
        held = set().union(*tables.values())
        assert {word for word in held if word.casefold() in shown} == held, name

    # When the customer is erased
    await erase(world)

    # Then nothing is left, and every service says so
    assert {"drafts", "awaited", "audit", "messages", "notifications", "customers"} <= before["console"].keys()
    await forget_changes(world)
    assert await found_everywhere(world) == nothing
    for name in before:
        erasure = await ask(world, name, "GET", f"/v1/customers/{ID}/erasure")
        assert erasure["pending"] == []
        assert sum(erasure["rows"].values()) > 2
        assert (await ask(world, name, "GET", f"/v1/customers/{ID}/data"))["items"] == []

    # And when every topic is read from its beginning once more, nothing comes back
    await world.replay()
    await forget_changes(world)
    assert await found_everywhere(world) == nothing
