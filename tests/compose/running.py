"""The compose stack as somebody finds it on this machine: its addresses, tokens, logs and alerts, by the documented commands only."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote
from urllib.request import urlopen

from aiokafka import ConsumerRecord

from deploy.local.mailbox import MailDev
from deploy.local.processes import ROOT
from deploy.services import SERVICES
from tests.e2e.shop import Reached, Shop
from tests.topics import everything_in

KAFKA = "localhost:9092"
PORTS = {spec.name: spec.port for spec in SERVICES}
URLS = {service: f"http://localhost:{port}" for service, port in PORTS.items()}
ROLES = ("producer", "agent", "operator")
PROMETHEUS = "http://localhost:9090"


async def compose(*arguments: str, given: bytes = b"") -> str:
    """Returns what `docker compose …` prints when it is given that to read. Raises RuntimeError with its errors when it fails."""
    return await output("docker", "compose", *arguments, given=given)


async def forewarn(*arguments: str) -> str:
    """What the command line prints. Raises RuntimeError with its errors when it fails."""
    return await output(str(ROOT / ".venv/bin/forewarn"), *arguments)


async def output(*command: str, given: bytes = b"") -> str:
    """What the command prints, run in the current folder and given that to read. Raises RuntimeError with its errors when it fails."""
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, stdin=asyncio.subprocess.PIPE
    )
    out, err = await process.communicate(given)
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}:\n{out.decode()}\n{err.decode()}")
    return out.decode()


async def published(service: str, port: int, index: int = 1) -> str:
    """Where that port of a replica is on this machine."""
    return f"http://{(await compose('port', '--index', str(index), service, str(port))).strip()}"


@dataclass
class Running:
    """A compose stack with its observability profile."""

    tokens: dict[str, str]
    urls: Mapping[str, str] = field(default_factory=lambda: URLS)
    mailbox: MailDev = field(default_factory=lambda: MailDev("http://localhost:1080"))

    @classmethod
    async def found(cls) -> "Running":
        """The stack that runs. Raises RuntimeError when there is none."""
        tokens = {role: (await compose("exec", "-T", "monitor", "cat", f"/run/secrets/{role}_token")).strip() for role in ROLES}
        return cls(tokens, {spec.name: await published(spec.name, spec.port) for spec in SERVICES})

    @asynccontextmanager
    async def shop(self, name: str, customers: int = 20) -> AsyncIterator[Shop]:
        """A product on this stack."""
        async with Shop(self.reached(), name, customers) as opened:
            yield opened

    def reached(self) -> Reached:
        """Where a product finds it."""
        return Reached(KAFKA, self.urls, self.tokens, self.mailbox)

    async def firing(self) -> list[str]:
        """Returns the names of the alerts that fire now."""
        said = await asyncio.to_thread(_fetch, f"{PROMETHEUS}/api/v1/alerts")
        return sorted({each["labels"]["alertname"] for each in said["data"]["alerts"] if each["state"] == "firing"})

    async def logged(self, service: str, since: str) -> int:
        """Returns how many lines a service has logged since that moment (RFC 3339)."""
        return len((await compose("logs", "--no-color", "--no-log-prefix", "--since", since, service)).splitlines())

    async def letters(self, topic: str) -> list[ConsumerRecord]:
        """Returns the dead letters of a topic, as they are on the broker."""
        records = await everything_in(f"{topic}.dlq", KAFKA)
        return [record for record in records if any(name == "forewarn-reason" for name, _ in record.headers)]


async def asked(query: str) -> dict[tuple[str, ...], float]:
    """Returns what Prometheus says to a query, by the values of the labels it has, in the order of their names."""
    said = await asyncio.to_thread(_fetch, f"{PROMETHEUS}/api/v1/query?query={quote(query)}")
    found = said["data"]["result"]
    return {tuple(each["metric"][label] for label in sorted(each["metric"])): float(each["value"][1]) for each in found}


def _fetch(url: str) -> Any:
    with urlopen(url, timeout=5) as answer:  # noqa: S310  an address of ours
        return json.load(answer)
