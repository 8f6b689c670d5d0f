"""Pages for everybody have an application and a port of their own: nobody reaches the API there, and each port has limits of its own."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from fastapi import APIRouter

from deploy.local.ports import free_port
from shared.postgres import Database
from shared.service import Public, Service
from tests.unit.shared.served import Answer, Client, get, request, settings, until

pytestmark = pytest.mark.asyncio

router = APIRouter(prefix="/u")


@router.get("/{token}")
@router.post("/{token}")
async def page(token: str) -> dict[str, str]:
    return {"token": token}


@dataclass
class Two:
    """A service that runs, by its two ports."""

    inner: int
    public: int
    clients: list[Client]

    async def ask(self, port: int, data: bytes) -> Answer:
        client = Client(*await asyncio.open_connection("127.0.0.1", port))
        self.clients.append(client)
        await client.send(data)
        return await client.answer()


@pytest.fixture
async def two() -> AsyncIterator[Two]:
    chosen = settings(http_connections=10)
    service = Service("small", chosen, Database(chosen, "small"), public=Public([router], free_port()))
    servers = service.servers()
    tasks = [asyncio.create_task(server.serve()) for server in servers]
    await until(lambda: all(server.started for server in servers))
    assert service.public is not None
    running = Two(chosen.http_port, service.public.port, [])
    try:
        yield running
    finally:
        for client in running.clients:
            client.writer.close()
        await asyncio.gather(*(client.writer.wait_closed() for client in running.clients), return_exceptions=True)
        for server in servers:
            server.should_exit = server.force_exit = True
        await asyncio.gather(*tasks)


async def test_a_page_is_on_the_public_port_alone(two: Two) -> None:
    assert (await two.ask(two.public, get("/u/abc", authorized=False))).status == 200
    assert (await two.ask(two.inner, get("/u/abc", authorized=False))).status == 401
    assert (await two.ask(two.inner, get("/u/abc"))).status == 404


@pytest.mark.parametrize(
    "path", ["/", "/readyz", "/metrics", "/docs", "/openapi.json", "/v1/streams", "/v1/due", "/u", "/u/", "/u/a/b", "/U/a"]
)
async def test_nothing_else_is_there_whoever_asks(two: Two, path: str) -> None:
    for authorized in (True, False):
        said = await two.ask(two.public, get(path, authorized=authorized))
        assert (said.status, said.headers["content-type"]) == (404, "application/problem+json")


async def test_the_public_port_says_that_it_lives(two: Two) -> None:
    assert (await two.ask(two.public, get("/livez", authorized=False))).status == 200


async def test_a_page_for_everybody_takes_small_bodies_only(two: Two) -> None:
    for authorized in (True, False):
        small = request("POST", "/u/abc", body=b"List-Unsubscribe=One-Click", authorized=authorized)
        assert (await two.ask(two.public, small)).status == 200
        large = request("POST", "/u/abc", body=b"x" * 20_000, authorized=authorized)
        assert (await two.ask(two.public, large)).status == 413


async def test_a_slash_too_many_sends_nobody_to_the_host_that_they_name(two: Two) -> None:
    said = await two.ask(two.public, b"POST /u/abc/ HTTP/1.1\r\nHost: evil.example\r\n\r\n")
    assert (said.status, "location" in said.headers) == (404, False)


async def test_connections_without_end_on_the_public_port_push_nobody_out_of_the_api(two: Two) -> None:
    agent = Client(*await asyncio.open_connection("127.0.0.1", two.inner))
    two.clients.append(agent)
    for _ in range(30):
        two.clients.append(Client(*await asyncio.open_connection("127.0.0.1", two.public)))
    assert await two.clients[1].closed(), "the public port has as many as it may have"
    await agent.send(get("/livez"))
    assert (await agent.answer()).status == 200
