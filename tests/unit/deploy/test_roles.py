"""One role per service, each at home in its own schema and nowhere else (on a real Postgres)."""

import hmac
from base64 import b64decode
from collections.abc import AsyncIterator
from uuid import uuid4

import asyncpg
import pytest

from deploy import roles
from deploy.init import SERVICES, InitSettings, prepare_database

PASSWORDS = {f"{service}_password": f"s3cret-of-{service}" for service in SERVICES}


@pytest.fixture
async def prepared(postgres: dict[str, str]) -> AsyncIterator[InitSettings]:
    """A database that init has prepared twice: the second time must be as good as the first."""
    settings = InitSettings(
        environment="demo",
        database_host=postgres["host"],
        database_port=int(postgres["port"]),
        database_name="init_" + uuid4().hex[:12],
        admin_user=postgres["user"],
        **PASSWORDS,  # type: ignore[arg-type]
    )
    await prepare_database(settings)
    await prepare_database(settings)
    yield settings
    admin = await connect(settings, postgres["user"], "postgres")
    await admin.execute(f'DROP DATABASE "{settings.database_name}" WITH (FORCE)')
    await admin.close()


async def connect(settings: InitSettings, user: str, database: str | None = None) -> asyncpg.Connection:
    return await asyncpg.connect(
        host=settings.database_host, port=settings.database_port, user=user, database=database or settings.database_name
    )


async def test_a_service_finds_its_tables_without_naming_its_schema_and_may_write_and_make_more(prepared: InitSettings) -> None:
    for service in SERVICES:
        own = await connect(prepared, roles.role_of(service))
        assert await own.fetchval("SELECT current_schema()") == service
        await own.execute("INSERT INTO offsets (stream, topic, partition, next) VALUES ('a', 'b', 0, 1)")
        await own.execute("CREATE TABLE another (id int)")
        await own.close()


async def test_a_service_can_neither_read_nor_write_nor_make_anything_of_the_others(prepared: InitSettings) -> None:
    own = await connect(prepared, "forewarn_monitor")
    for forbidden in (
        "SELECT * FROM notifier.offsets",
        "INSERT INTO ticketing.offsets VALUES ('a', 'b', 0, 1)",
        "CREATE TABLE notifier.mine (id int)",
        "CREATE TABLE public.mine (id int)",
        "CREATE SCHEMA mine",
        "CREATE ROLE mine",
        "CREATE DATABASE mine",
        "SET ROLE forewarn_ticketing",
        "ALTER ROLE forewarn_ticketing PASSWORD 'mine'",
        "SELECT * FROM pg_authid",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await own.execute(forbidden)
    await own.close()


async def test_a_role_of_nobody_cannot_even_connect(prepared: InitSettings, postgres: dict[str, str]) -> None:
    admin = await connect(prepared, postgres["user"])
    stranger = "stranger_" + uuid4().hex[:8]
    await admin.execute(f"CREATE ROLE {stranger} LOGIN")
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="CONNECT"):
        await connect(prepared, stranger)
    await admin.execute(f"DROP ROLE {stranger}")
    await admin.close()


def test_the_verifier_proves_the_servers_side_of_rfc_7677s_example() -> None:
    salt, nonce = "W22ZaJ0SNY7soEsUEjb6gQ==", "rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
    conversation = f"n=user,r=rOprNGfwEbeRWgbNEkqO,r={nonce},s={salt},i=4096,c=biws,r={nonce}"
    verifier = roles.scram_verifier("pencil", b64decode(salt))
    server_key = b64decode(verifier.rpartition(":")[2])
    assert hmac.digest(server_key, conversation.encode(), "sha256") == b64decode("6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=")
    assert "pencil" not in verifier
