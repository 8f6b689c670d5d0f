"""A console that is told to stop does so at once, whoever still has a page open."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Iterator

import httpx2
import pytest
from confluent_kafka import Producer

from deploy.local.ports import free_port
from tests.flow.console_screen import PERSON, Screen


@pytest.fixture
def kafka() -> Iterator[str]:
    """Yields the address of a cluster inside this process."""
    cluster = Producer({"test.mock.num.brokers": 1, "bootstrap.servers": "none", "log_level": 0})
    (broker,) = cluster.list_topics(timeout=10).brokers.values()
    yield f"{broker.host}:{broker.port}"
    cluster.close()


@pytest.fixture
async def process(on: Screen, kafka: str) -> AsyncIterator[tuple[asyncio.subprocess.Process, str]]:
    """Yields a console in a process of its own, and its address."""
    port, held = free_port(), on.settings
    given = {
        "HTTP_PORT": port,
        "CONSOLE_URL": f"http://localhost:{port}",
        "CONSOLE_TOKEN": "a-token",
        "KAFKA": kafka,
        "ENVIRONMENT": "demo",
        "DATABASE_HOST": held.database_host,
        "DATABASE_PORT": held.database_port,
        "DATABASE_USER": held.database_user,
        "DATABASE_NAME": held.database_name,
    }
    environment = os.environ | {f"FOREWARN_{name}": str(value) for name, value in given.items()}
    it = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.browser.process", env=environment, stderr=asyncio.subprocess.DEVNULL
    )
    try:
        yield it, f"http://127.0.0.1:{port}"
    finally:
        if it.returncode is None:
            it.kill()
            await it.wait()


async def test_it_ends_within_a_second_with_streams_open(process: tuple[asyncio.subprocess.Process, str]) -> None:
    it, at = process
    async with httpx2.AsyncClient(base_url=at, headers={PERSON: "ada agent"}, timeout=20) as client:
        async with asyncio.timeout(20):
            while not await _ready(client):  # noqa: ASYNC110  it is another process
                await asyncio.sleep(0.05)
        async with client.stream("GET", "/live?keys=incidents ticket:t-1") as one, client.stream("GET", "/live?keys=tickets") as two:
            told = one.aiter_bytes()
            assert b"retry" in await anext(told)
            started = asyncio.get_running_loop().time()
            it.send_signal(signal.SIGTERM)
            assert b"retry" in b"".join([part async for part in two.aiter_bytes()])
            await it.wait()
            assert asyncio.get_running_loop().time() - started < 1
    assert it.returncode == 0


async def _ready(client: httpx2.AsyncClient) -> bool:
    try:
        return (await client.get("/readyz")).status_code == 200 and (await client.get("/")).status_code == 200
    except httpx2.TransportError:
        return False
