"""Each service has a database role that can use its own schema and no other (on a real Postgres)."""

import asyncio
import hmac
import logging
import os
import tempfile
from base64 import b64decode
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest

from deploy import roles
from deploy.init import InitSettings, prepare_database
from deploy.local.postgres import Database as Server
from deploy.local.postgres import postgres as server
from deploy.services import NAMES
from tests.attacks import allowed, connect, prepared_database


@pytest.fixture(scope="module")
async def prepared(postgres: dict[str, str]) -> AsyncIterator[InitSettings]:
    async with prepared_database(postgres["host"], int(postgres["port"]), postgres["user"]) as settings:
        yield settings


async def test_a_service_finds_its_tables_without_naming_its_schema_and_may_write_and_make_more(prepared: InitSettings) -> None:
    for service in NAMES:
        own = await connect(prepared, roles.role_of(service))
        assert await own.fetchval("SELECT current_schema()") == service
        await own.execute("INSERT INTO offsets (stream, topic, partition, next) VALUES ('a', 'b', 0, 1)")
        await own.execute("CREATE TABLE another (id int)")
        await own.close()


async def test_a_role_can_do_nothing_beyond_its_part(prepared: InitSettings) -> None:
    own = await connect(prepared, "forewarn_monitor")
    assert await allowed(own) == []
    await own.close()


async def test_a_role_sees_no_query_of_another(prepared: InitSettings) -> None:
    own, other = await connect(prepared, "forewarn_monitor"), await connect(prepared, "forewarn_ticketing")
    await other.execute("SELECT 'words of a customer'")
    seen = await own.fetch("SELECT query, client_addr, backend_start FROM pg_stat_activity WHERE usename = 'forewarn_ticketing'")
    assert [tuple(row) for row in seen] == [("<insufficient privilege>", None, None)]
    await own.close()
    await other.close()


@pytest.mark.parametrize("database", ["postgres", "template1"])
async def test_a_role_enters_no_other_database(prepared: InitSettings, database: str) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="CONNECT"):
        await connect(prepared, "forewarn_monitor", database)


async def test_a_role_cannot_take_the_connections_of_the_others(prepared: InitSettings) -> None:
    assert prepared.connections == 2 * (prepared.database_pool + 4) + 2
    held = [await connect(prepared, "forewarn_monitor") for _ in range(prepared.connections)]
    with pytest.raises(asyncpg.TooManyConnectionsError):
        await connect(prepared, "forewarn_monitor")
    other = await connect(prepared, "forewarn_ticketing")
    await asyncio.gather(*(each.close() for each in [other, *held]))


async def test_what_a_role_may_write_to_temporary_files_ends(prepared: InitSettings) -> None:
    own = await connect(prepared, "forewarn_monitor")
    assert await own.fetchval("SHOW temp_file_limit") == roles.TEMPORARY_FILES
    await own.close()


async def test_a_role_of_nobody_cannot_even_connect_and_keeps_the_other_databases_that_it_could_enter(
    prepared: InitSettings, postgres: dict[str, str]
) -> None:
    admin = await connect(prepared, postgres["user"])
    stranger = "stranger_" + uuid4().hex[:8]
    await admin.execute(f"CREATE ROLE {stranger} LOGIN")
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="CONNECT"):
        await connect(prepared, stranger)
    await admin.execute("GRANT CONNECT ON DATABASE postgres TO PUBLIC")
    await roles.close_to_the_public(admin, prepared.database_name, NAMES, ["postgres"])
    await (await connect(prepared, stranger, "postgres")).close()
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="CONNECT"):
        await connect(prepared, "forewarn_monitor", "postgres")
    await admin.execute(f"REVOKE ALL ON DATABASE postgres FROM {stranger}")
    await admin.execute(f"DROP ROLE {stranger}")
    await admin.close()


async def test_a_stack_of_a_version_before_is_closed_when_init_runs_again(prepared: InitSettings, postgres: dict[str, str]) -> None:
    """Earlier versions gave everybody advisory locks and large objects, and a role any number of connections."""
    admin = await connect(prepared, postgres["user"])
    await admin.execute("GRANT EXECUTE ON FUNCTION pg_advisory_lock(bigint), lo_create(oid) TO PUBLIC")
    await admin.execute("ALTER ROLE forewarn_monitor CONNECTION LIMIT -1 CREATEDB; ALTER ROLE forewarn_monitor RESET temp_file_limit")
    assert len(await roles.left_open(admin, prepared.database_name, NAMES)) >= 2
    await prepare_database(prepared)
    of_the_server = ("connect to database", "raise its max_connections")  # other tests' databases, and a smaller server than is shipped
    left = await roles.left_open(admin, prepared.database_name, NAMES)
    assert [said for said in left if not any(each in said for each in of_the_server)] == []
    own = await connect(prepared, "forewarn_monitor")
    assert await allowed(own) == []
    await own.close()
    await admin.close()


@pytest.fixture
async def managed() -> AsyncIterator[Server]:
    """Yields a server whose administrator is no superuser, as a provider gives it."""
    with tempfile.TemporaryDirectory(prefix="forewarn-test-") as folder:
        os.chmod(folder, 0o755)  # noqa: S103  Postgres refuses to run as root, and looks in as somebody else
        async with server(Path(folder) / "postgres") as found:
            superuser = await asyncpg.connect(host=found.host, port=found.port, user="postgres", database="postgres")
            await superuser.execute("CREATE ROLE provider LOGIN CREATEROLE CREATEDB")
            await superuser.close()
            yield found


async def test_without_a_superuser_init_does_what_it_may_and_says_what_is_left_open(
    managed: Server, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING, "deploy.init")
    async with prepared_database(managed.host, managed.port, "provider") as settings:
        said = "\n".join(caplog.messages)
        for left in (
            "connect to database postgres",
            "connect to database template1",
            "advisory locks",
            "forewarn_monitor may write temporary",
        ):
            assert left in said
        own = await connect(settings, "forewarn_monitor")
        assert await own.fetchval("SELECT rolconnlimit FROM pg_roles WHERE rolname = current_user") == settings.connections
        assert {statement.split("(")[0] for statement in await allowed(own)} <= {
            "SELECT pg_advisory_lock",
            "SELECT pg_try_advisory_lock",
            "SELECT pg_advisory_xact_lock",
            "SELECT pg_try_advisory_xact_lock_shared",
            "SELECT lo_create",
            "SELECT lo_from_bytea",
            "SELECT loread",
        }
        await own.close()


def test_the_verifier_proves_the_servers_side_of_rfc_7677s_example() -> None:
    salt, nonce = "W22ZaJ0SNY7soEsUEjb6gQ==", "rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
    conversation = f"n=user,r=rOprNGfwEbeRWgbNEkqO,r={nonce},s={salt},i=4096,c=biws,r={nonce}"
    verifier = roles.scram_verifier("pencil", b64decode(salt))
    server_key = b64decode(verifier.rpartition(":")[2])
    assert hmac.digest(server_key, conversation.encode(), "sha256") == b64decode("6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=")
    assert "pencil" not in verifier
