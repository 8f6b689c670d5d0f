"""Shows, or takes out, what messages say of one customer: those that wait to be published, or that the broker refused."""

from shared.mentions import quoted, without
from shared.postgres import Tx

WAITING = ("outbox", "unpublished")
# $1 is the customer's id, $2 as JSON writes it. The tables are small: rows wait for moments, or for an operator.
NAMES = """(key = $1::bytea OR $1::bytea = ANY (header_values)
    OR EXISTS (SELECT FROM unnest($2::bytea[]) AS form WHERE position(form IN value) > 0))"""
FIND = "SELECT id, key = $1 OR $1 = ANY (header_values) AS whole, value FROM {} WHERE {} FOR UPDATE"
REPLACE = "UPDATE {} SET value = $2 WHERE id = $1"
DELETE = "DELETE FROM {} WHERE id = ANY ($1::bigint[])"
# This finds the messages that are about the customer or name them, for an export.
SHOW = """SELECT topic, written_at, left(encode(value, 'escape'), 200000) AS value
    FROM (SELECT id, topic, written_at, key, value FROM outbox
        UNION ALL SELECT id, topic, written_at, key, value FROM unpublished) AS waiting
    WHERE key = convert_to($1, 'UTF8') OR position(convert_to(to_json($1::text)::text, 'UTF8') IN value) > 0 ORDER BY id"""


async def forget(tx: Tx, customer_id: str) -> int:
    """Deletes the messages about the customer, and takes the customer out of those about several; returns how many were touched."""
    touched = 0
    for table in WAITING:
        gone: list[int] = []
        async for row in tx.cursor(FIND.format(table, NAMES), customer_id.encode(), quoted(customer_id), prefetch=20):
            rest = None if row["whole"] or row["value"] is None else without(row["value"], customer_id)
            if rest is None:
                gone.append(row["id"])
            else:
                await tx.execute(REPLACE.format(table), row["id"], rest)
            touched += 1
        await tx.execute(DELETE.format(table), gone)
    return touched
