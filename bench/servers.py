"""What the benchmarks run against: real Kafka and Postgres, prepared as for production, and services as processes of their own."""

import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from shutil import copytree

import asyncpg

from deploy.local.processes import ROOT, Child, child, ended_well, free_port, ready
from deploy.services import NAMES
from tests.containers import PASSWORD, running_kafka, running_postgres


@dataclass(frozen=True)
class Servers:
    """Addresses, and a folder for configuration and logs."""

    bootstrap: str
    postgres_port: int
    folder: Path

    def environment(self, service: str, port: int) -> dict[str, str]:
        return {
            "FOREWARN_ENVIRONMENT": "demo",
            "FOREWARN_KAFKA": self.bootstrap,
            "FOREWARN_DATABASE_HOST": "localhost",
            "FOREWARN_DATABASE_PORT": str(self.postgres_port),
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
        return await asyncpg.connect(host="localhost", port=self.postgres_port, user="postgres", password=PASSWORD, database="forewarn")


@asynccontextmanager
async def servers() -> AsyncIterator[Servers]:
    """Kafka and Postgres with topics, roles and schemas, while the context lasts."""
    with tempfile.TemporaryDirectory(prefix="forewarn-bench-") as name:
        folder = _configured(Path(name))
        async with running_kafka(JAVA_TOOL_OPTIONS="") as kafka, running_postgres() as postgres:
            found = Servers(kafka.bootstrap, postgres.port, folder)
            passwords = {f"FOREWARN_{service.upper()}_PASSWORD": "bench" for service in NAMES}
            environment = found.environment("monitor", 0) | passwords | {"FOREWARN_ADMIN_PASSWORD": PASSWORD}
            async with child("deploy.init", environment=environment, log=folder / "init.log") as init:
                await ended_well(init, 60)
            yield found


def _configured(folder: Path) -> Path:
    """The shipped configuration with the benchmark's rules."""
    copytree(ROOT / "deploy/config", folder / "config")
    (folder / "config/rules.yml").write_bytes((ROOT / "bench/rules.yml").read_bytes())
    return folder


@asynccontextmanager
async def service(of: Servers, name: str, more: Mapping[str, str] | None = None) -> AsyncIterator[tuple[Child, int]]:
    """One service and its port, while the context lasts; it is not ready yet."""
    port = free_port()
    environment = of.environment(name, port) | dict(more or {})
    async with child(f"services.{name}", environment=environment, log=of.folder / f"{name}.log") as running:
        yield running, port


async def until_ready(running: tuple[Child, int]) -> None:
    await ready(*running, within_s=60)
