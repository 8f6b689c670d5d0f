"""A small application behind the server that every service has, and clients that speak to it in bytes of their own."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from fastapi import FastAPI, Request, Response

from deploy.local.ports import free_port
from shared.api import Body, Role, allow, application
from shared.http.server import Server
from shared.settings import Settings

# They are as long and as different as production demands.
TOKENS = {"producer_token": "p-7Qm4vXz9Lr2TbWc8", "agent_token": "a-5Kd1nHs6Yf3GjRe0", "operator_token": "o-8Uw2xPb7Vt4ZqMc6"}
AUTHORIZED = b"Authorization: Bearer " + TOKENS["producer_token"].encode() + b"\r\n"
WITHIN = 10.0  # seconds for what must happen


class Things(Body):
    things: list[int] = []
    named: dict[str, int] = {}


def settings(**given: Any) -> Settings:
    """Returns settings as in production, with a port of their own."""
    return Settings(**{"database_password": "d-3Ny6sJk9Ea1CvFh5", **TOKENS, "http_port": free_port(), **given})


def small_application(settings: Settings) -> FastAPI:
    """Returns an application with health, and routes that read, echo, wait, fail, and answer at length."""
    app = application("Small", settings, None)  # type: ignore[arg-type]  # none of its routes asks for the database
    app.state.let_go_on = asyncio.Event()
    app.state.seen = []
    role = [allow(Role.PRODUCER)]

    @app.get("/livez")
    @app.get("/v1/path", dependencies=role)
    async def ok() -> dict[str, bool]:
        return {"ok": True}

    @app.post("/v1/echo", dependencies=role)
    async def echo(request: Request) -> dict[str, Any]:
        body = await request.body()
        app.state.seen.append(len(body))
        return {"bytes": len(body), "type": request.headers.get("content-type")}

    @app.post("/v1/things", dependencies=role)
    async def things(things: Things) -> Things:
        return things

    @app.get("/v1/wait", dependencies=role)
    async def wait() -> None:
        await app.state.let_go_on.wait()

    @app.get("/v1/much", dependencies=role)
    async def much(mebibytes: int = 1) -> Response:
        app.state.seen.append(mebibytes)
        return Response(b"x" * (mebibytes << 20))

    @app.get("/v1/broken", dependencies=role)
    async def broken() -> None:
        raise ZeroDivisionError("password=hunter2")

    return app


@dataclass(frozen=True)
class Served:
    """A server that runs, and its address."""

    app: FastAPI
    server: Server
    port: int
    clients: "list[Client]" = field(default_factory=list)

    async def connect(self, **arguments: Any) -> "Client":
        """Returns a connection of one's own, which ends with the server."""
        client = Client(*await asyncio.open_connection("127.0.0.1", self.port, **arguments))
        self.clients.append(client)
        return client

    async def ask(self, data: bytes) -> "Answer":
        """Returns the answer to these bytes on a connection of their own."""
        client = await self.connect()
        await client.send(data)
        return await client.answer()

    async def alive(self) -> bool:
        return (await self.ask(get("/livez", authorized=False))).status == 200


@asynccontextmanager
async def served(**given: Any) -> AsyncIterator[Served]:
    """Serves the small application while the context lasts."""
    chosen = settings(**given)
    app = small_application(chosen)
    server = Server(app, chosen)
    task = asyncio.create_task(server.serve())
    await until(lambda: server.started)
    running = Served(app, server, chosen.http_port)
    try:
        yield running
    finally:
        for client in running.clients:
            client.writer.close()
        await asyncio.gather(*(client.writer.wait_closed() for client in running.clients), return_exceptions=True)
        app.state.let_go_on.set()
        server.should_exit = server.force_exit = True
        await task


async def until(condition: Any) -> None:
    """Returns once the condition holds. Raises TimeoutError after ten seconds."""
    async with asyncio.timeout(WITHIN):
        while not condition():  # noqa: ASYNC110  nothing signals it
            await asyncio.sleep(0.005)


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class Client:
    """One connection."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def answer(self, method: str = "GET") -> Answer:
        """Returns the next answer. Raises TimeoutError or IncompleteReadError when there is none."""
        async with asyncio.timeout(WITHIN):
            head = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            line, *lines = head.strip().split("\r\n")
            headers = {name.lower(): value for name, _, value in (each.partition(": ") for each in lines)}
            length = 0 if method == "HEAD" else int(headers.get("content-length", 0))
            return Answer(int(line.split()[1]), headers, await self.reader.readexactly(length))

    async def closed(self, within: float = WITHIN) -> bool:
        """Says whether the server ends the connection in that time, and says nothing before."""
        try:
            async with asyncio.timeout(within):
                return await self.reader.read(1) == b""
        except ConnectionError:
            return True
        except TimeoutError:
            return False


def get(path: str, *headers: str, authorized: bool = True) -> bytes:
    return request("GET", path, *headers, authorized=authorized)


def request(method: str, path: str, *headers: str, body: bytes = b"", authorized: bool = True) -> bytes:
    """Returns a whole request; a body brings its length."""
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost", *headers, *([f"Content-Length: {len(body)}"] if body else [])]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n" + (AUTHORIZED if authorized else b"") + b"\r\n" + body
