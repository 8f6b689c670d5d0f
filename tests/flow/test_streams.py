"""An operator looks at the streams of a service and releases one, by REST and by the command line."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import httpx2
import pytest
import uvicorn

from deploy.local.ports import free_port
from deploy.local.streams import publish_on, release_on, show_on
from shared.outbox import OLDEST, Lane, Message, put
from shared.outgoing import unpublished
from shared.outgoing.rows import Refusal
from shared.postgres import Database
from shared.service import Service
from shared.settings import Settings
from shared.streaming.brake import IN_A_ROW
from tests.fakes import FakeConsumer
from tests.unit.shared.shop import Shop

pytestmark = pytest.mark.asyncio

OPERATOR = {"authorization": "Bearer operator-token"}
TOPIC = "shop.v1"


@pytest.fixture
async def shop(monitor_database: Database) -> Shop:
    return await Shop.opened(monitor_database)


@pytest.fixture
async def member(shop: Shop) -> FakeConsumer:
    """Returns one that a topic full of what is no fact has stopped."""
    for number in range(300):
        shop.topics.put(TOPIC, b'{"source": "/web", "n": %d}' % number, partition=0)
    member = shop.member()
    await member.assign()
    await member.drain()
    assert member.stream.brake.tripped
    return member


@pytest.fixture
def service(shop: Shop, member: FakeConsumer, fresh_database: Settings) -> Service:
    return Service("shop", fresh_database, shop.database, [member.stream])


@pytest.fixture
async def client(service: Service) -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(service.app()), base_url="http://shop", headers=OPERATOR) as client:
        yield client


@asynccontextmanager
async def serving(service: Service) -> AsyncIterator[str]:
    """Serves the service's REST API at this address while the context lasts."""
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(service.app(), "127.0.0.1", port, log_config=None, lifespan="off"))
    with suppress(asyncio.CancelledError):
        task = asyncio.create_task(server.serve())
        async with asyncio.timeout(10):
            while not server.started:  # noqa: ASYNC110  it cannot signal
                await asyncio.sleep(0.01)
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            server.should_exit = True
            await task


async def refused(database: Database, topic: str, reason: Refusal) -> None:
    """Notes that the broker has refused a record for that topic."""
    async with database.transaction() as tx:
        await put(tx, [Message(topic, b"k", b"v" * 1_000)])
        [row] = await tx.fetch(OLDEST, Lane.FACTS, 0, 10)
        await unpublished.put_aside(tx, {row["id"]: reason})


async def looks(member: FakeConsumer) -> None:
    """Has the instance look whether it was released, as it does every second, and read."""
    member.stream.retry_now()
    await member.stream.tick()
    await member.drain()


async def test_a_stopped_stream_is_shown_with_reasons_and_samples(client: httpx2.AsyncClient) -> None:
    said = (await client.get("/v1/streams")).json()
    [stream] = said["streams"]
    assert (said["service"], stream["topic"], stream["dead_letters"]) == ("shop", TOPIC, {"not_cloudevent": IN_A_ROW + 1})
    assert [brake["partition"] for brake in stream["brakes"]] == [0, 1]
    assert stream["brakes"][0]["reasons"] == {"not_cloudevent": IN_A_ROW + 1}
    assert stream["brakes"][0]["samples"][-1]["source"] == "/web"
    assert (await client.get("/readyz")).status_code == 503


async def test_a_release_is_heard_by_the_instance_that_has_stopped_and_only_there_is_one_to_give(
    client: httpx2.AsyncClient, member: FakeConsumer, shop: Shop
) -> None:
    assert (await client.post("/v1/streams/other.v1/release", json={})).status_code == 404
    answer = await client.post(f"/v1/streams/{TOPIC}/release", json={"put_aside": True})
    assert (answer.status_code, answer.json()) == (200, {"topic": TOPIC, "partitions": 2})
    await looks(member)
    assert (await shop.stands_at(), await member.stream.trouble()) == (300, None)
    assert (await client.post(f"/v1/streams/{TOPIC}/release", json={})).status_code == 409


async def test_the_command_shows_the_table_and_who_does_not_answer(service: Service, capsys: pytest.CaptureFixture[str]) -> None:
    await refused(service.database, "shop.v1.dlq", Refusal.TOO_LARGE)
    dead = f"http://127.0.0.1:{free_port()}"
    async with serving(service) as url:
        assert await show_on([url, dead], "operator-token") == 1
        shown = capsys.readouterr().out
        assert await show_on([url], "nobody") == 1
    row = next(line for line in shown.splitlines() if line.startswith("shop "))
    assert row.split() == ["shop", TOPIC, "199", "101", "0", "STOPPED", "by", "the", "brake"]
    assert "partition 0 offset 100 from /web: not_cloudevent" in shown
    assert f"forewarn streams release {TOPIC} [--put-aside]" in shown
    assert "the broker refused 1 records for shop.v1.dlq: too_large (largest 1,000 bytes)" in shown
    assert f"{dead} does not answer" in shown
    assert "does not know this token" in capsys.readouterr().out


async def test_the_command_releases_where_the_brake_is_on_and_says_so(
    service: Service, member: FakeConsumer, shop: Shop, capsys: pytest.CaptureFixture[str]
) -> None:
    async with serving(service) as url:
        assert await release_on([url], "operator-token", TOPIC, put_aside=True) == 0
        await looks(member)
        assert f"{TOPIC} goes on, 2 partitions" in capsys.readouterr().out
        assert await release_on([url], "operator-token", TOPIC, put_aside=True) == 1
        assert "no service that answers has stopped reading shop.v1" in capsys.readouterr().out
    assert await shop.stands_at() == 300


async def test_the_command_sends_what_the_broker_refused_again(service: Service, shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    await refused(shop.database, "shop.said", Refusal.NOT_ALLOWED)
    async with serving(service) as url:
        assert await publish_on([url], "operator-token", "another") == 0
        assert await publish_on([url], "operator-token", None) == 0
    assert [line.split(": ")[1] for line in capsys.readouterr().out.splitlines()] == [
        "0 records are sent again",
        "1 records are sent again",
    ]
    await shop.topics.relay(shop.database)
    assert [record.value for record in shop.topics.records("shop.said")] == [b"v" * 1_000]
