"""What detection decides is made true: rules that find one trouble have one incident, which ends when all of them are calm."""

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime

from services.monitor import metrics
from services.monitor.acts import changing
from services.monitor.acts.changing import End, News, Now
from services.monitor.incidents.grouping import Joined, goes_on, severity_of, why_of
from services.monitor.incidents.life import Decision, IncidentRow, Opened, Resolved, Status, moment
from services.monitor.incidents.muting import Muted
from services.monitor.rules.incidents import IncidentRule
from services.monitor.store.incidents import lock_incidents
from services.monitor.store.joining import members_of, queries
from services.monitor.store.muting import note
from shared.postgres import Tx

log = logging.getLogger(__name__)


async def make_true(
    tx: Tx, rule: IncidentRule, component: str, decision: Decision | Joined, failing_to: float, now: Now
) -> IncidentRow | None:
    """Makes true what events or alerts decide. None when the incident is not open, or goes on without this rule."""
    match decision:
        case Joined():
            return await _join(tx, rule, component, decision, failing_to, now)
        case Resolved(incident_id=incident_id):
            await tx.execute(queries.calm_member, incident_id, rule.id)
            if goes_on((await members_of(tx, [incident_id])).get(incident_id, ()), rule.id):
                log.info("incident %s goes on: %s of %s is calm, another rule is not", incident_id, rule.id, component)
                return None
    return await changing.make_true(tx, rule, component, decision, failing_to, now)


async def _join(tx: Tx, rule: IncidentRule, component: str, joined: Joined, failing_to: float, now: Now) -> IncidentRow | None:
    row = (await lock_incidents(tx, [joined.incident_id])).get(joined.incident_id)
    if row is None or not row.open:
        return row
    first = _said(row.title, row.severity, Opened(row.id, row.started_at.timestamp(), row.why))
    await tx.execute(queries.begin_group, row.id, row.rule, "", row.started_at, first)
    said = _said(rule.title.format(component=component), rule.severity, joined.opened)
    await tx.execute(queries.join_incident, row.id, rule.id, rule.fingerprint, moment(joined.opened.started_at), said)
    if (severity := severity_of(row, rule)) != row.severity:
        await tx.execute(queries.worsen_incident, row.id, severity)
    members = (await members_of(tx, [row.id]))[row.id]
    return await changing.update(tx, row.id, News(f"{rule.id} joins it", why_of(row.why, members), failing_to, speaks=True), now)


def _said(title: str, severity: str, opened: Opened) -> Mapping[str, object]:
    figures = {name: figure for name, figure in opened.why.items() if name != "rules"}
    return {"title": title, "severity": severity, "since": moment(opened.started_at).isoformat(), "why": figures}


async def note_muted(tx: Tx, muted: Sequence[Muted]) -> None:
    """Notes, and counts, trouble that opened no incident."""
    for by in await note(tx, muted):
        metrics.MUTED.labels(by).inc()


async def leave(tx: Tx, rules: Mapping[str, IncidentRule], now: datetime) -> None:
    """Has rules that are gone, or count otherwise now, find nothing more; an incident that no rule finds any more is withdrawn."""
    left = [
        (row["incident_id"], row["rule"])
        for row in await tx.fetch(queries.members_of_open)
        if row["rule"] not in rules or row["fingerprint"] not in ("", rules[row["rule"]].fingerprint)
    ]
    for incident_id, rule in left:
        await tx.execute(queries.calm_member, incident_id, rule)
    for incident_id, members in (await members_of(tx, {incident_id for incident_id, _ in left})).items():
        if not any(member.failing for member in members):
            await changing.end(tx, incident_id, End(Status.WITHDRAWN, now, "rule_changed"), now)
