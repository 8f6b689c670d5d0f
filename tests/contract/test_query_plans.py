"""No query grows with history: each named query is explained on large tables, and none may read one of them from end to end.

Where somebody looks for something, an index must lead there. What reads a whole index in its order may do so only until a LIMIT.
"""

import json
import re
from collections.abc import AsyncIterator, Iterator, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

import asyncpg
import pytest

from deploy.services import NAMES
from services.monitor.store import customers
from shared.erasing import ANSWERS, Personal
from shared.postgres import Queries
from tests.conftest import connect
from tests.contract.plans.parameters import PARAMETERS, SHARED
from tests.contract.plans.tables import FILL, GROWING, MECHANISMS

ROOT = Path(__file__).parents[2]
PERSONAL: dict[str, Sequence[Personal]] = {name: import_module(f"services.{name}.personal").PERSONAL for name in NAMES}
READ_WHOLE = {
    "tallies_naming": "fold_tallies",
    "moments_naming": "fold_moments",
}  # tables that one query reads from end to end, because the fold keeps them few
HELP = "tests/contract/plans/parameters.py"
SQL = re.compile(r"\s*(SELECT|INSERT|UPDATE|DELETE|WITH)\b")
SCANS = ("Seq Scan", "Index Scan", "Index Only Scan", "Bitmap Heap Scan", "Tid Range Scan")


class Named(NamedTuple):
    """One query, as a service runs it."""

    service: str
    name: str
    sql: str
    parameters: str | tuple[str, ...] | None

    def __str__(self) -> str:
        return f"{self.service}.{self.name}"


def _of_services() -> Iterator[Named]:
    for service in NAMES:
        for path in sorted((ROOT / "services" / service).rglob("*.sql")):
            if path.parent.name != "migrations":
                for name in re.findall(r"^-- name: (\w+)$", path.read_text(), re.MULTILINE):
                    yield Named(service, name, getattr(Queries(path), name), PARAMETERS[service].get(name))


def _of_shared() -> Iterator[Named]:
    """Yields whatever a module of shared/ holds that reads like SQL; ticketing's due rows are the most."""
    for path in sorted((ROOT / "shared").glob("*.py")):
        for name, value in vars(import_module(f"shared.{path.stem}")).items():
            if name.isupper() and isinstance(value, str) and SQL.match(value):
                yield Named("ticketing", f"{path.stem}.{name}", value, SHARED.get(path.stem, {}).get(name))


def _of_personal() -> Iterator[Named]:
    """Yields what is shown and erased of a customer."""
    for service in NAMES:
        held = (ANSWERS, *PERSONAL[service])
        for each in held:
            erase = [each.erase] if isinstance(each.erase, str) else []
            for sql in (each.export, *erase, *filter(None, [each.pending])):
                yield Named(service, f"personal.{each.name}: {sql.split()[0]}", sql, "'c-7919'")


NAMED = [*_of_services(), *_of_shared(), *_of_personal()]


def test_no_two_queries_of_a_service_have_one_name() -> None:
    names = [str(each) for each in _of_services()]
    assert sorted({name for name in names if names.count(name) > 1}) == [], "their parameters are found by their names"


@pytest.fixture(scope="module")
async def database(postgres: dict[str, str], template: str) -> AsyncIterator[asyncpg.Connection]:
    """Yields a database of its own with large tables in every schema."""
    name = "plans_" + uuid4().hex[:12]
    admin = await connect(postgres, postgres["database"])
    await admin.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
    connection = await connect({**postgres, "database": name}, name)
    for service in NAMES:
        await fill(connection, service)
    await connection.execute("VACUUM ANALYZE")
    yield connection
    await connection.close()
    await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await admin.close()


async def fill(connection: asyncpg.Connection, service: str) -> None:
    """Fills the tables without their indexes, which is several times faster, and makes those again."""
    await connection.execute(f"SET search_path TO {service}; SET session_replication_role = replica")
    indexes = await connection.fetch(
        "SELECT indexrelid::regclass::text AS name, pg_get_indexdef(indexrelid) AS definition FROM pg_index"
        " WHERE indrelid IN (SELECT oid FROM pg_class WHERE relnamespace = $1::regnamespace)"
        " AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid)",
        service,
    )
    for index in indexes:
        await connection.execute(f"DROP INDEX {index['name']}")
    await connection.execute(MECHANISMS)
    await connection.execute(FILL[service])
    await connection.execute("SET maintenance_work_mem = '256MB'")
    for index in indexes:
        await connection.execute(index["definition"])


@pytest.mark.slow
@pytest.mark.parametrize("query", NAMED, ids=str)
async def test_no_query_grows_with_history(database: asyncpg.Connection, query: Named) -> None:
    assert query.parameters is not None, f"{query} is new: say in {HELP} what it is to be explained with"
    if query.parameters == "-":
        return
    await database.execute(f"SET search_path TO {query.service}")
    partial = {
        row["name"] for row in await database.fetch("SELECT indexrelid::regclass::text AS name FROM pg_index WHERE indpred IS NOT NULL")
    }
    for parameters in [query.parameters] if isinstance(query.parameters, str) else query.parameters:
        plan = await explained(database, query, parameters)
        grown = list(reading_all(plan, GROWING[query.service] - read_whole(query.sql), partial))
        assert not grown, f"{query} with ({parameters}): {', '.join(grown)}\n{json.dumps(plan, indent=1)}"


def read_whole(sql: str) -> set[str]:
    """Returns the table that a query may read from end to end."""
    return {table for name, table in READ_WHOLE.items() if sql == getattr(customers.queries, name)}


async def explained(database: asyncpg.Connection, query: Named, parameters: str) -> dict[str, Any]:
    """Returns the plan for these values, as every statement is planned (`shared/postgres.py`)."""
    try:
        await database.execute(f"PREPARE explained AS {query.sql}")
        try:
            explain = f"EXPLAIN (FORMAT JSON) EXECUTE explained{f'({parameters})' if parameters else ''}"
            said = await database.fetchval(explain)
        finally:
            await database.execute("DEALLOCATE explained")
    except asyncpg.PostgresError as error:
        pytest.fail(f"{query} cannot be explained with ({parameters}): {error}; mend its line in {HELP}, or the tables beside it")
    plan: dict[str, Any] = json.loads(said)[0]["Plan"]
    return plan


def reading_all(plan: dict[str, Any], growing: set[str], partial: set[str], limited: bool = False) -> Iterator[str]:
    """Yields the scans that read a growing table, or an index of all of it, from end to end."""
    kind, table = plan["Node Type"], plan.get("Relation Name")
    limited = limited or kind == "Limit"
    if kind in SCANS and table in growing and (kind == "Seq Scan" or not (limited or _by_index(plan, partial))):
        yield f"{kind} on {table}"
    for below in plan.get("Plans", ()):
        # A LIMIT, or the end of a merge join's other side, stops what streams up to it; a sort or an aggregate in between reads everything.
        stops = (limited and kind not in ("Sort", "Aggregate", "Hash")) or plan["Total Cost"] < below["Total Cost"]
        yield from reading_all(below, growing, partial, stops)


def _by_index(plan: dict[str, Any], partial: set[str]) -> bool:
    """Says whether an index says which rows are read; a partial index may do so by what is in it."""
    if "Index Cond" in plan or plan.get("Index Name") in partial:
        return True
    return any(_by_index(each, partial) for each in plan.get("Plans", ()) if each["Node Type"].startswith("Bitmap"))


def test_every_table_that_history_fills_is_watched() -> None:
    """Queues live for moments, some tables have a row for each partition or topic, and what was put aside an operator deals with."""
    queues, of_partitions, put_aside = (
        {"outbox", "ticket_counts"},  # the latter has rows of tickets that are being worked on
        {"offsets", "brakes", "fold_accounts", "fold_clocks", "fold_forwarded", "fold_erasures", "reading", "rules_asked"},
        {"unpublished", "due_aside"},
    )
    of_minutes = {"entry_links", "provider_attempts", "awaited"}
    few = {"gate", "people", "figures", "letters", "ticket_counts"}  # the last has a row for each kind of open work
    few |= {"sources", "source_reasons"}  # a row for each source, and reason
    queues |= {"fold_moves"}
    few |= {"expected"}  # a row for each component that a rule on absence looks at
    few |= {"switches", "autonomy"}  # a row for each rule or channel
    few |= {"published_rules", "backtests"}  # the latest hundred, and the latest twenty
    few |= {"channel_brakes"}  # a row for each channel
    few |= {"outcomes"}  # of two days: a row for each minute, channel, outcome and reason
    bounded = queues | of_partitions | put_aside | of_minutes | few | {"migrations", "heard", "relays", "channels"}
    for service in NAMES:
        files = [*(ROOT / "shared/migrations").glob("*.sql"), *(ROOT / "services" / service / "migrations").glob("*.sql")]
        made = {name for path in files for name in re.findall(r"CREATE TABLE (?:IF NOT EXISTS )?(\w+)", path.read_text())}
        assert made - bounded <= GROWING[service], f"new in {service}: list it in GROWING and fill it, or say here why it does not grow"
