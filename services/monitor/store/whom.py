"""What monitor remembers of one customer and an incident: what is written down of them, and what the fold has stored."""

from collections.abc import Mapping
from datetime import timedelta

from services.monitor.aggregates.counts import Counting
from services.monitor.incidents.whom import Impact, Known, Streak
from services.monitor.rules.incidents import IncidentRule
from services.monitor.store import customers
from services.monitor.store.impact import queries
from shared.erasing import erased_at
from shared.postgres import Tx


async def known_of(tx: Tx, incident_id: str, customer_id: str, rule: IncidentRule | None, horizon: timedelta) -> Known:
    """Returns all that is known of the customer and the incident. `rule`: as it counts now; None when it is gone."""
    countings = {f"{each.id}@{each.counting.fingerprint}": each.counting for each in (rule.asks if rule else ())}
    row = await tx.fetchrow(queries.impact_of_customer, incident_id, customer_id)
    erased = (await erased_at(tx, [customer_id])).get(customer_id)
    streaks = await _streaks(tx, customer_id, countings) if row is None and erased is None else []
    return Known(Impact(**row) if row else None, erased, list(countings.values()), streaks, horizon)


async def _streaks(tx: Tx, customer_id: str, countings: Mapping[str, Counting]) -> list[Streak]:
    """Returns the customer's latest streak at each component; of one that was stored several times the latest counts."""
    found: dict[tuple[str, str], Streak] = {}
    async for row in tx.cursor(customers.queries.tallies_naming, customer_id, prefetch=1):
        counting, held = countings.get(row["rule"]), customers.failures_of(row, customer_id)
        if counting is None or held is None:
            continue
        for component, seen in held["failures"].items():
            streak = Streak(counting, component, seen["first"], seen["last"], seen["count"])
            before = found.get((row["rule"], component))
            if before is None or (before.last, before.count) <= (streak.last, streak.count):
                found[row["rule"], component] = streak
    return list(found.values())
