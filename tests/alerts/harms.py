"""Harms take something away from the running stack, and name the alerts that must follow."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from shared.cloudevents import FACT_HEADERS, write_fact
from shared.events import Topic
from tests.alerts.stack import SEEN_LIMIT, Stack
from tests.batches import Record, batch, send
from tests.builders import customer, event_bytes
from tests.flow.notifier_stage import replied

Labels = dict[str, str]


@dataclass(frozen=True)
class Harm:
    """One thing that is taken away for a while, and the alerts that must fire meanwhile and be over after."""

    what: str
    doing: Callable[[Stack], AbstractAsyncContextManager[None]]  # the thing is away while the context lasts
    alerts: dict[str, Labels]
    first: Callable[[Stack], Awaitable[None]] | None = None  # what must have happened before


@asynccontextmanager
async def stopped(service: str, stack: Stack) -> AsyncIterator[None]:
    await stack.compose("stop", "--timeout", "3", service)
    yield
    await stack.compose("up", "--detach", "--wait", "--no-deps", "--no-recreate", service)


@asynccontextmanager
async def frozen(service: str, stack: Stack) -> AsyncIterator[None]:
    """Freezes a process for as long as a long computation would block it, and lets it go on."""
    await stack.compose("pause", service)
    await asyncio.sleep(3)
    await stack.compose("unpause", service)
    yield


@asynccontextmanager
async def mail_server_stopped(stack: Stack) -> AsyncIterator[None]:
    """Six customers are due a reply that the mail server, which is gone, cannot take."""
    async with stopped("maildev", stack):
        now = datetime.now(UTC)
        await stack.say(*(replied(now, "reply", customer_id=f"c-{n}", ticket_id=f"t-{n}", reply_id=f"r-{n}") for n in range(6)))
        yield


@asynccontextmanager
async def nonsense(stack: Stack) -> AsyncIterator[None]:
    """Sends more bad records than are put aside whole within a minute."""
    await stack.put(Topic.SUPPORT_REQUESTS, b"this is no request", 1500)
    yield


@asynccontextmanager
async def work_that_raises(stack: Stack) -> AsyncIterator[None]:
    """A table is missing that due work needs."""
    await stack.sql("ALTER TABLE ticketing.clocks RENAME TO clocks_away")
    await stack.sql(
        "INSERT INTO ticketing.due (kind, ref, due_at, ready_at) "
        "SELECT 'warn_first_response', 'x' || n, now(), now() FROM generate_series(1, 15) n"
    )
    yield
    await stack.sql("ALTER TABLE ticketing.clocks_away RENAME TO clocks")


@asynccontextmanager
async def work_that_always_raised(stack: Stack) -> AsyncIterator[None]:
    """A row that no version of ours can have written raises for the twentieth time."""
    await stack.sql("INSERT INTO ticketing.due (kind, ref, due_at, ready_at, raised) VALUES ('look_again', 'nonsense', now(), now(), 19)")
    yield
    await stack.sql("DELETE FROM ticketing.due_aside")


@asynccontextmanager
async def work_that_no_worker_gets(stack: Stack) -> AsyncIterator[None]:
    """Somebody holds a row that becomes due."""
    await stack.sql("INSERT INTO ticketing.due (kind, ref, due_at, ready_at) SELECT 'tidy_tickets', 'x', now() + '3 s', now() + '3 s'")
    async with stack.holding("SELECT FROM ticketing.due WHERE ref = 'x' FOR UPDATE"):
        yield
    await stack.sql("DELETE FROM ticketing.due WHERE ref = 'x'")


@asynccontextmanager
async def table_locked(stack: Stack) -> AsyncIterator[None]:
    """monitor cannot save, and events keep coming."""
    async with stack.holding("LOCK TABLE monitor.fold_accounts IN ACCESS EXCLUSIVE MODE"), _flooded(stack):
        yield


@asynccontextmanager
async def _flooded(stack: Stack) -> AsyncIterator[None]:
    async def flood() -> None:
        async with stack.producing() as producer:
            await asyncio.gather(
                *[await producer.send(Topic.PRODUCT_EVENTS, event_bytes(f"e-{n}", at=datetime.now(UTC))) for n in range(12_000)]
            )
            for more in range(10**6):
                await producer.send(Topic.PRODUCT_EVENTS, event_bytes(f"f-{more}", at=datetime.now(UTC)))
                await asyncio.sleep(0.01)

    flooding = asyncio.create_task(flood())
    try:
        yield
    finally:
        flooding.cancel()
        with suppress(asyncio.CancelledError):
            await flooding


@asynccontextmanager
async def unreadable(stack: Stack) -> AsyncIterator[None]:
    """Somebody writes to a topic of ours what no reader reads; it ends when the records are deleted and the reader starts anew."""
    await stack.put(Topic.NOTIFICATIONS, b"this is no fact", 150)
    yield
    await stack.forget(Topic.NOTIFICATIONS)
    await stack.compose("restart", "--timeout", "3", "ticketing")


@asynccontextmanager
async def not_to_be_unpacked(stack: Stack) -> AsyncIterator[None]:
    """Somebody writes a header name that is not UTF-8."""
    async with stack.producing() as producer:
        await send(producer, Topic.SUPPORT_REQUESTS, 1, batch(Record(b"k", b"{}", [(b"\xff", b"v")])))
    yield


@asynccontextmanager
async def transaction_left_open(stack: Stack) -> AsyncIterator[None]:
    """Somebody writes in a transaction and does not end it."""
    async with stack.producing(transactional_id="theirs", transaction_timeout_ms=15_000) as producer:
        await producer.begin_transaction()
        await producer.send_and_wait(Topic.SUPPORT_REQUESTS, b"not yet true", partition=2)
        yield


@asynccontextmanager
async def deleted_unread(stack: Stack) -> AsyncIterator[None]:
    """Records are gone before the service that was away reads them."""
    async with stopped("ticketing", stack):
        await stack.put(Topic.SUPPORT_REQUESTS, b"this is no request", 5)
        await stack.forget(Topic.SUPPORT_REQUESTS)
    yield


@asynccontextmanager
async def ids_for_names(stack: Stack) -> AsyncIterator[None]:
    """A producer puts an id where its component should be, in more events than monitor of this stack may remember."""
    now = datetime.now(UTC)
    components = ["checkout"] * (SEEN_LIMIT + 3_000) + [f"order-{n}" for n in range(2_100)]
    async with stack.producing() as producer:
        data = [{"component": component, "ok": True} for component in components]
        values = [event_bytes(f"n-{n}", at=now, subject=None, data=each) for n, each in enumerate(data)]
        await asyncio.gather(*[await producer.send(Topic.PRODUCT_EVENTS, value, partition=0) for value in values])
    yield


@asynccontextmanager
async def kafka_stopped(stack: Stack) -> AsyncIterator[None]:
    """Kafka is gone, and a fact becomes true meanwhile."""
    async with stopped("kafka", stack):
        await stack.sql("INSERT INTO monitor.outbox (topic, value, header_names, header_values) VALUES ('risks.v1', '{}', '{}', '{}')")
        yield


@asynccontextmanager
async def nobody_speaks(stack: Stack) -> AsyncIterator[None]:
    """Nothing is written to the topic that always had traffic, while the context lasts."""
    stack.speaking.clear()
    yield
    stack.speaking.set()


@asynccontextmanager
async def refused_row(stack: Stack) -> AsyncIterator[None]:
    """Writes a fact for a topic that does not exist."""
    await stack.sql("INSERT INTO monitor.outbox (topic, value, header_names, header_values) VALUES ('no.such.topic.v1', '{}', '{}', '{}')")
    yield
    await stack.sql("DELETE FROM monitor.unpublished")


@asynccontextmanager
async def sender_refused(stack: Stack) -> AsyncIterator[None]:
    """The mail server answers, and takes nothing from us. Delivery pauses for longer than a test waits, so notifier starts anew."""
    async with stopped("maildev", stack):
        await stack.compose("up", "--detach", "--no-deps", "refusing")
        now = datetime.now(UTC)
        said = [replied(now, "reply", customer_id=f"c-{n}", ticket_id=f"t-{n}", reply_id=f"s-{n}") for n in range(8)]
        await stack.say(*said)
        yield
        await stack.compose("rm", "--force", "--stop", "refusing")
    await stack.compose("restart", "--timeout", "3", "notifier")


@asynccontextmanager
async def component_died(stack: Stack) -> AsyncIterator[None]:
    """Checkout fails for 20 customers, and then says nothing any more; an operator ends the incident."""
    async with stack.producing() as producer:
        for n in range(300):
            data = {"component": "checkout", "ok": False}
            value = event_bytes(f"d-{n}", at=datetime.now(UTC), subject=f"c-{n % 20}", data=data)
            await producer.send(Topic.PRODUCT_EVENTS, value, key=b"c-%d" % (n % 20))
            await asyncio.sleep(0.02)
    yield
    await stack.dismiss_incidents()


async def always_had_traffic(stack: Stack) -> None:
    """Returns when Prometheus has seen traffic on customers.v1 for as long as SourceSilent looks back."""
    spoke = f'increase(forewarn_consumed_records_total{{topic="{Topic.CUSTOMERS}"}}[10s])'
    async with asyncio.timeout(120):
        while not await stack.query(f"min_over_time(({spoke})[60s:1s]) > 0 and count_over_time(({spoke})[60s:1s]) >= 55"):  # noqa: ASYNC110  Prometheus cannot signal
            await asyncio.sleep(0.5)


async def speak(stack: Stack) -> None:
    """Says something on customers.v1 twice a second, while it may, until cancelled."""
    async with stack.producing() as producer:
        number = 0
        while True:
            await stack.speaking.wait()
            number += 1
            fact = customer(f"c-{number % 10}", at=datetime.now(UTC))
            await producer.send(Topic.CUSTOMERS, write_fact(fact), key=fact.subject.encode(), headers=list(FACT_HEADERS))
            await asyncio.sleep(0.5)


# Harms of one round hurt different parts of the stack and are done at the same time.
ROUNDS: tuple[tuple[Harm, ...], ...] = (
    (
        Harm(
            "the mail server",
            mail_server_stopped,
            {
                "MailServerAway": {"service": "notifier"},
                "DeliveryFailing": {"service": "notifier"},
                "NothingDelivered": {"service": "notifier"},
            },
        ),
        Harm(
            "the JSON of 1,500 requests",
            nonsense,
            {"DeadLetters": {"service": "ticketing", "reason": "not_json"}, "DeadLetterFlood": {"service": "ticketing"}},
        ),
        Harm("the time of notifier", partial(frozen, "notifier"), {"EventLoopBlocked": {"service": "notifier"}}),
        Harm("a table that due work needs", work_that_raises, {"DueWorkFailing": {"service": "ticketing"}}),
        Harm("the sense of a due row", work_that_always_raised, {"DueWorkAside": {"service": "ticketing", "kind": "look_again"}}),
        Harm("a due row (locked)", work_that_no_worker_gets, {"DueWorkLate": {"service": "ticketing", "kind": "tidy_tickets"}}),
        Harm(
            "a table of monitor (locked)",
            table_locked,
            {"ConsumerStuck": {"topic": Topic.PRODUCT_EVENTS}, "ConsumerLagGrowing": {"topic": Topic.PRODUCT_EVENTS}},
        ),
    ),
    (Harm("ticketing", partial(stopped, "ticketing"), {"ServiceDown": {"service": "ticketing"}}),),
    (Harm("the traffic of customers.v1", nobody_speaks, {"SourceSilent": {"topic": Topic.CUSTOMERS}}, always_had_traffic),),
    (
        Harm("the topic of a fact", refused_row, {"UnpublishedRows": {"service": "monitor"}}),
        Harm("the relay's consent to our sender", sender_refused, {"DeliveryPaused": {"service": "notifier"}}),
        Harm("the JSON of notifications.v1", unreadable, {"BrakeEngaged": {"service": "ticketing", "topic": Topic.NOTIFICATIONS}}),
        Harm(
            "the end of a transaction",
            transaction_left_open,
            {"TransactionHolds": {"service": "ticketing", "topic": Topic.SUPPORT_REQUESTS}},
        ),
        Harm("the framing of a record", not_to_be_unpacked, {"RecordsUnreadable": {"service": "ticketing"}}),
        Harm("the events of a failing component", component_died, {"SilentIncidents": {"service": "monitor"}}),
    ),
    (
        Harm("records that were not read yet", deleted_unread, {"RecordsLost": {"service": "ticketing", "topic": Topic.SUPPORT_REQUESTS}}),
        Harm(
            "the names of components",
            ids_for_names,
            {"ComponentsRefused": {"service": "monitor"}, "IdentitiesDropped": {"service": "monitor"}},
        ),
    ),
    (Harm("Postgres", partial(stopped, "postgres"), {"DatabaseAway": {"service": "monitor"}, "NotReady": {"check": "database"}}),),
    (
        Harm(
            "Kafka",
            kafka_stopped,
            {"KafkaAway": {"service": "monitor"}, "LagUnknown": {"service": "notifier"}, "OutboxOld": {"service": "monitor"}},
        ),
    ),
)
