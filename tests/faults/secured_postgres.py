"""A Postgres as companies run one: it accepts no connection without TLS, and an authority of its own signed its certificate."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
from testcontainers.core.container import DockerContainer

from deploy.local.ports import free_port
from shared.connecting.tls import Files
from tests.certificates import Authority, authority
from tests.containers import PASSWORD, Postgres, publish, running

RULES = "local all all trust\nhostssl all all all scram-sha-256 clientcert={clients}\n"
# The server wants a key that is its own and that nobody else reads.
START = (
    "install -o postgres -m 600 /etc/tls/database.key /tmp/database.key && exec docker-entrypoint.sh postgres -c ssl=on"
    " -c ssl_cert_file=/etc/tls/database.pem -c ssl_key_file=/tmp/database.key -c ssl_ca_file=/etc/tls/clients.pem"
    " -c hba_file=/etc/tls/pg_hba.conf"
)


@dataclass
class SecuredPostgres(Postgres):
    """The server, in whose folder everything lies; `trusted` is the file by which clients know it."""

    folder: Path = Path()
    clients: Authority = field(init=False)  # signs the certificates of those who connect

    def __post_init__(self) -> None:
        self.clients = authority(self.folder, "clients")

    @property
    def trusted(self) -> Path:
        return self.folder / "database-ca.pem"

    async def connect(self, database: str = "postgres") -> asyncpg.Connection:
        own = {"certificate": str(self.folder / "clients-admin.pem"), "key": str(self.folder / "clients-admin.key")}
        context = Files(str(self.trusted), **own).context()
        reached: dict[str, Any] = {"host": "localhost", "port": self.port, "user": "postgres", "password": PASSWORD, "ssl": context}
        return await asyncpg.connect(**reached, database=database, timeout=5)


def lay_out(folder: Path, *hosts: str, clients: str = "no-verify") -> list[str]:
    """Writes what the server reads from its folder, which must have clients.pem; returns the command that starts it.

    `clients`: what it asks of their certificates, as pg_hba.conf says it (`no-verify`, `verify-ca`).
    """
    signing = authority(folder, "database-ca")
    for made, name in zip(signing.sign("server", *hosts), ("database.pem", "database.key"), strict=True):
        made.rename(folder / name)
    rules = RULES.format(clients=clients) if clients != "no-verify" else RULES.replace(" clientcert={clients}", "")
    (folder / "pg_hba.conf").write_text(rules)
    return ["bash", "-c", START]


@asynccontextmanager
async def running_secured_postgres(folder: Path, clients: str = "no-verify") -> AsyncIterator[SecuredPostgres]:
    """Yields the server while the context lasts."""
    port = free_port()
    container = DockerContainer("postgres:17.11").with_env("POSTGRES_PASSWORD", PASSWORD)
    server = SecuredPostgres(container, port, folder)
    server.clients.sign("admin")
    container.with_volume_mapping(str(folder), "/etc/tls", "ro")
    container.with_command(lay_out(folder, "localhost", clients=clients))
    publish(container, 5432, port)
    async with running(server):
        yield server
