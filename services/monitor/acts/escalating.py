"""An open incident gets worse with the customers it touches, as its rule says: at the checkpoint that finds them."""

from datetime import datetime

from services.monitor.acts import changing
from services.monitor.acts.changing import News, Now
from services.monitor.incidents.known import RecentIncident
from services.monitor.incidents.severity import risen
from services.monitor.rules.incidents import IncidentRule
from services.monitor.store.incidents import lock_incidents
from services.monitor.store.joining import queries
from services.monitor.store.tiers import tiers_touched
from shared.postgres import Tx


async def escalate(tx: Tx, rule: IncidentRule, incident: RecentIncident, now: datetime) -> None:
    """Makes an incident as bad as its rule says for whom it touches by now, and says so. It is locked by who counts them."""
    row = (await lock_incidents(tx, [incident.touching])).get(incident.touching)
    if row is None or not row.open:
        return
    tiers = {step.tier for step in rule.escalate.values() if step.tier is not None}
    severity = risen(rule, row.severity, row.affected, await tiers_touched(tx, row.id, tiers))
    if severity != row.severity and await tx.fetchval(queries.worsen_incident, row.id, severity):
        await changing.update(tx, row.id, News(f"it is {severity} now, for whom it touches", row.why), Now(now, row.behind_seconds))
