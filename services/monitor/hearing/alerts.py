"""Alerts of one component came: each joins what is known of them, and their incident opens, changes or ends."""

from collections.abc import Sequence
from datetime import datetime

from services.monitor import changing
from services.monitor.changing import News, Now
from services.monitor.incidents.alerts import Alerts, ended, firing_of, step, why_of
from services.monitor.incidents.life import Changed, IncidentRow, Opened, behind_seconds, moment, news
from services.monitor.rules.alert import AlertRule
from services.monitor.store.incidents import lock_incidents
from services.monitor.store.series import Key, Series
from shared.events import FoldedAlert
from shared.postgres import Tx


async def step_through(tx: Tx, rule: AlertRule, key: Key, series: Series, told: Sequence[FoldedAlert], row: IncidentRow | None) -> None:
    """Steps through the reports in their order, and makes true what each decides. `row`: of the incident, should there be an open one.

    Of changes that follow one another the last is said: in a storm of alerts an incident has one update a checkpoint, and not one an alert.
    """
    at: datetime = await tx.fetchval("SELECT clock()")
    if row is not None and not row.open:  # a person ended it meanwhile
        series.alerts, row = ended(series.alerts, row), None
    behind, said_at = 0.0, at
    changed: Changed | None = None
    for each in told:
        said_at = min(moment(each.said_at), at)
        series.spoke_at, behind = max(series.spoke_at or said_at, said_at), behind_seconds(at, said_at)
        series.alerts, decision = step(rule, key[1], series.alerts, each, at.timestamp())
        if isinstance(decision, Changed):
            changed = decision
        elif decision is not None:
            changed = None
            row = await changing.make_true(tx, rule, key[1], decision, said_at.timestamp(), Now(at, behind))
        if isinstance(decision, Opened) and row is None:  # it is known, and what was known of its alerts is lost
            series.alerts, row = await _known(tx, series.alerts, decision.incident_id)
    if changed is not None:
        row = await changing.make_true(tx, rule, key[1], changed, said_at.timestamp(), Now(at, behind))
    firing = firing_of(series.alerts)
    fired_at = min(max((each.fired_at for each in firing), default=0.0), at.timestamp())
    if row is not None and row.open and (reason := news(row, fired_at, behind, heard=True)):
        await changing.update(tx, row.id, News(reason, why_of(rule, firing), fired_at, speaks=True), Now(at, behind))


async def _known(tx: Tx, alerts: Alerts, incident_id: str) -> tuple[Alerts, IncidentRow | None]:
    """Returns the alerts with what became of their incident, and its row when it is open."""
    row = (await lock_incidents(tx, [incident_id])).get(incident_id)
    return (alerts, row) if row is None or row.open else (ended(alerts, row), None)
