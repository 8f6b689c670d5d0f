"""The database, one role per service, and for each role one schema: its own, and the only thing it can touch.

Run by an administrator (a superuser); running again changes nothing but the passwords, to what they are now.
"""

import hashlib
import hmac
import secrets
from base64 import b64encode

import asyncpg


def role_of(service: str) -> str:
    return f"forewarn_{service}"


async def create_database(admin: asyncpg.Connection, name: str) -> bool:
    """Creates the database, in UTF-8; false when it is there already."""
    if await admin.fetchval("SELECT true FROM pg_database WHERE datname = $1", name):
        return False
    await admin.execute(f"CREATE DATABASE \"{name}\" TEMPLATE template0 ENCODING 'UTF8'")
    return True


async def close_to_the_public(admin: asyncpg.Connection, database: str) -> None:
    """Takes away what Postgres gives to every role: to connect to this database, and to look into `public`."""
    await admin.execute(f'REVOKE ALL ON DATABASE "{database}" FROM PUBLIC')
    await admin.execute("REVOKE ALL ON SCHEMA public FROM PUBLIC")


async def provide(admin: asyncpg.Connection, database: str, service: str, password: str) -> None:
    """The service's role with this password, and its schema."""
    role = role_of(service)
    if not await admin.fetchval("SELECT true FROM pg_roles WHERE rolname = $1", role):
        await admin.execute(f"CREATE ROLE {role}")
    await admin.execute(
        f"ALTER ROLE {role} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS PASSWORD '{scram_verifier(password)}'"
    )
    await admin.execute(f'GRANT CONNECT ON DATABASE "{database}" TO {role}')
    await admin.execute(f"CREATE SCHEMA IF NOT EXISTS {service} AUTHORIZATION {role}")
    await admin.execute(f'ALTER ROLE {role} IN DATABASE "{database}" SET search_path TO {service}')


def scram_verifier(password: str, salt: bytes | None = None, iterations: int = 4096) -> str:
    """What Postgres stores for a password (RFC 5803). Sent in its place, so that no server log ever holds the password."""
    salt = salt or secrets.token_bytes(16)
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, iterations)
    client_key = hmac.digest(salted, b"Client Key", "sha256")
    server_key = hmac.digest(salted, b"Server Key", "sha256")
    parts = (b64encode(part).decode() for part in (salt, hashlib.sha256(client_key).digest(), server_key))
    return "SCRAM-SHA-256${}:{}${}:{}".format(iterations, *parts)
