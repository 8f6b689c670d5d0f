"""Prepares Kafka and Postgres for the services, then ends: topics, database, roles, schemas, migrations.

Run before the services of every version; running it again is safe. It waits for a broker or a database that is not
there yet, and says so.
"""

import asyncio
import logging
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import asyncpg
from pydantic import Field, SecretStr, create_model

from deploy import roles, topics
from deploy.services import NAMES, SERVICES
from services.monitor.sources.file import SourcesFile
from shared.configuration.files import ConfigError, file_of, load_if_there
from shared.connecting.brokers import brokers_of
from shared.observing import logs
from shared.postgres import BESIDE_POOL, migrate, patiently, server_of
from shared.settings import Settings

ROOT = Path(__file__).parent.parent
SPARE = 2  # connections of a role beside those of its processes

log = logging.getLogger("deploy.init")


if TYPE_CHECKING:  # a type checker cannot follow fields that are made from a list
    Passwords = Settings
else:
    Passwords = create_model(
        "Passwords",
        __base__=Settings,
        **{
            spec.password: (SecretStr, Field(SecretStr(""), description=f"what the password of {spec.name}'s role is set to"))
            for spec in SERVICES
        },
    )


class InitSettings(Passwords):
    """Init reads these beside the address of Kafka and of the database; for each service the password of its role."""

    init_topics: bool = Field(True, description="false for a broker that makes its topics by itself")
    init_replicas: int = Field(2, ge=1, description="processes of one service connected at once, those being replaced too")
    init_close_databases: str = Field("postgres,template1", description="other databases that not everybody may connect to any more")
    admin_user: str = Field("postgres", description="a superuser of the database server, or a role with CREATEROLE and CREATEDB")
    admin_password: SecretStr = Field(SecretStr(""), description="of that role")

    @classmethod
    def required_secrets(cls) -> frozenset[str]:
        return frozenset({"admin_password", *(spec.password for spec in SERVICES)})

    @property
    def connections(self) -> int:
        """Returns how many connections one service's role may have: some for each replica, and a few for migrations and ending sessions."""
        return self.init_replicas * (self.database_pool + BESIDE_POOL) + SPARE

    def password_of(self, service: str) -> str:
        password: SecretStr = getattr(self, f"{service}_password")
        return password.get_secret_value()


async def prepare_kafka(settings: InitSettings) -> None:
    sources = load_if_there(file_of("sources.yml", settings.config_folders), SourcesFile)
    file = file_of(topics.FILE.name, (*settings.config_folders[:-1], topics.FILE.parent))
    wanted = topics.read(file, [each.topic for each in sources.sources])
    brokers = brokers_of(settings)

    async def agree() -> None:
        for sentence in await topics.agree(brokers, wanted):
            log.info(sentence)

    await patiently(f"Kafka at {settings.kafka}", agree)


async def prepare_database(settings: InitSettings) -> None:
    await patiently(f"the database at {settings.database_host}:{settings.database_port}", lambda: _create_if_missing(settings))
    admin = await connect(settings, settings.admin_user, settings.admin_password.get_secret_value())
    try:
        database, others = settings.database_name, [name.strip() for name in settings.init_close_databases.split(",")]
        await roles.close_to_the_public(admin, database, NAMES, others)
        for spec in SERVICES:
            await roles.provide(admin, database, spec.name, settings.password_of(spec.name), settings.connections, spec.beside)
        for sentence in await roles.left_open(admin, database, NAMES):
            log.warning("left open: %s", sentence)
    finally:
        await admin.close()
    for service in NAMES:
        await migrate_as_itself(settings, service)


async def migrate_as_itself(settings: InitSettings, service: str) -> None:
    """Applies the service's migrations as its own role: the role owns what they make, and its password is proved to work."""
    connection = await connect(settings, roles.role_of(service), settings.password_of(service))
    try:
        for name in await migrate(connection, service, [ROOT / "shared" / "migrations", ROOT / "services" / service / "migrations"]):
            log.info("schema %s: applied %s", service, name)
    finally:
        await connection.close()


async def _create_if_missing(settings: InitSettings) -> None:
    admin = await connect(settings, settings.admin_user, settings.admin_password.get_secret_value(), "postgres")
    try:
        if await roles.create_database(admin, settings.database_name):
            log.info("database %s: created", settings.database_name)
    finally:
        await admin.close()


async def connect(settings: InitSettings, user: str, password: str, database: str | None = None) -> asyncpg.Connection:
    """Opens a session of that role, in Forewarn's database or another of the server."""
    return await asyncpg.connect(**server_of(settings), database=database or settings.database_name, user=user, password=password)


async def main(settings: InitSettings) -> None:
    await prepare_database(settings)
    if settings.init_topics:
        await prepare_kafka(settings)
    log.info("topics, roles, schemas and migrations are as they should be")


if __name__ == "__main__":
    logs.configure("%(message)s")
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # init itself logs what it waits for
    try:
        asyncio.run(main(InitSettings()))
    except ConfigError as error:
        sys.exit(str(error))
