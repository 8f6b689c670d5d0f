"""A real process whose Kafka is gone says so in its metrics, and its log stays readable."""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import httpx2 as httpx
import pytest

from deploy import topics
from deploy.local.ports import free_port
from deploy.local.processes import Child, announced, child, ready, stop
from services.notifier.channels.email.probing import mail_server
from shared import metrics
from shared.settings import Settings
from tests.figures import value
from tests.smtp import post_office

pytestmark = pytest.mark.asyncio

BURST = 20  # the first line of each kind of trouble is said at once
FLOODED_S = 12.0  # long enough for a flood to be summed up more than once


@dataclass
class Running:
    """A monitor, and the Kafka it needs."""

    monitor: Child
    kafka: Child
    port: int

    async def metrics(self) -> str:
        async with httpx.AsyncClient() as http:
            return (await http.get(f"http://127.0.0.1:{self.port}/metrics")).text

    def lines(self) -> list[str]:
        return self.monitor.log.read_text().splitlines()

    async def says(self, sample: str) -> None:
        """Returns when this is among its metrics. Raises TimeoutError when it is not in time."""
        async with asyncio.timeout(30):
            while sample not in (await self.metrics()).splitlines():  # noqa: ASYNC110  another process cannot signal
                await asyncio.sleep(0.1)


@pytest.fixture
async def running(fresh_database: Settings, tmp_path: Path) -> AsyncIterator[Running]:
    port = free_port()
    async with child("deploy.local.kafka", *topics.read(), environment={}, log=tmp_path / "kafka.log") as kafka:
        settings = {
            "ENVIRONMENT": "demo",
            "KAFKA": await announced(kafka, "listening on ", 20),
            "DATABASE_HOST": fresh_database.database_host,
            "DATABASE_PORT": str(fresh_database.database_port),
            "DATABASE_USER": fresh_database.database_user,
            "DATABASE_NAME": fresh_database.database_name,
            "HTTP_PORT": str(port),
        }
        environment = {f"FOREWARN_{name}": value for name, value in settings.items()}
        async with child("services.monitor", environment=environment, log=tmp_path / "monitor.log") as monitor:
            await ready(monitor, port, 30)
            yield Running(monitor, kafka, port)


async def test_while_kafka_refuses_connections_a_service_logs_at_most_a_line_a_second_and_its_lag_is_unknown(running: Running) -> None:
    await running.says('forewarn_consumer_lag_records{topic="product.events.v1"} 0.0')
    await running.says('forewarn_dependency_up{dependency="kafka"} 1.0')
    before, since = len(running.lines()), time.monotonic()
    await stop(running.kafka.process)
    await running.says('forewarn_dependency_up{dependency="kafka"} 0.0')
    await running.says('forewarn_consumer_lag_records{topic="product.events.v1"} NaN')
    await running.says('forewarn_ready{check="database"} 1.0')
    async with asyncio.timeout(FLOODED_S + 20):
        while sum("more like it" in line for line in running.lines()) < 3 or time.monotonic() - since < FLOODED_S:  # noqa: ASYNC110  a log cannot signal
            await asyncio.sleep(0.2)
    said = running.lines()[before:]
    assert len(said) <= BURST + time.monotonic() - since, "\n".join(said)
    assert sum("kafka does not answer" in line for line in said) == 1


async def test_a_mail_server_is_up_when_it_greets_us_and_down_when_nobody_listens() -> None:
    up = metrics.DEPENDENCY_UP.labels("smtp")
    async with post_office() as office:
        host, port = office.address
        await mail_server(host, port, own_name="example.org", tls="none").once()
        assert value(up) == 1
        assert office.mails == []
    await mail_server("127.0.0.1", free_port(), own_name="example.org", tls="none").once()
    assert value(up) == 0
