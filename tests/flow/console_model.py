"""The console's read model for tests: its rows, all its tables as text, and what its counts should be."""

from typing import Any

from services.console.rebuilding.tables import MODEL
from shared.postgres import Database

# Each query says what is counted wrongly: nothing, when all is well.
RECOUNTS = (
    """SELECT id, 'incident' FROM incidents i,
        LATERAL (SELECT count(*) AS affected, count(told_at) AS told,
            count(*) FILTER (WHERE told_at IS NULL AND untold_reason IS NOT NULL) AS untold,
            count(wrote_at) AS wrote,
            count(*) FILTER (WHERE told_at IS NOT NULL AND (wrote_at IS NULL OR told_at <= wrote_at)) AS first
            FROM impact WHERE incident_id = i.id AND first_seen_at IS NOT NULL) m,
        LATERAL (SELECT count(*) AS tickets, count(*) FILTER (WHERE status IN ('open', 'in_progress', 'waiting')) AS unresolved
            FROM tickets WHERE incident_id = i.id) t
        WHERE (i.affected, i.told, i.untold, i.wrote, i.told_first, i.tickets, i.tickets_open)
            <> (m.affected, m.told, m.untold, m.wrote, m.first, t.tickets, t.unresolved)""",
    """SELECT coalesce(c.incident_id, t.incident_id), 'ticket counts' FROM ticket_counts c FULL JOIN (
        SELECT status, coalesce(incident_id, '') AS incident_id, coalesce(assignee, '') AS assignee, count(*) AS tickets
        FROM tickets WHERE status IN ('open', 'in_progress', 'waiting') GROUP BY 1, 2, 3) t USING (status, incident_id, assignee)
        WHERE c.tickets IS DISTINCT FROM t.tickets""",
    """SELECT coalesce(m.incident_id, n.incident_id), 'moments' FROM moments m FULL JOIN (
        SELECT incident_id, second, what, count(*) AS customers FROM (
            SELECT incident_id, date_trunc('second', found_at) AS second, 'touched' AS what FROM impact WHERE found_at IS NOT NULL
            UNION ALL SELECT incident_id, date_trunc('second', at), CASE status WHEN 'delivered' THEN kind ELSE status END
            FROM notifications WHERE incident_id IS NOT NULL) e GROUP BY 1, 2, 3) n USING (incident_id, second, what)
        WHERE m.customers IS DISTINCT FROM n.customers""",
    """SELECT coalesce(d.minute, n.minute)::text, 'deliveries' FROM deliveries d FULL JOIN (
        SELECT date_trunc('minute', at) AS minute, status, coalesce(channel, '') AS channel, coalesce(reason, '') AS reason,
            count(*) AS notifications
        FROM notifications GROUP BY 1, 2, 3, 4) n USING (minute, status, channel, reason)
        WHERE d.notifications IS DISTINCT FROM n.notifications""",
    """SELECT coalesce(m.incident_id, t.incident_id), 'wrote' FROM (SELECT * FROM impact WHERE wrote_at IS NOT NULL) m FULL JOIN (
        SELECT DISTINCT ON (incident_id, customer_id) incident_id, customer_id, opened_at, id FROM tickets WHERE incident_id IS NOT NULL
        ORDER BY incident_id, customer_id, opened_at, id) t USING (incident_id, customer_id)
        WHERE (m.wrote_at, m.ticket_id) IS DISTINCT FROM (t.opened_at, t.id)""",
)


async def rows(console: Database, query: str, *values: Any) -> list[dict[str, Any]]:
    async with console.connection() as connection:
        return [dict(row) for row in await connection.fetch(query, *values)]


async def recounted(console: Database) -> list[tuple[str, str]]:
    """Returns what is counted wrongly."""
    async with console.connection() as connection:
        return [tuple(row) for query in RECOUNTS for row in await connection.fetch(query)]


async def tables(console: Database, *, without: str = "") -> dict[str, list[str]]:
    """Returns the rows of every table of the model as text, in an order of their own; `without` is a table that is left out."""
    async with console.connection() as connection:
        return {
            table: [row["row"] for row in await connection.fetch(f"SELECT t::text AS row FROM {table} t ORDER BY t::text")]  # noqa: S608
            for table in MODEL
            if table != without
        }
