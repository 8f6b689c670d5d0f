"""One process bounds connections, headers, bodies, requests and answers in number and time; health answers all the while."""

import asyncio
import gc
import tracemalloc
import weakref

import msgspec
import pytest
from prometheus_client import REGISTRY

from shared.cloudevents import MAX_BYTES
from shared.http import connections
from tests.unit.shared.served import AUTHORIZED, Client, Served, get, request, served, until

pytestmark = pytest.mark.asyncio

LARGE = request("POST", "/v1/echo", f"Content-Length: {MAX_BYTES}")


def refused(reason: str) -> float:
    return REGISTRY.get_sample_value("forewarn_http_refused_total", {"reason": reason}) or 0.0


async def connected(server: Served, count: int) -> list[Client]:
    """Yields connections that the server has taken, one after the other."""
    all_, clients = server.server.connections, []
    for _ in range(count):
        clients.append(await server.connect())
        await until(lambda: len(all_.open) >= min(len(clients), all_.limit))
    return clients


# ── connections ──────────────────────────────────────────────────────────────────────────────


async def test_above_the_limit_the_connection_that_waits_longest_is_let_go_and_a_newcomer_gets_in() -> None:
    async with served(http_connections=10) as server:
        before = refused("connections_full")
        first, *idle = await connected(server, 30)
        assert await server.alive()
        assert await first.closed()
        assert len(server.server.connections.open) <= 10
        assert refused("connections_full") - before >= 20
        await idle[-1].send(get("/livez"))
        assert (await idle[-1].answer()).status == 200


async def test_a_connection_whose_request_is_worked_on_is_not_let_go() -> None:
    async with served(http_connections=10) as server:
        [busy] = await connected(server, 1)
        await busy.send(get("/v1/wait"))
        await until(lambda: len(server.server.connections.waiting) == 0)
        await connected(server, 30)
        server.app.state.let_go_on.set()
        assert (await busy.answer()).status == 200


async def test_connections_that_have_gone_are_not_counted() -> None:
    async with served() as server:
        for client in await connected(server, 5):
            client.writer.close()
        await until(lambda: not server.server.connections.open and not server.server.connections.waiting)
        assert REGISTRY.get_sample_value("forewarn_http_connections") == 0


SENT = {
    "nothing": b"",
    "a request": get("/livez"),
    "a refused request": get("/v1/path", authorized=False),
    "no request": b"nonsense\r\n\r\n",
    "half a body": LARGE + b"x" * 1_000,
}


@pytest.mark.parametrize("name", SENT)
async def test_a_connection_that_has_gone_leaves_nothing_to_the_garbage_collector(name: str) -> None:
    async with served() as server:
        gc.disable()
        try:
            client = await server.connect()
            await until(lambda: server.server.connections.open)
            [known] = [weakref.ref(each) for each in server.server.connections.open]
            await client.send(SENT[name])
            if name in ("a request", "a refused request", "no request"):
                await client.answer()
            client.writer.close()
            await until(lambda: known() is None)
        finally:
            gc.enable()


async def test_a_connection_that_rests_too_long_between_requests_ends() -> None:
    async with served(http_idle_seconds=1) as server:
        client = await server.connect()
        await client.send(get("/livez"))
        assert (await client.answer()).status == 200
        assert await client.closed()


# ── headers ──────────────────────────────────────────────────────────────────────────────────


async def test_whoever_never_sends_a_request_is_let_go() -> None:
    async with served(http_header_seconds=0.2) as server:
        assert await (await server.connect()).closed()


async def test_headers_that_trickle_in_are_408_however_many_pieces_there_are() -> None:
    async with served(http_header_seconds=0.3) as server:
        for before in (b"", get("/livez")):
            client = await server.connect()
            await client.send(before)
            if before:
                assert (await client.answer()).status == 200
            trickle = asyncio.create_task(trickled(client))
            answer = await client.answer()
            trickle.cancel()
            assert (answer.status, answer.headers["content-type"]) == (408, "application/problem+json")
            assert await client.closed()


async def trickled(client: Client) -> None:
    await client.send(b"GET /livez HTTP/1.1\r\nHost: localhost\r\nX: ")
    while True:
        await client.send(b"x")
        await asyncio.sleep(0.02)


# ── bodies ───────────────────────────────────────────────────────────────────────────────────


async def test_a_body_that_does_not_arrive_in_time_is_408() -> None:
    async with served(http_body_seconds=0.2) as server:
        client = await server.connect()
        await client.send(LARGE + b"x" * 1_000)
        answer = await client.answer()
        assert (answer.status, answer.headers["content-type"], answer.headers["connection"]) == (408, "application/problem+json", "close")
        assert await client.closed()
        assert server.app.state.seen == []


async def test_only_so_many_large_bodies_are_read_at_once_and_small_ones_and_health_go_on() -> None:
    async with served(http_bodies=3) as server:
        held = [await server.connect() for _ in range(3)]
        for client in held:
            await client.send(LARGE + b"x" * 100_000)
        await until(lambda: len(server.server.server_state.tasks) == 3)
        chunked = (
            b"POST /v1/echo HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n" + AUTHORIZED + b"\r\n8000\r\n" + b"x" * 0x8000
        )
        for beyond in (LARGE + b"x" * 1_000, chunked):
            answer = await server.ask(beyond)
            assert (answer.status, answer.headers["retry-after"], answer.headers["connection"]) == (503, "1", "close")
        assert (await server.ask(request("POST", "/v1/echo", body=b"small"))).status == 200
        assert await server.alive()
        for client in held:
            await client.send(b"x" * (MAX_BYTES - 100_000))
            assert msgspec.json.decode((await client.answer()).body)["bytes"] == MAX_BYTES
        assert (await server.ask(LARGE + b"x" * MAX_BYTES)).status == 200


async def test_whoever_gives_up_halfway_leaves_the_place_to_others() -> None:
    async with served(http_bodies=1) as server:
        for _ in range(3):
            client = await server.connect()
            await client.send(LARGE + b"x" * 100_000)
            await until(lambda: len(server.server.server_state.tasks) == 1)
            client.writer.close()
            await until(lambda: not server.server.server_state.tasks)
        assert (await server.ask(LARGE + b"x" * MAX_BYTES)).status == 200


@pytest.mark.parametrize("authorized", [False, True])
async def test_bodies_that_are_never_finished_take_a_bounded_memory(authorized: bool) -> None:
    async with served(http_bodies=4) as server:
        piece = b"x" * 500_000
        head = request("POST", "/v1/echo", f"Content-Length: {MAX_BYTES}", authorized=authorized)
        await server.ask(request("POST", "/v1/echo", body=piece, authorized=authorized))  # what is made once is made
        tracemalloc.start()
        try:
            clients = [await server.connect() for _ in range(60)]
            for client in clients:
                await client.send(head)
                await client.send(piece)
            await until(lambda: len(server.server.server_state.tasks) <= 4)
            _, most = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert most < 60 * len(piece) / 3
        assert await server.alive()


# ── requests ─────────────────────────────────────────────────────────────────────────────────


async def test_beyond_so_many_requests_at_once_it_is_503_with_retry_after_and_health_answers() -> None:
    async with served(http_requests=2) as server:
        busy = [await server.connect() for _ in range(2)]
        for client in busy:
            await client.send(get("/v1/wait"))
        await until(lambda: len(server.server.server_state.tasks) == 2)
        client = await server.connect()
        await client.send(get("/v1/path") + get("/livez"))
        answer = await client.answer()
        assert (answer.status, answer.headers["retry-after"], answer.headers["content-type"]) == (503, "1", "application/problem+json")
        assert (await client.answer()).status == 200
        server.app.state.let_go_on.set()
        assert [(await client.answer()).status for client in busy] == [200, 200]
        assert (await server.ask(get("/v1/path"))).status == 200


# ── answers ──────────────────────────────────────────────────────────────────────────────────

MUCH = 16  # MiB: more than the kernel takes off our hands


async def test_an_answer_that_is_not_taken_in_time_is_thrown_away() -> None:
    async with served(http_answer_seconds=0.3) as server:
        client = await server.connect(limit=1_000)
        await client.send(get(f"/v1/much?mebibytes={MUCH}"))
        await until(lambda: server.server.connections.unread)
        await until(lambda: not server.server.connections.open)
        assert await server.alive()


async def test_answers_that_wait_are_bounded_together_and_the_oldest_goes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "UNREAD_BYTES", 2 * MUCH << 20)
    async with served() as server:
        clients = [await server.connect(limit=1_000) for _ in range(4)]
        for number, client in enumerate(clients, start=1):
            await client.send(get(f"/v1/much?mebibytes={MUCH}"))
            await until(lambda number=number: len(server.app.state.seen) == number and not server.server.server_state.tasks)
        assert sum(each.unread for each in server.server.connections.unread) <= 2 * MUCH << 20
        with pytest.raises(asyncio.IncompleteReadError):
            await clients[0].answer()
        assert len((await clients[-1].answer()).body) == MUCH << 20


async def test_a_request_is_not_begun_while_the_answer_before_it_is_not_taken() -> None:
    async with served() as server:
        client = await server.connect(limit=1_000)
        await client.send(get(f"/v1/much?mebibytes={MUCH}") * 2)
        await until(lambda: server.server.connections.unread)
        assert await server.alive()
        assert server.app.state.seen == [MUCH]
        assert [len((await client.answer()).body) for _ in range(2)] == [MUCH << 20] * 2
        assert server.app.state.seen == [MUCH, MUCH]
