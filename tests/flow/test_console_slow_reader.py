"""A browser that does not read its event stream costs a few kilobytes, holds up nobody, and is let go."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager

import pytest
from prometheus_client import REGISTRY

from services.console.live.streams import Stream
from shared.http.connections import BUFFERED
from shared.http.server import Server
from shared.settings import Settings
from tests.flow.console_screen import PERSON, Screen, screen
from tests.flow.console_streams import note, told

WITHIN = 20.0  # seconds
KEYS = [f"incident:{'x' * 150}-{number}" for number in range(45)]  # as many and as long as an address has room for
EVENT = 9_000  # bytes that one event of all of them has, at most
SMALL = 4096  # bytes that the kernel keeps of a connection, at each end


@asynccontextmanager
async def serving(settings: Settings) -> AsyncIterator[tuple[Screen, Server, int]]:
    """Yields a console on a port of its own, whose connections have small buffers and one second to take what was sent."""
    listening = socket.socket()
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SMALL)
    listening.bind(("127.0.0.1", 0))
    async with screen(settings) as on:
        server = Server(on.app, on.settings.model_copy(update={"http_answer_seconds": 1.0}))
        tasks = [asyncio.create_task(each) for each in (server.serve([listening]), on.hub.run(), on.database.listen())]
        await until(lambda: server.started)
        try:
            yield on, server, listening.getsockname()[1]
        finally:
            on.hub.close()
            server.should_exit = True
            await asyncio.wait_for(tasks[0], 5)
            for task in tasks[1:]:
                task.cancel()
            await asyncio.gather(*tasks[1:], return_exceptions=True)
            listening.close()


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(WITHIN):
        while not condition():  # noqa: ASYNC110  another task decides when
            await asyncio.sleep(0.02)


@pytest.fixture
def stuck() -> Iterator[socket.socket]:
    """Yields a client that will not read."""
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL)
        client.setblocking(False)
        yield client


async def test_who_does_not_read_costs_little_holds_up_nobody_and_is_let_go(fresh_database: Settings, stuck: socket.socket) -> None:
    async with serving(fresh_database) as (on, server, port):
        # Given somebody whose page reads nothing, and somebody else who looks at the queue
        await asyncio.get_running_loop().sock_connect(stuck, ("127.0.0.1", port))
        asked = f"GET /live?keys={'%20'.join(KEYS)} HTTP/1.1\r\nHost: localhost\r\n{PERSON}: bob agent\r\n\r\n"
        await asyncio.get_running_loop().sock_sendall(stuck, asked.encode())
        await until(lambda: on.hub.open_streams == 1)
        other = Stream(frozenset({"tickets"}), "ada", b"", 0)
        with on.hub.fed(other):
            await note(on, "tickets")
            await told(other)  # or that all is to be drawn anew, when nothing was read before

            # When all that the page shows changes again and again
            most, rounds = 0, 0
            async with asyncio.timeout(WITHIN):
                while on.hub.open_streams == 2:
                    await note(on, *KEYS, "tickets")
                    assert await told(other) == ["tickets"]
                    rounds, most = rounds + 1, max([most, *(each.unread for each in server.connections.open)])

            # Then the other heard of each change, a few kilobytes were kept for who does not read, and they are let go
            assert rounds > 5
            assert most > BUFFERED
            assert most <= BUFFERED + 2 * EVENT
            assert REGISTRY.get_sample_value("forewarn_http_refused_total", {"reason": "answer_unread"})
            assert server.connections.open == set()
