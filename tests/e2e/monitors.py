"""Runs monitor as a process on a real broker, with the embedded Postgres of the tests."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from deploy.local.ports import free_port
from deploy.local.processes import Child, child, ready
from shared.settings import Settings
from tests.containers import Kafka


@asynccontextmanager
async def monitor(
    kafka: Kafka, database: Settings, folder: Path, more: Mapping[str, str] | None = None, *, until_ready: bool = True
) -> AsyncIterator[tuple[Child, int]]:
    """Yields the process and its port, ready unless nobody waits; `more` are settings of its own, by their names without FOREWARN_."""
    port = free_port()
    settings = {
        "ENVIRONMENT": "demo",
        "KAFKA": kafka.bootstrap,
        "DATABASE_HOST": database.database_host,
        "DATABASE_PORT": str(database.database_port),
        "DATABASE_USER": database.database_user,
        "DATABASE_NAME": database.database_name,
        "HTTP_PORT": str(port),
        "PRODUCER_TOKEN": "producer-token",
        "OPERATOR_TOKEN": "operator-token",
        **(more or {}),
    }
    environment = {f"FOREWARN_{name}": value for name, value in settings.items()}
    async with child("services.monitor", environment=environment, log=folder / f"{port}.log") as running:
        if until_ready:
            await ready(running, port, 60)
        yield running, port
