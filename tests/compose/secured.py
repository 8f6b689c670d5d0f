"""The stack on a company's own servers: a broker that only speaks SASL_SSL, a Postgres that demands TLS, connected by an .env alone.

The story is played, the broker's certificate is exchanged for one of another authority while the services run, and the story is
played again. Run as `python -m tests.compose.secured`, with nothing else on the stack's ports; prints one line of JSON.
"""

import asyncio
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg

from deploy.local.ports import free_port
from deploy.local.processes import ROOT
from deploy.services import NAMES
from shared.connecting.brokers import Brokers, Login, Mechanism, Unreachable
from shared.connecting.tls import Files
from tests.certificates import authority
from tests.compose.running import output
from tests.containers import KAFKA
from tests.e2e.shop import until
from tests.faults.scram import make_user
from tests.faults.secured import LOGIN, SECURED
from tests.faults.secured_postgres import lay_out

PROJECT = "forewarn-secured"
BROKER, DATABASE = "kafka.company.example", "postgres.company.example"
USER, PASSWORD, OTHERS = "forewarn", "c0mpany-kafka-4-forewarn", "c0mpany-kafka-4-others"
ADMIN = "c0mpany-postgres-4-admins"
STARTS_WITHIN = 120.0
ENVIRONMENT = f"""
COMPOSE_FILE=docker-compose.yml:deploy/compose/own-kafka.yml:deploy/compose/own-postgres.yml
FOREWARN_KAFKA={BROKER}:9094
FOREWARN_KAFKA_PREFIX=acme.
FOREWARN_KAFKA_SECURITY=sasl_ssl
FOREWARN_KAFKA_CA=/config/tls/kafka-ca.pem
FOREWARN_KAFKA_SASL=scram-sha-512
FOREWARN_KAFKA_USERNAME={USER}
FOREWARN_KAFKA_PASSWORD_FILE=/config/kafka-password
FOREWARN_DATABASE_HOST={DATABASE}
FOREWARN_DATABASE_TLS=verify-full
FOREWARN_DATABASE_CA=/config/tls/database-ca.pem
FOREWARN_ADMIN_PASSWORD_FILE=/config/database-admin-password
"""
# There are two listeners, both SASL_SSL; the plain one is the container's own loopback.
LISTENERS = {
    "KAFKA_LISTENERS": "SECURE://:9094,OTHERS://:9095,INTERNAL://localhost:19092,CONTROLLER://localhost:9093",
    "KAFKA_LISTENER_SECURITY_PROTOCOL_MAP": "SECURE:SASL_SSL,OTHERS:SASL_SSL,INTERNAL:PLAINTEXT,CONTROLLER:PLAINTEXT",
    "KAFKA_LISTENER_NAME_SECURE_SASL_ENABLED_MECHANISMS": "SCRAM-SHA-512",
    "KAFKA_LISTENER_NAME_OTHERS_SASL_ENABLED_MECHANISMS": "PLAIN",
    "KAFKA_LISTENER_NAME_OTHERS_PLAIN_SASL_JAAS_CONFIG": f'{LOGIN}.plain.PlainLoginModule required user_others="{OTHERS}";',
}


class Company:
    """The company's folder: what its servers read below `servers`, and what Forewarn is given below `config`."""

    def __init__(self, folder: Path) -> None:
        self.servers, self.config, self.env = folder / "servers", folder / "config", folder / ".env"
        (self.config / "tls").mkdir(parents=True)
        self.servers.mkdir()
        self.kafka_port, self.database_port = free_port(), free_port()
        self.env.write_text(f"FOREWARN_CONFIG={self.config}{ENVIRONMENT}")
        (self.config / "kafka-password").write_text(PASSWORD)
        (self.config / "database-admin-password").write_text(ADMIN)
        authority(self.servers, "clients")
        self.start_database = lay_out(self.servers, DATABASE, "localhost")
        shutil.copy(self.servers / "database-ca.pem", self.config / "tls" / "database-ca.pem")
        self.sign("first")
        shutil.copy(self.servers / "first.pem", self.trusted)

    @property
    def trusted(self) -> Path:
        return self.config / "tls" / "kafka-ca.pem"

    def sign(self, name: str) -> None:
        """Has a new authority sign the broker's certificate; the broker shows it after its next start."""
        shutil.copy(authority(self.servers, name).keystore("broker", BROKER, "localhost"), self.servers / "broker.p12")

    def others(self) -> Brokers:
        """Returns the broker as somebody else sees it, from this machine."""
        login = Login(Mechanism.PLAIN, "others", OTHERS)
        return Brokers(f"localhost:{self.kafka_port}", tls=Files(str(self.trusted)).context(), login=login)


async def compose(company: Company, *arguments: str) -> str:
    """Returns what `docker compose …` prints with the company's .env."""
    return await output("docker", "compose", "--project-name", PROJECT, "--env-file", str(company.env), *arguments)


@asynccontextmanager
async def servers(company: Company) -> AsyncIterator[None]:
    """Yields the broker and the database server, where the services reach them."""
    await compose(company, "up", "--no-start", "maildev")  # makes the network
    advertised = f"SECURE://{BROKER}:9094,OTHERS://localhost:{company.kafka_port},INTERNAL://localhost:19092"
    listening = {name: value for name, value in SECURED.items() if "_LISTENER" not in name}
    scram = {name: value for name, value in SECURED.items() if "SECURE_SCRAM___SHA___512" in name}
    environment = {**KAFKA, **listening, **scram, **LISTENERS, "KAFKA_ADVERTISED_LISTENERS": advertised}
    own = [f"--env={name}={value}" for name, value in environment.items()]
    try:
        await _run(company, BROKER, f"127.0.0.1:{company.kafka_port}:9095", *own, "apache/kafka:4.4.0")
        database = (
            f"127.0.0.1:{company.database_port}:5432",
            f"--env=POSTGRES_PASSWORD={ADMIN}",
            "postgres:17.11",
            *company.start_database,
        )
        await _run(company, DATABASE, *database)
        await until(lambda: _answers(company), "both servers answer", seconds=STARTS_WITHIN)
        await make_user(company.others(), USER, PASSWORD)
        yield
    finally:
        for name in (BROKER, DATABASE):
            await output("docker", "rm", "--force", "--volumes", name)


async def _run(company: Company, name: str, port: str, *arguments: str) -> None:
    place = ("--name", name, "--network", f"{PROJECT}_serving", "--network-alias", name, "--publish", port)
    await output("docker", "run", "--detach", *place, "--volume", f"{company.servers}:/etc/tls:ro", *arguments)


async def _answers(company: Company) -> bool:
    try:
        await company.others().knock()
        context = Files(str(company.config / "tls" / "database-ca.pem")).context()
        reached: dict[str, Any] = {"host": "localhost", "port": company.database_port, "ssl": context, "timeout": 5}
        await (await asyncpg.connect(**reached, user="postgres", password=ADMIN, database="postgres")).close()
    except (Unreachable, OSError, asyncpg.PostgresError):
        return False
    return True


async def story(company: Company) -> dict[str, Any]:
    """Plays the story, and returns its verdict."""
    said = await compose(company, "--profile", "demo", "run", "--rm", "demo")
    verdict: dict[str, Any] = json.loads(said.strip().splitlines()[-1])
    return verdict


async def exchange(company: Company) -> None:
    """Exchanges the certificate as docs/operations.md says: both authorities trusted, the new certificate shown, the old one removed."""
    first = company.trusted.read_bytes()
    company.sign("second")
    second = (company.servers / "second.pem").read_bytes()
    company.trusted.write_bytes(first + second)
    await output("docker", "restart", BROKER)
    await until(lambda: _answers(company), "the broker is back", seconds=STARTS_WITHIN)
    company.trusted.write_bytes(second)
    await until(lambda: _healthy(company), "every service is ready again", seconds=STARTS_WITHIN)


async def _healthy(company: Company) -> bool:
    """Says whether no service is unready: Docker asks /readyz by the image's HEALTHCHECK."""
    return all(each["Health"] == "healthy" for each in await _containers(company))


async def started_at(company: Company) -> list[str]:
    """Returns since when each service's process has run."""
    names = sorted(each["Name"] for each in await _containers(company))
    return (await output("docker", "inspect", "--format", "{{.Name}} {{.State.StartedAt}}", *names)).splitlines()


async def _containers(company: Company) -> list[dict[str, Any]]:
    said = await compose(company, "ps", "--format", "json", *NAMES)
    return [json.loads(line) for line in said.splitlines()]


async def played(company: Company) -> dict[str, Any]:
    """Returns what came of it all."""
    started = time.monotonic()
    await compose(company, "build", "--quiet")
    try:
        async with servers(company):
            await compose(company, "up", "--detach", "--wait")
            first, before = await story(company), await started_at(company)
            await exchange(company)
            second = await story(company)
            restarted = [line for line in await started_at(company) if line not in before]
            running = (await compose(company, "ps", "--services")).split()
    finally:
        await compose(company, "--profile", "*", "down", "--volumes", "--timeout", "5")
    assert not restarted, restarted
    assert not {"kafka", "postgres"} & set(running), running
    return {"story": first, "after_exchange": second, "restarted": len(restarted), "seconds": round(time.monotonic() - started)}


async def main() -> int:
    """Returns the exit code: 0 when both stories ended as they should."""
    folder = Path(tempfile.mkdtemp(prefix="company-", dir=os.environ.get("TMPDIR")))
    try:
        found = await played(Company(folder))
    except (TimeoutError, RuntimeError, AssertionError) as error:
        print(json.dumps({"secured": "fell short", "why": str(error)}))
        return 1
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print(json.dumps({"secured": "as it should be", **found}))
    return 0


if __name__ == "__main__":
    os.chdir(ROOT)
    sys.exit(asyncio.run(main()))
