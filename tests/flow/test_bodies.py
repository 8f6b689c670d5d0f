"""Bodies that are too large, or come without a token, are refused without being read or kept, on every route that takes one."""

import asyncio
import gc
import tracemalloc
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import contextmanager
from itertools import product
from typing import Any

import httpx2
import pytest

from deploy.services import NAMES
from services.console.__main__ import service as console
from services.console.settings import ConsoleSettings
from services.monitor.api import router as of_monitor
from services.notifier.api import ROUTERS as OF_NOTIFIER
from services.ticketing.api.tickets import router as of_ticketing
from shared.cloudevents import DEEPEST, MAX_BYTES
from shared.postgres import Database
from shared.service import Service
from shared.settings import Settings
from tests.unit.ticketing.builders import CONFIGURATION

pytestmark = pytest.mark.asyncio

CHUNK = 100_000
CHUNKS = 26  # 2.6 MB
ROUTES = [
    ("monitor", "POST", "/v1/events"),
    ("notifier", "PUT", "/v1/customers/c-1/preferences"),
    ("ticketing", "POST", "/v1/tickets"),
    ("ticketing", "POST", "/v1/tickets/1/reply"),
    ("console", "POST", "/v1/people"),
    ("console", "PATCH", "/v1/people/ada"),
]
ON_EVERY_ROUTE = pytest.mark.parametrize(("service", "method", "path"), ROUTES)


class Body:
    """A body of 2.6 MB in chunks, made as they are asked for."""

    def __init__(self) -> None:
        self.read = 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for number in range(CHUNKS):
            self.read += CHUNK
            yield bytes([number]) * CHUNK


class Apps(dict[str, Any]):
    """The services' applications by name, each made when it is asked for: most tests ask for one."""

    def __init__(self, services: Mapping[str, Callable[[], Service]]) -> None:
        super().__init__()
        self._services = services

    def __missing__(self, name: str) -> Any:
        self[name] = app = self._services[name]().app()
        return app


@pytest.fixture
async def apps(
    fresh_database: Settings, monitor_database: Database, notifier_database: Database, ticketing_database: Database
) -> dict[str, Any]:
    given = {name: value for name, value in fresh_database if name in Settings.model_fields}
    return Apps(
        {
            "console": lambda: console(ConsoleSettings(**given, console_token="the console's own")),
            "monitor": lambda: Service("monitor", fresh_database, monitor_database, routers=[of_monitor]),
            "notifier": lambda: Service("notifier", fresh_database, notifier_database, routers=OF_NOTIFIER),
            "ticketing": lambda: Service("ticketing", fresh_database, ticketing_database, routers=[of_ticketing(CONFIGURATION)]),
        }
    )


async def send(app: Any, method: str, path: str, body: Body | None = None, **headers: str) -> httpx2.Response:
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://service") as client:
        return await client.request(method, path, content=body, headers={"content-type": "application/json", **headers})


async def status_of(app: Any, method: str, path: str, authorization: str) -> int:
    """Returns what the application answers to 2.6 MB in chunks, without a client that could hold some of it."""
    chunks = iter(range(CHUNKS))
    said: list[Any] = []

    async def receive() -> dict[str, Any]:
        number = next(chunks)
        return {"type": "http.request", "body": bytes([number]) * CHUNK, "more_body": number + 1 < CHUNKS}

    async def answer(message: Any) -> None:
        said.append(message)

    headers = [(b"content-type", b"application/json"), (b"authorization", authorization.encode())]
    scope = {"type": "http", "method": method, "path": path, "raw_path": path.encode(), "query_string": b"", "headers": headers}
    await app({**scope, "http_version": "1.1", "scheme": "http", "root_path": "", "server": ("service", 80)}, receive, answer)
    return int(said[0]["status"])


@contextmanager
def keeping_at_most(count: int) -> Iterator[None]:
    """Fails when the block leaves more bytes behind, without the help of the garbage collector."""
    gc.collect()
    gc.disable()
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        yield
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
        gc.enable()
    assert after - before <= count


@ON_EVERY_ROUTE
@pytest.mark.parametrize("token", ["", "Bearer nonsense", "Basic cHJvZHVjZXI6", "Bearer"])
async def test_the_token_is_looked_at_before_the_body_is_read(apps: Any, service: str, method: str, path: str, token: str) -> None:
    body = Body()
    answer = await send(apps[service], method, path, body, authorization=token)
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
    assert answer.headers["content-type"] == "application/problem+json"
    assert body.read == 0


@ON_EVERY_ROUTE
async def test_a_chunked_body_above_the_limit_is_413_and_read_no_further(apps: Any, service: str, method: str, path: str) -> None:
    body = Body()
    answer = await send(apps[service], method, path, body, authorization="Bearer operator-token")
    assert (answer.status_code, answer.headers["content-type"]) == (413, "application/problem+json")
    assert body.read <= MAX_BYTES + CHUNK


@ON_EVERY_ROUTE
@pytest.mark.parametrize("authorization", ["Bearer nonsense", "Bearer operator-token"])
async def test_sixty_large_bodies_leave_nothing_behind(apps: Any, service: str, method: str, path: str, authorization: str) -> None:
    app = apps[service]
    statuses = {await status_of(app, method, path, authorization)}  # what is made once is made
    with keeping_at_most(2 * MAX_BYTES):
        for _ in range(60):
            statuses.add(await status_of(app, method, path, authorization))
    assert statuses <= {401, 413}


@ON_EVERY_ROUTE
async def test_a_body_of_any_depth_is_refused_and_stops_nothing(apps: Any, service: str, method: str, path: str) -> None:
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(apps[service]), base_url="http://service") as client:
        headers = {"authorization": "Bearer operator-token", "content-type": "application/json"}
        for depth, (opening, closing) in product((50, 150, 500, 900, 960, 1_000, 3_000, 100_000), ("[]", ('{"a":', "}"))):
            deep = opening * depth + "1" + closing * depth
            for body in (deep, f"[{deep}]", f'{{"specversion":"1.0","data":{deep}}}', f'{{"body":{deep},"subject":{deep}}}'):
                answer = await client.request(method, path, content=body, headers=headers)
                assert answer.status_code in (400, 403, 404, 413, 422), answer.text
                assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(("depth", "status"), [(DEEPEST, 202), (DEEPEST + 1, 400), (960, 400), (995, 400), (50_000, 400)])
async def test_an_event_over_http_nests_as_deep_as_it_can_be_written_again(apps: Any, depth: int, status: int) -> None:
    event = f'{{"specversion":"1.0","id":"1","source":"/s","type":"t","data":{"[" * depth}{"]" * depth}}}'
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(apps["monitor"]), base_url="http://service") as client:
        for body in (event, f"[{event}]"):
            answer = await client.post("/v1/events", content=body, headers={"authorization": "Bearer producer-token"})
            assert (answer.status_code, "not_json" in answer.text) == (status, status == 400)


@pytest.mark.parametrize(("length", "status"), [(MAX_BYTES + 1, 413), (10**30, 413), ("9" * 5000, 413)])
async def test_a_declared_length_above_the_limit_is_413_before_anything_is_read(apps: Any, length: Any, status: int) -> None:
    body = Body()
    headers = {"authorization": "Bearer producer-token", "content-length": str(length)}
    assert (await send(apps["ticketing"], "POST", "/v1/tickets", body, **headers)).status_code == status
    assert body.read == 0


@pytest.mark.parametrize("length", ["many", "-5", "1e3", "0x10", "1 2", "²"])
async def test_a_length_that_is_no_number_of_bytes_is_400(apps: Any, length: str) -> None:
    headers = {b"authorization": b"Bearer producer-token", b"content-length": length.encode()}
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(apps["ticketing"]), base_url="http://service") as client:
        answer = await client.request("POST", "/v1/tickets", content=Body(), headers=headers)
    assert (answer.status_code, answer.headers["content-type"]) == (400, "application/problem+json")


@pytest.mark.parametrize("service", NAMES)
async def test_health_needs_no_token(apps: Any, service: str) -> None:
    for path in ("/livez", "/metrics"):
        assert (await send(apps[service], "GET", path)).status_code == 200, path
    assert (await send(apps[service], "GET", "/readyz")).status_code in (200, 503)


@pytest.mark.parametrize("service", NAMES)
async def test_every_other_path_needs_one_whether_it_is_there_or_not(apps: Any, service: str) -> None:
    for path in (
        "/v1",
        "/v2/anything",
        "/v1/incidents",
        "/docs.html/../v1/incidents",
        "http://service//livez",
        "/docsx",
        "/metricsfoo",
        "/u/a/b",
    ):
        assert (await send(apps[service], "POST", path)).status_code == 401, path


async def test_readyz_says_which_dependency_and_not_what_it_said(fresh_database: Settings, caplog: pytest.LogCaptureFixture) -> None:
    nowhere = fresh_database.model_copy(update={"database_host": "/nowhere/of-ours", "database_name": "hidden"})
    service = Service("monitor", nowhere, Database(nowhere, "monitor"), consuming=True)
    answer = await send(service.app(), "GET", "/readyz")
    assert (answer.status_code, answer.json()) == (503, {"database": "does not answer"})
    assert "not ready: the database: " in caplog.text


async def test_many_who_ask_whether_it_is_ready_ask_the_database_once(
    fresh_database: Settings, monitor_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = Service("monitor", fresh_database, monitor_database)
    asked = 0
    connection = monitor_database.connection

    def counted() -> Any:
        nonlocal asked
        asked += 1
        return connection()

    monkeypatch.setattr(monitor_database, "connection", counted)
    app = service.app()
    answers = await asyncio.gather(*(send(app, "GET", "/readyz") for _ in range(50)))
    assert ({answer.status_code for answer in answers}, asked < 10) == ({200}, True)


async def test_nobody_is_sent_elsewhere_by_the_host_that_they_name(apps: Any) -> None:
    for service, path in (
        ("notifier", "/u/abc"),
        ("notifier", "/v1/notifications/"),
        ("ticketing", "/v1/tickets/"),
        ("monitor", "/livez/"),
    ):
        answer = await send(apps[service], "POST", path, authorization="Bearer operator-token", host="evil.example")
        assert (answer.status_code, "location" in answer.headers) == (404, False), path
