"""One of two replicas dies, and a member gives its consumer group no rest."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from aiokafka import AIOKafkaConsumer

from tests.alerts.stack import Stack
from tests.e2e.shop import until


async def two(service: str, stack: Stack) -> None:
    """Returns when Prometheus sees two replicas of the service."""

    async def seen() -> bool:
        return bool(await stack.query(f'sum(up{{job="forewarn", service="{service}"}}) == 2'))

    await stack.scale(service, 2)
    await until(seen, f"Prometheus sees two replicas of {service}")


async def one(service: str, stack: Stack) -> None:
    """Returns when one replica of the service runs."""
    await stack.scale(service, 1)


@asynccontextmanager
async def one_of_two_killed(service: str, stack: Stack) -> AsyncIterator[None]:
    """SIGKILL takes one of them, which stays away until it is started again."""
    await stack.kill_one(service)
    yield
    await stack.scale(service, 2)


@asynccontextmanager
async def restless_member(service: str, topic: str, stack: Stack) -> AsyncIterator[None]:
    """Somebody joins a service's consumer group and leaves it, again and again; each time, the partitions are handed out anew."""
    moving = asyncio.create_task(_come_and_go(stack, topic, f"forewarn-{service}-{topic}"))
    try:
        yield
    finally:
        moving.cancel()
        with suppress(asyncio.CancelledError):
            await moving


async def _come_and_go(stack: Stack, topic: str, group: str) -> None:
    while True:
        async with stack.consuming(topic, group_id=group, enable_auto_commit=False, heartbeat_interval_ms=500) as member:
            await until(lambda: _assigned(member), f"{group} gives a new member its part")


async def _assigned(member: AIOKafkaConsumer) -> bool:
    return bool(member.assignment())
