"""Alerts of one component came: each joins what is known of them, and their incident opens, changes or ends."""

from collections.abc import Sequence
from datetime import datetime

from services.monitor import changing
from services.monitor.changing import News, Now
from services.monitor.incidents.alerts import ended, firing_of, step, why_of
from services.monitor.incidents.life import IncidentRow, behind_seconds, moment, news
from services.monitor.rules.alert import AlertRule
from services.monitor.store.series import Key, Series
from shared.events import FoldedAlert
from shared.postgres import Tx


async def step_through(tx: Tx, rule: AlertRule, key: Key, series: Series, told: Sequence[FoldedAlert], row: IncidentRow | None) -> None:
    """Steps through the reports in their order, and makes true what each decides. `row`: of the incident, should there be an open one."""
    at: datetime = await tx.fetchval("SELECT clock()")
    if row is not None and not row.open:  # a person, or another instance, ended it meanwhile
        series.alerts, row = ended(series.alerts, row), None
    behind = 0.0
    for each in told:
        said_at = min(moment(each.said_at), at)
        series.spoke_at, behind = max(series.spoke_at or said_at, said_at), behind_seconds(at, said_at)
        series.alerts, decision = step(rule, key[1], series.alerts, each, at.timestamp())
        if decision is not None:
            row = await changing.make_true(tx, rule, key[1], decision, said_at.timestamp(), Now(at, behind))
    firing = firing_of(series.alerts)
    fired_at = min(max((each.fired_at for each in firing), default=0.0), at.timestamp())
    if row is not None and row.open and (reason := news(row, fired_at, behind, heard=True)):
        await changing.update(tx, row.id, News(reason, why_of(rule, firing), fired_at, speaks=True), Now(at, behind))
