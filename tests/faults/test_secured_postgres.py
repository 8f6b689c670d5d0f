"""A Postgres that demands TLS works by settings alone: for `init`, for a service's pool, and for the connections beside it."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from deploy.init import InitSettings, prepare_database
from deploy.services import SERVICES
from services.monitor.settings import MonitorSettings
from shared.observing.measuring import OwnConnection
from shared.postgres import Database, server_of
from tests.certificates import authority
from tests.containers import PASSWORD
from tests.faults.secured_postgres import SecuredPostgres, running_secured_postgres

SERVICES_PASSWORD = "pw9f2c-of-a-service"


@pytest.fixture(scope="module")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[SecuredPostgres]:
    folder = tmp_path_factory.mktemp("tls")
    folder.chmod(0o755)
    async with running_secured_postgres(folder, clients="verify-ca") as running:
        yield running


def given(server: SecuredPostgres, **other: Any) -> dict[str, Any]:
    own = {"database_certificate": str(server.folder / "clients-admin.pem"), "database_key": str(server.folder / "clients-admin.key")}
    usual = {"database_tls": "verify-full", "database_ca": str(server.trusted), "database_host": "localhost", "database_port": server.port}
    return {"environment": "demo", **usual, **own, **other}


async def test_init_and_a_service_connect_by_tls_and_are_verified(server: SecuredPostgres) -> None:
    passwords = {spec.password: SERVICES_PASSWORD for spec in SERVICES}
    await asyncio.wait_for(prepare_database(InitSettings(**given(server, admin_password=PASSWORD, **passwords))), 60)
    settings = MonitorSettings(**given(server, database_user="forewarn_monitor", database_password=SERVICES_PASSWORD))
    database = Database(settings, "monitor")
    await asyncio.wait_for(database.open(), 10)
    own = OwnConnection(database)
    try:
        query = "SELECT ssl, version FROM pg_stat_ssl WHERE pid = pg_backend_pid()"
        async with database.transaction() as tx:
            assert await tx.fetchval(query)
        [beside] = await own.fetch(query)
        assert beside["ssl"]
    finally:
        own.close()
        await database.close()


async def test_who_does_not_fit_the_servers_certificate_or_shows_none_is_not_let_in(server: SecuredPostgres, tmp_path: Path) -> None:
    strange = str(authority(tmp_path, "strange").ca)
    none: dict[str, str] = {"database_ca": "", "database_certificate": "", "database_key": ""}
    wrong: list[tuple[dict[str, Any], type[Exception]]] = [
        ({"database_ca": strange}, ssl.SSLCertVerificationError),
        ({"database_ca": strange, "database_tls": "verify-ca"}, ssl.SSLCertVerificationError),
        ({"database_host": "127.0.0.1"}, ssl.SSLCertVerificationError),  # the certificate is for `localhost`
        ({"database_tls": "disable", **none}, asyncpg.InvalidAuthorizationSpecificationError),  # the server has no rule for such
        ({"database_tls": "require", **none}, Exception),  # it wants a certificate of ours
    ]
    for other, error in wrong:
        with pytest.raises(error):
            await reached(server, **other)
    assert await reached(server)
    assert await reached(server, database_host="127.0.0.1", database_tls="verify-ca")  # who signed it counts, and for whom does not


async def reached(server: SecuredPostgres, **other: Any) -> bool:
    settings = InitSettings(**given(server, **other))
    connection = await asyncpg.connect(**server_of(settings), user="postgres", password=PASSWORD, database="postgres")
    try:
        return bool(await connection.fetchval("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"))
    finally:
        await connection.close()
