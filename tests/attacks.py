"""A service's database role tries what is beyond its part, each with the error that must stop it, on a database as init prepares it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

import asyncpg

from deploy.init import InitSettings, prepare_database
from deploy.services import NAMES

DENIED = (asyncpg.InsufficientPrivilegeError, asyncpg.FeatureNotSupportedError)  # the latter: an extension the server does not have

# They are tried as monitor's role, in the database of all services.
FORBIDDEN = (
    # the others' data, roles and names
    "SELECT * FROM notifier.offsets",
    "INSERT INTO ticketing.offsets VALUES ('a', 'b', 0, 1)",
    "DO 'BEGIN LOCK TABLE ticketing.migrations IN ACCESS SHARE MODE; END'",
    "SELECT prefix FROM ticketing.channels",
    "UPDATE ticketing.relays SET pid = NULL",
    "SELECT ticketing.clock()",
    "CREATE TABLE notifier.mine (id int)",
    "CREATE TABLE public.mine (id int)",
    "CREATE FUNCTION pg_catalog.mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "CREATE TEMPORARY TABLE mine (id int)",
    "CREATE SCHEMA mine",
    "CREATE ROLE mine",
    "CREATE DATABASE mine",
    "DROP SCHEMA ticketing CASCADE",
    "SET ROLE forewarn_ticketing",
    "SET SESSION AUTHORIZATION forewarn_ticketing",
    "GRANT forewarn_ticketing TO forewarn_monitor",
    "ALTER ROLE forewarn_ticketing PASSWORD 'mine'",
    "ALTER ROLE forewarn_ticketing SET search_path TO monitor",
    "SELECT * FROM pg_authid",
    # its own limits
    "ALTER ROLE forewarn_monitor CONNECTION LIMIT -1",
    "ALTER ROLE forewarn_monitor SUPERUSER",
    "ALTER ROLE forewarn_monitor CREATEROLE",
    "SET temp_file_limit TO -1",
    "ALTER ROLE forewarn_monitor SET temp_file_limit TO -1",
    # what is one for all roles
    "SELECT pg_advisory_lock(1)",
    "SELECT pg_try_advisory_lock(hashtext('forewarn.relay.ticketing'))",
    "SELECT pg_advisory_xact_lock(1, 2)",
    "SELECT pg_try_advisory_xact_lock_shared(1)",
    "SELECT lo_create(0)",
    "SELECT lo_from_bytea(0, 'x')",
    "SELECT lo_import('/etc/passwd')",
    "SELECT loread(0, 1)",
    "SET lo_compat_privileges TO on",
    # the server and its machine
    "ALTER SYSTEM SET max_connections TO 1",
    "CHECKPOINT",
    "SELECT pg_reload_conf()",
    "SELECT pg_switch_wal()",
    "SELECT * FROM pg_hba_file_rules",
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'postgres'",
    "SELECT pg_read_file('/etc/passwd')",
    "SELECT pg_ls_dir('/')",
    "COPY (SELECT 1) TO PROGRAM 'true'",
    "COPY (SELECT 1) TO '/tmp/mine'",
    "CREATE TABLESPACE mine LOCATION '/tmp/mine'",
    "CREATE EXTENSION dblink",
    "CREATE EXTENSION pgcrypto",
    "CREATE FUNCTION mine() RETURNS int LANGUAGE c AS 'libc', 'getpid'",
    "CREATE EVENT TRIGGER mine ON ddl_command_start EXECUTE FUNCTION monitor.wake()",
    "CREATE PUBLICATION mine FOR ALL TABLES",
    "SELECT pg_create_logical_replication_slot('mine', 'pgoutput')",
    "SELECT pg_stat_reset()",
    "SET session_replication_role TO replica",
    "SET log_statement TO 'none'",
)


@asynccontextmanager
async def prepared_database(host: str, port: int, admin: str, password: str = "") -> AsyncIterator[InitSettings]:
    """Yields a database of its own that init has prepared twice, since the second time must be as good as the first; deleted at the end."""
    settings = InitSettings(
        environment="demo",
        database_host=host,
        database_port=port,
        database_name="init_" + uuid4().hex[:12],
        admin_user=admin,
        admin_password=password,
        **{f"{service}_password": f"s3cret-of-{service}" for service in NAMES},
    )
    await prepare_database(settings)
    await prepare_database(settings)
    yield settings
    connection = await connect(settings, admin, "postgres")
    await connection.execute(f'DROP DATABASE "{settings.database_name}" WITH (FORCE)')
    await connection.close()


async def connect(settings: InitSettings, user: str, database: str | None = None) -> asyncpg.Connection:
    """Returns a session of the administrator or of a service's role."""
    of_service = user.removeprefix("forewarn_")
    return await asyncpg.connect(
        host=settings.database_host,
        port=settings.database_port,
        user=user,
        password=settings.password_of(of_service) if of_service in NAMES else settings.admin_password.get_secret_value(),
        database=database or settings.database_name,
        timeout=10,
    )


async def allowed(session: asyncpg.Connection) -> list[str]:
    """Returns the statements of FORBIDDEN that nothing stopped, or something other than a missing right."""
    found = []
    for statement in FORBIDDEN:
        try:
            await session.execute(statement)
        except DENIED:
            continue
        except asyncpg.PostgresError as error:
            found.append(f"{statement}: {error!r}")
        else:
            found.append(statement)
    return found
