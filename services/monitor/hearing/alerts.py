"""Alerts of one component came: each joins what is known of them, and their incident opens, changes or ends."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from services.monitor.acts import changing, joining
from services.monitor.acts.changing import News, Now
from services.monitor.incidents.alerts import Alerts, belonging, ended, firing_of, look, not_opened, step, why_of
from services.monitor.incidents.grouping import Joined
from services.monitor.incidents.life import Changed, IncidentRow, Opened, behind_seconds, moment, news
from services.monitor.incidents.muting import Muted, Mutes, Trouble
from services.monitor.rules.alert import AlertRule
from services.monitor.store.incidents import lock_incidents
from services.monitor.store.series import Series
from shared.events import FoldedAlert
from shared.postgres import Tx


@dataclass(frozen=True, slots=True)
class Told:
    """What was told of the alerts of one component, as one rule judges them, and what may mute them."""

    rule: AlertRule
    component: str
    reports: Sequence[FoldedAlert]  # none: time has passed
    mutes: Mutes


async def step_through(tx: Tx, told: Told, series: Series, row: IncidentRow | None) -> list[Muted]:
    """Steps through the reports in their order, and makes true what each decides; returns what was muted.

    `row`: of the incident, should there be an open one. Of changes that follow one another the last is said: in a storm of alerts an
    incident has one update a checkpoint, and not one an alert.
    """
    rule, component = told.rule, told.component
    at: datetime = await tx.fetchval("SELECT clock()")
    if row is not None and not row.open:  # a person ended it meanwhile
        series.alerts, row = ended(series.alerts, row), None
    behind, said_at, muted = 0.0, at, list[Muted]()
    changed: Changed | None = None
    reports: Sequence[FoldedAlert | None] = told.reports or [None]
    for each in reports:
        said_at = at if each is None else min(moment(each.said_at), at)
        if each is None:
            series.alerts, decision = look(rule, component, series.alerts, at.timestamp())
        else:
            series.spoke_at, behind = max(series.spoke_at or said_at, said_at), behind_seconds(at, said_at)
            series.alerts, decision = step(rule, component, series.alerts, each, at.timestamp())
        trouble = Trouble(rule.id, component, said_at)
        if isinstance(decision, Opened) and (by := told.mutes.of(trouble)) is not None:
            series.alerts = not_opened(series.alerts)
            muted.append(Muted.of(by, rule, decision, trouble))
        elif isinstance(decision, Changed):
            changed = decision
        elif isinstance(decision, Opened) and not rule.shadow and (home := told.mutes.home_of(trouble)) is not None:
            series.alerts, joined = belonging(series.alerts, home), Joined(home, decision)
            row = await joining.make_true(tx, rule, component, joined, said_at.timestamp(), Now(at, behind))
            told.mutes.learn(joined, rule.id, row)
        elif decision is not None:
            changed = None
            row = await joining.make_true(tx, rule, component, decision, said_at.timestamp(), Now(at, behind))
            told.mutes.learn(decision, rule.id, row)
            if isinstance(decision, Opened) and row is None:  # it is known, and what was known of its alerts is lost
                series.alerts, row = await _known(tx, series.alerts, decision.incident_id)
    if changed is not None:
        row = await joining.make_true(tx, rule, component, changed, said_at.timestamp(), Now(at, behind))
    if told.reports:
        await _say_news(tx, told, series, row, Now(at, behind))
    return muted


async def _say_news(tx: Tx, told: Told, series: Series, row: IncidentRow | None, now: Now) -> None:
    firing = firing_of(series.alerts)
    fired_at = min(max((each.fired_at for each in firing), default=0.0), now.at.timestamp())
    if row is not None and row.open and row.id == series.alerts.incident_id and (reason := news(row, fired_at, now.behind, heard=True)):
        await changing.update(tx, row.id, News(reason, why_of(told.rule, firing), fired_at, speaks=True), now)


async def _known(tx: Tx, alerts: Alerts, incident_id: str) -> tuple[Alerts, IncidentRow | None]:
    """Returns the alerts with what became of their incident, and its row when it is open."""
    row = (await lock_incidents(tx, [incident_id])).get(incident_id)
    return (alerts, row) if row is None or row.open else (ended(alerts, row), None)
