"""Makes topics, roles and tables on real servers as the container `init` does, and the settings of the services that use them."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from deploy.local.processes import child, ended_well
from deploy.roles import role_of
from deploy.services import NAMES
from tests.containers import PASSWORD, Kafka, Postgres

NOTHING: Mapping[str, str] = MappingProxyType({})


async def prepared(kafka: Kafka, postgres: Postgres, database: str, folder: Path, own: Mapping[str, str] = NOTHING) -> dict[str, str]:
    """Runs `deploy.init` with the test's own settings too. Returns the settings that all services have in common."""
    common = {
        "FOREWARN_ENVIRONMENT": "demo",
        "FOREWARN_KAFKA": kafka.bootstrap,
        "FOREWARN_DATABASE_HOST": "localhost",
        "FOREWARN_DATABASE_PORT": str(postgres.port),
        "FOREWARN_DATABASE_NAME": database,
        **own,
    }
    passwords = {f"FOREWARN_{name.upper()}_PASSWORD": PASSWORD for name in ("admin", *NAMES)}
    async with child("deploy.init", environment=common | passwords, log=folder / "init.log") as init:
        await ended_well(init, 60)
    return common


def settings_of(service: str, common: Mapping[str, str]) -> dict[str, str]:
    """Returns a service's settings: those in common, and its role in the database."""
    return {**common, "FOREWARN_DATABASE_USER": role_of(service), "FOREWARN_DATABASE_PASSWORD": PASSWORD}
