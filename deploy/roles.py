"""Makes the database, one role per service, and for each role one schema: its own, and the only thing it can touch.

Run by an administrator: a superuser, or on a managed server a role with CREATEROLE and CREATEDB, which cannot close everything.
Running again changes nothing but the passwords and limits, to what they are now.
"""

import hashlib
import hmac
import secrets
from base64 import b64encode
from collections.abc import Sequence
from contextlib import suppress

import asyncpg

TEMPORARY_FILES = "1GB"  # of one session, on disk: what its sorts and joins do not hold in memory
POWERS = {
    "rolsuper": "SUPERUSER",
    "rolcreatedb": "CREATEDB",
    "rolcreaterole": "CREATEROLE",
    "rolreplication": "REPLICATION",
    "rolbypassrls": "BYPASSRLS",
}

# Advisory locks are one space for all roles of a database, and fill the server's lock table; large objects belong to no schema.
# Unlocking stays: asyncpg does it whenever a connection goes back to its pool.
FUNCTIONS = r"""SELECT oid::regprocedure::text AS name FROM pg_proc
    WHERE pronamespace = 'pg_catalog'::regnamespace AND has_function_privilege('public', oid, 'EXECUTE')
    AND (proname ~ '^(lo_|pg_(try_)?advisory_(xact_)?lock)' OR proname IN ('loread', 'lowrite'))"""
# This finds the databases that every role may enter.
ENTERED_BY_ALL = """SELECT datname FROM pg_database
    WHERE datallowconn AND datname <> $1 AND has_database_privilege('public', oid, 'CONNECT') ORDER BY datname"""
OTHER_ROLES = "SELECT rolname FROM pg_roles WHERE rolcanlogin AND NOT rolsuper AND rolname <> ALL ($1::text[])"
LIMITED = """SELECT true FROM pg_db_role_setting JOIN pg_roles ON pg_roles.oid = setrole AND setdatabase = 0, unnest(setconfig) AS setting
    WHERE rolname = $1 AND setting LIKE 'temp_file_limit=%'"""
SLOTS = """SELECT current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int
        - coalesce(current_setting('reserved_connections', true)::int, 0) AS slots,
    (SELECT sum(rolconnlimit) FROM pg_roles WHERE rolname = ANY ($1::text[])) AS taken"""


def role_of(service: str) -> str:
    return f"forewarn_{service}"


async def create_database(admin: asyncpg.Connection, name: str) -> bool:
    """Creates the database, in UTF-8; false when it is there already."""
    if await admin.fetchval("SELECT true FROM pg_database WHERE datname = $1", name):
        return False
    await admin.execute(f"CREATE DATABASE \"{name}\" TEMPLATE template0 ENCODING 'UTF8'")
    return True


async def close_to_the_public(admin: asyncpg.Connection, database: str, services: Sequence[str], others: Sequence[str]) -> None:
    """Takes away what Postgres gives to every role: to connect to this database, to look into `public`, advisory locks, large objects.

    `others`: databases of the server that not everybody may enter any more; login roles that exist, but for those of the services,
    keep the right.
    What the administrator may not change stays as it is: `left_open` says so.
    """
    await admin.execute(f'REVOKE ALL ON DATABASE "{database}" FROM PUBLIC')
    await admin.execute("REVOKE ALL ON SCHEMA public FROM PUBLIC")
    if functions := [row["name"] for row in await admin.fetch(FUNCTIONS)]:
        await admin.execute(f"REVOKE ALL ON FUNCTION {', '.join(functions)} FROM PUBLIC")
    for [other] in await admin.fetch(ENTERED_BY_ALL, database):
        if other in others:
            await _close_another(admin, other, services)


async def _close_another(admin: asyncpg.Connection, database: str, services: Sequence[str]) -> None:
    async with admin.transaction():
        for [role] in await admin.fetch(OTHER_ROLES, [role_of(service) for service in services]):
            await admin.execute(f"GRANT CONNECT, TEMPORARY ON DATABASE {_quoted(database)} TO {_quoted(role)}")
        await admin.execute(f"REVOKE ALL ON DATABASE {_quoted(database)} FROM PUBLIC")


async def provide(
    admin: asyncpg.Connection, database: str, service: str, password: str, connections: int, beside: Sequence[str] = ()
) -> None:
    """Makes the service's role with this password and at most so many connections, its schema, and those it has `beside`."""
    role = role_of(service)
    if not await admin.fetchval("SELECT true FROM pg_roles WHERE rolname = $1", role):
        await admin.execute(f"CREATE ROLE {role}")
    await admin.execute(f"ALTER ROLE {role} LOGIN CONNECTION LIMIT {connections} PASSWORD '{scram_verifier(password)}'")
    [held] = await admin.fetch("SELECT * FROM pg_roles WHERE rolname = $1", role)
    if taken := [f"NO{power}" for column, power in POWERS.items() if held[column]]:
        await admin.execute(f"ALTER ROLE {role} {' '.join(taken)}")
    if not await admin.fetchval("SELECT rolsuper FROM pg_roles WHERE rolname = current_user"):
        await admin.execute(f"GRANT {role} TO CURRENT_USER")  # else it may not make a schema for another
    await admin.execute(f'GRANT CONNECT ON DATABASE "{database}" TO {role}')
    for schema in (service, *beside):
        await admin.execute(f"CREATE SCHEMA IF NOT EXISTS {schema} AUTHORIZATION {role}")
    await admin.execute(f'ALTER ROLE {role} IN DATABASE "{database}" SET search_path TO {service}')
    with suppress(asyncpg.InsufficientPrivilegeError):  # `left_open` says that it is missing
        await admin.execute(f"ALTER ROLE {role} SET temp_file_limit TO '{TEMPORARY_FILES}'")


async def left_open(admin: asyncpg.Connection, database: str, services: Sequence[str]) -> list[str]:
    """Returns a sentence for everything that the roles of these services can still do beside their work, for whatever reason."""
    found = [
        f"everybody may connect to database {other}: REVOKE ALL ON DATABASE {_quoted(other)} FROM PUBLIC"
        for [other] in await admin.fetch(ENTERED_BY_ALL, database)
    ]
    if functions := await admin.fetch(FUNCTIONS):
        found.append(f"everybody may take advisory locks or make large objects in database {database}, by {len(functions)} functions")
    if await admin.fetchval("SELECT has_schema_privilege('public', 'public', 'USAGE')"):
        found.append(f"everybody may look into schema public of database {database}")
    for role in map(role_of, services):
        if not await admin.fetchval(LIMITED, role):
            found.append(f"{role} may write temporary files without limit: ALTER ROLE {role} SET temp_file_limit TO '{TEMPORARY_FILES}'")
    [(slots, taken)] = await admin.fetch(SLOTS, [role_of(service) for service in services])
    if taken > slots:
        found.append(f"the roles may hold {taken} connections, and the server has {slots} for all: raise its max_connections")
    return found


def _quoted(name: str) -> str:
    return '"{}"'.format(name.replace('"', '""'))


def scram_verifier(password: str, salt: bytes | None = None, iterations: int = 4096) -> str:
    """Returns what Postgres stores for a password (RFC 5803). It is sent in the password's place, so that no server log ever holds that."""
    salt = salt or secrets.token_bytes(16)
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, iterations)
    client_key = hmac.digest(salted, b"Client Key", "sha256")
    server_key = hmac.digest(salted, b"Server Key", "sha256")
    parts = (b64encode(part).decode() for part in (salt, hashlib.sha256(client_key).digest(), server_key))
    return "SCRAM-SHA-256${}:{}${}:{}".format(iterations, *parts)
