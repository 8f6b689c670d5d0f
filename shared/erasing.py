"""Erases a customer who asked to be forgotten: deletes everything personal that a service holds, in one transaction, and remembers that.

Each service says in one table (`PERSONAL` in its `personal.py`) what it holds of a customer, how that is shown and how it
is erased; what the shared mechanisms hold is added here. A fact that is older than its customer's erasure brings nothing
back: handlers ask `erased_at`. What is remembered of an erased customer is a SHA-256 digest of their id.
"""

import hashlib
import logging
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import asyncpg

from shared.events import CustomerErased, CustomerUpdated
from shared.outgoing import unsent
from shared.postgres import Tx

log = logging.getLogger(__name__)

AT_ONCE = 50  # facts of customers.v1 in one transaction, for streams that erase: an erasure is a dozen statements

# Handlers hold the weaker lock from their question to their commit, so that an erasure waits for what they write, and sees it.
# EXCLUSIVE still lets a backup read.
LOCK = "LOCK TABLE erasures IN EXCLUSIVE MODE"
ERASED = "SELECT customer, erased_at FROM erasures WHERE customer = ANY ($1::bytea[]) FOR KEY SHARE"
FIND = "SELECT customer, erased_at FROM erasures WHERE customer = ANY ($1::bytea[])"
HOLD = "LOCK TABLE erasures IN ROW SHARE MODE"
ANY = "SELECT EXISTS (SELECT FROM erasures)"
ERASURE = "SELECT erased_at, fact, rows FROM erasures WHERE customer = $1"
# This stores the erasure, or adds to what is known of an earlier one.
REMEMBER = """INSERT INTO erasures AS known (customer, erased_at, fact, rows) VALUES ($1, least($2, clock()), $3, $4)
    ON CONFLICT (customer) DO UPDATE SET erased_at = greatest(known.erased_at, excluded.erased_at), fact = excluded.fact, rows = (
        SELECT jsonb_object_agg(name, total) FROM (
            SELECT key AS name, sum(value::bigint) AS total FROM (
                SELECT * FROM jsonb_each_text(known.rows) UNION ALL SELECT * FROM jsonb_each_text(excluded.rows)) AS each
            GROUP BY key) AS summed)"""

Shown = Callable[[asyncpg.Record, str], Mapping[str, Any] | None]
Erase = Callable[[Tx, str], Awaitable[int]]


@dataclass(frozen=True)
class Personal:
    """Is one kind of thing that a service holds of a customer. In each statement $1 is the customer's id, a text.

    `erase` deletes or blanks, and touches only rows that still have something: its row count is reported. What no single
    statement can erase is a function instead.
    `export` selects what is shown, in a fixed order; each row is shown as JSON, or as `shown` makes it of the row and the
    customer's id (None leaves the row out). `pending`, where the work goes on after the transaction, asks whether some is left.
    """

    name: str  # as exports and reports call it: in the plural, for people
    export: str
    erase: str | Erase
    shown: Shown | None = None
    pending: str = ""


ANSWERS = Personal(
    "answers kept for retries",
    "SELECT route, created_at, encode(response, 'escape') AS response FROM idempotency WHERE customer = sha256(convert_to($1, 'UTF8'))"
    " ORDER BY created_at, key",
    "DELETE FROM idempotency WHERE customer = sha256(convert_to($1, 'UTF8'))",
)
UNSENT = Personal("messages not published yet", unsent.SHOW, unsent.forget)
SHARED = (ANSWERS, UNSENT)


@dataclass(frozen=True)
class Erasure:
    """Says how a customer was erased: when, by which fact (the digest of its id), what was deleted, and what is still being erased."""

    erased_at: datetime
    fact: str
    rows: Mapping[str, int]
    pending: tuple[str, ...]


def digest(text: str) -> bytes:
    """Returns the SHA-256 digest of an id, which is stored instead of it: an id may be a mail address."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


async def erase(tx: Tx, personal: Sequence[Personal], customer_id: str, at: datetime, fact_id: str = "") -> dict[str, int]:
    """Erases everything of the customer, and remembers that it did; returns how many rows were touched, by name.

    Waits for the transactions that have asked `erased_at`, so it comes before other statements of `tx` that lock rows.
    """
    await tx.execute(LOCK)
    gone = {each.name: await _erase(tx, each.erase, customer_id) for each in (*personal, *SHARED)}
    await tx.execute(REMEMBER, digest(customer_id), at, digest(fact_id), gone)
    return gone


async def hear(tx: Tx, personal: Sequence[Personal], facts: Iterable[CustomerErased]) -> list[str]:
    """Erases the customers of these facts, one by one; returns whom. A fact that is known already, or is no newer, erases nothing more."""
    erased = []
    for fact in facts:
        known = await tx.fetchrow(ERASURE, digest(fact.subject))
        if known is None or (known["erased_at"] < fact.time and known["fact"] != digest(fact.id)):
            gone = await erase(tx, personal, fact.subject, fact.time, fact.id)
            log.info(
                "a customer is erased: %s", ", ".join(f"{count:,} {name}" for name, count in gone.items() if count) or "nothing was held"
            )
            erased.append(fact.subject)
    return erased


async def erased_at(tx: Tx, ids: Collection[str]) -> dict[str, datetime]:
    """Returns when each of these customers was erased; those who were not are left out. Until `tx` ends no other is erased."""
    of = {digest(each): each for each in ids}
    return {of[row["customer"]]: row["erased_at"] for row in await tx.fetch(ERASED, list(of))} if of else {}


async def latest_of(tx: Tx, facts: Sequence[CustomerUpdated]) -> list[CustomerUpdated]:
    """Returns the latest fact of each customer, in the order of their ids. What is older than a customer's erasure brings nothing back."""
    latest = {fact.subject: fact for fact in sorted(facts, key=lambda fact: fact.time)}
    erased = await erased_at(tx, latest)
    return [fact for id_, fact in sorted(latest.items()) if id_ not in erased or fact.time > erased[id_]]


async def erased_digests(tx: Tx, digests: Iterable[bytes]) -> dict[bytes, datetime]:
    """Returns the same by the digests of customers' ids, for callers who only read."""
    return {row["customer"]: row["erased_at"] for row in await tx.fetch(FIND, list(digests))}


async def hold(tx: Tx) -> bool:
    """Blocks erasures until `tx` ends. Returns whether anybody ever was erased: if not, there is nobody to ask for."""
    await tx.execute(HOLD)
    return await anybody_erased(tx)


async def anybody_erased(tx: Tx) -> bool:
    """Returns True when any customer was ever erased here."""
    return bool(await tx.fetchval(ANY))


async def erasure_of(tx: Tx, personal: Sequence[Personal], customer_id: str) -> Erasure | None:
    """Returns how the customer was erased; None when they were not."""
    row = await tx.fetchrow(ERASURE, digest(customer_id))
    if row is None:
        return None
    pending = [each.name for each in personal if each.pending and await tx.fetchval(each.pending, customer_id)]
    return Erasure(row["erased_at"], row["fact"].hex(), row["rows"], tuple(pending))


async def _erase(tx: Tx, way: str | Erase, customer_id: str) -> int:
    """Returns how many rows were touched."""
    return int((await tx.execute(way, customer_id)).rpartition(" ")[2]) if isinstance(way, str) else await way(tx, customer_id)
