"""The second set of tables: made like the first in a schema of its own, filled by the same handlers, and put in the first one's place.

The handlers name tables without a schema, so the search path decides which set they fill; triggers call the same functions. A rebuild
that is killed leaves its tables behind, which nothing reads; the next one drops them.
"""

import re
from uuid import UUID

import asyncpg

from shared.postgres import Tx

SERVING, FILLED = "console", "console_rebuild"  # schemas
_on_a_table = re.compile(r"\bON (?:ONLY )?(?:\w+\.)?(\w+)").sub
MODEL = (
    "customers",
    "incidents",
    "impact",
    "notifications",
    "tickets",
    "messages",
    "suggestions",
    "risks",
    "candidates",
    "timeline",
    "moments",
    "ticket_counts",
    "deliveries",
)

HAS_SCHEMA = "SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = $1)"
LEFT = "SELECT tablename FROM pg_tables WHERE schemaname = $1"
COLUMNS = "INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING GENERATED INCLUDING STORAGE INCLUDING COMMENTS"
CONSTRAINTS = """SELECT conname AS name, pg_get_constraintdef(oid) AS definition FROM pg_constraint
    WHERE conrelid = $1::regclass AND contype IN ('p', 'u') ORDER BY conname"""
INDEXES = """SELECT pg_get_indexdef(indexrelid) AS definition FROM pg_index
    WHERE indrelid = $1::regclass AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid) ORDER BY indexrelid"""
TRIGGERS = "SELECT pg_get_triggerdef(oid) AS definition FROM pg_trigger WHERE tgrelid = $1::regclass AND NOT tgisinternal ORDER BY oid"
# What the handlers write or ask beside the model: this set has a gate of its own, nobody waits for its changes, and whom it is to
# erase it learns from the topic, as the first set did.
BESIDE = """
    CREATE TABLE console_rebuild.gate AS SELECT * FROM console.gate;
    CREATE TABLE console_rebuild.changes (key text);
    CREATE RULE silent AS ON INSERT TO console_rebuild.changes DO INSTEAD NOTHING;
    CREATE TABLE console_rebuild.erasures (LIKE console.erasures INCLUDING ALL);
    INSERT INTO console_rebuild.erasures SELECT * FROM console.erasures;
    CREATE TABLE console_rebuild.run (id uuid PRIMARY KEY)"""
BEGUN = "INSERT INTO console_rebuild.run VALUES ($1)"
OURS = f"SELECT EXISTS (SELECT FROM {FILLED}.run WHERE id = $1 FOR SHARE)"  # noqa: S608


class NoSchema(Exception):
    """The schema of rebuilds is not there: run `python -m deploy.init`."""


class Overtaken(Exception):
    """Another rebuild has begun since, and has dropped what this one had filled."""


async def prepare(tx: Tx, run: UUID) -> None:
    """Makes an empty second set of tables for this run, whatever an earlier run left. Raises NoSchema."""
    await _provide_schema(tx)
    for row in await tx.fetch(LEFT, FILLED):
        await tx.execute(f"DROP TABLE {FILLED}.{row['tablename']} CASCADE")
    for table in MODEL:
        await _copy(tx, table)
    await tx.execute(BESIDE)
    await tx.execute(BEGUN, run)


async def _provide_schema(tx: Tx) -> None:
    if not await tx.fetchval(HAS_SCHEMA, FILLED):
        try:
            await tx.execute(f"CREATE SCHEMA {FILLED}")
        except asyncpg.InsufficientPrivilegeError:
            raise NoSchema(NoSchema.__doc__) from None


async def _copy(tx: Tx, table: str) -> None:
    """Makes an empty table like the one that serves, with constraints, indexes and triggers of the same names."""
    serving = f"{SERVING}.{table}"
    await tx.execute(f"CREATE TABLE {FILLED}.{table} (LIKE {serving} {COLUMNS})")
    for row in await tx.fetch(CONSTRAINTS, serving):
        await tx.execute(f"ALTER TABLE {FILLED}.{table} ADD CONSTRAINT {row['name']} {row['definition']}")
    for row in [*await tx.fetch(INDEXES, serving), *await tx.fetch(TRIGGERS, serving)]:
        await tx.execute(_on_the_copy(row["definition"], table))


def _on_the_copy(definition: str, table: str) -> str:
    """Returns the definition of an index or a trigger, on the copy of its table. Pure."""
    return _on_a_table(lambda found: f"ON {FILLED}.{table}" if found[1] == table else found[0], definition, count=1)


async def still_ours(tx: Tx, run: UUID) -> None:
    """Returns when the second set is this run's, and keeps it so until `tx` ends. Raises Overtaken."""
    if not await tx.fetchval(OURS, run):
        raise Overtaken(Overtaken.__doc__)


async def swap(tx: Tx) -> None:
    """Puts the second set in the place of the first, which is dropped. Whoever reads a table is waited for."""
    every = ", ".join(f"{SERVING}.{table}" for table in MODEL)
    await tx.execute(f"LOCK TABLE {every} IN ACCESS EXCLUSIVE MODE")
    for table in MODEL:
        await tx.execute(f"DROP TABLE {SERVING}.{table}; ALTER TABLE {FILLED}.{table} SET SCHEMA {SERVING}")
    await tx.execute(f"DROP TABLE {FILLED}.gate, {FILLED}.changes, {FILLED}.erasures, {FILLED}.run")


async def counts(tx: Tx, schema: str) -> dict[str, int]:
    """Returns how many rows each table of a set has."""
    return {table: await tx.fetchval(f"SELECT count(*) FROM {schema}.{table}") for table in MODEL}  # noqa: S608
