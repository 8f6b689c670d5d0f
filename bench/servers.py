"""What the benchmarks run against: real Kafka and Postgres, prepared as for production, and services as processes of their own."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from shutil import copytree, rmtree

import asyncpg
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete
from aiokafka.errors import KafkaError

from deploy import topics
from deploy.local.ports import free_port
from deploy.local.processes import ROOT, Child, child, ended_well, ready
from deploy.services import NAMES
from tests.containers import PASSWORD, running_kafka, running_postgres

LEADS_WITHIN = 30  # seconds until every partition that was just made has a leader
RULES = ROOT / "bench/monitor/rules.yml"


@dataclass(frozen=True)
class Servers:
    """Addresses, and a folder for configuration and logs."""

    bootstrap: str
    postgres_port: int
    folder: Path
    database: str = "forewarn"

    def environment(self, service: str, port: int) -> dict[str, str]:
        return {
            "FOREWARN_ENVIRONMENT": "demo",
            "FOREWARN_KAFKA": self.bootstrap,
            "FOREWARN_DATABASE_HOST": "localhost",
            "FOREWARN_DATABASE_PORT": str(self.postgres_port),
            "FOREWARN_DATABASE_NAME": self.database,
            "FOREWARN_DATABASE_USER": f"forewarn_{service}",
            "FOREWARN_DATABASE_PASSWORD": "bench",
            "FOREWARN_CONFIG_DIR": str(self.folder / "config"),
            "FOREWARN_HTTP_PORT": str(port),
            "FOREWARN_PUBLIC_PORT": str(free_port()),
            "FOREWARN_LINK_SECRET": "bench",
            "FOREWARN_CONSOLE_TOKEN": "bench",
        }

    async def connect(self) -> asyncpg.Connection:
        """A superuser's connection."""
        return await asyncpg.connect(host="localhost", port=self.postgres_port, user="postgres", password=PASSWORD, database=self.database)


@asynccontextmanager
async def servers() -> AsyncIterator[Servers]:
    """Kafka and Postgres with topics, roles and schemas, while the context lasts."""
    with tempfile.TemporaryDirectory(prefix="forewarn-bench-") as name:
        async with running_kafka(JAVA_TOOL_OPTIONS="") as kafka, running_postgres() as postgres:
            found = Servers(kafka.bootstrap, postgres.port, Path(name))
            await _prepare(found, RULES.read_text())
            yield found


async def anew(of: Servers, database: str, rules: str, keeping: Collection[str] = ()) -> Servers:
    """Prepares a database of that name, with other rules, on the same servers. Topics are emptied, but for those to keep."""
    found = replace(of, database=database)
    await empty(of, keeping)
    await _prepare(found, rules)
    return found


async def _prepare(of: Servers, rules: str) -> None:
    """Writes the shipped configuration with these rules, and makes what the services need."""
    config = of.folder / "config"
    rmtree(config, ignore_errors=True)
    copytree(ROOT / "deploy/config", config)
    (config / "rules.yml").write_text(rules)
    passwords = {f"FOREWARN_{service.upper()}_PASSWORD": "bench" for service in NAMES}
    environment = of.environment("monitor", 0) | passwords | {"FOREWARN_ADMIN_PASSWORD": PASSWORD}
    async with child("deploy.init", environment=environment, log=of.folder / "init.log") as init:
        await ended_well(init, 60)


async def empty(of: Servers, keeping: Collection[str] = ()) -> None:
    """Deletes all records of the topics, as retention does, but of those to keep and of compacted ones."""
    deleting = {name: wish for name, wish in topics.read().items() if wish.settings.get("cleanup.policy") != "compact"}
    every = [TopicPartition(name, number) for name, wish in deleting.items() if name not in keeping for number in range(wish.partitions)]
    admin = AIOKafkaAdminClient(bootstrap_servers=of.bootstrap)
    await admin.start()
    try:
        async with asyncio.timeout(LEADS_WITHIN):
            while not await _deleted(admin, every):  # noqa: ASYNC110  the broker cannot signal
                await asyncio.sleep(0.1)
    finally:
        await admin.close()


async def _deleted(admin: AIOKafkaAdminClient, partitions: Sequence[TopicPartition]) -> bool:
    """Deletes their records; False while a partition that was just made has no leader yet."""
    try:
        await admin.delete_records(dict.fromkeys(partitions, RecordsToDelete(-1)))
    except KafkaError as error:
        if error.retriable:
            return False
        raise
    return True


@asynccontextmanager
async def service(of: Servers, name: str, more: Mapping[str, str] | None = None) -> AsyncIterator[tuple[Child, int]]:
    """One service and its port, while the context lasts; it is not ready yet."""
    port = free_port()
    environment = of.environment(name, port) | dict(more or {})
    async with child(f"services.{name}", environment=environment, log=of.folder / f"{name}-{of.database}.log") as running:
        yield running, port


async def until_ready(running: tuple[Child, int]) -> None:
    await ready(*running, within_s=60)
