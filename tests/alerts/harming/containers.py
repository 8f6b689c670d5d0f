"""Containers are stopped or frozen, or another one takes their place."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from shared.events import Topic
from tests.alerts.stack import Stack
from tests.flow.notifier_stage import replied


@asynccontextmanager
async def stopped(service: str, stack: Stack) -> AsyncIterator[None]:
    """It is stopped, and started again afterwards."""
    await stack.compose("stop", "--timeout", "3", service)
    yield
    await stack.compose("up", "--detach", "--wait", "--no-deps", "--no-recreate", service)


@asynccontextmanager
async def frozen(service: str, stack: Stack) -> AsyncIterator[None]:
    """It gets no turn for as long as a long computation would take, and then it does."""
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
async def kafka_stopped(stack: Stack) -> AsyncIterator[None]:
    """Kafka is gone, and a fact becomes true meanwhile."""
    async with stopped("kafka", stack):
        await stack.sql("INSERT INTO monitor.outbox (topic, value, header_names, header_values) VALUES ('risks.v1', '{}', '{}', '{}')")
        yield


@asynccontextmanager
async def deleted_unread(stack: Stack) -> AsyncIterator[None]:
    """Records are gone before the service that was away reads them."""
    async with stopped("ticketing", stack):
        await stack.put(Topic.SUPPORT_REQUESTS, b"this is no request", 5)
        await stack.forget(Topic.SUPPORT_REQUESTS)
    yield
