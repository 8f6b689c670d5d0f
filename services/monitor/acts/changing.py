"""An incident opens, has news or ends: its row is changed under its lock, and the fact is said, in one transaction.

Detection, timers and people all change incidents here and nowhere else, so that each fact has the next revision, and is a step of the
incident's story. What people do with one that is open is in `steering.py`, which says it by `go_on`.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from services.monitor import facts, metrics
from services.monitor.acts.absorbing import absorb
from services.monitor.incidents.life import Changed, Decision, Grew, IncidentRow, Opened, Resolved, Status, before, moment
from services.monitor.incidents.story import Step, StepKind
from services.monitor.rules.incidents import IncidentRule
from services.monitor.store import steps
from services.monitor.store.incidents import incident, incident_of, lock_standing, queries
from shared.outbox import say
from shared.postgres import Tx

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Now:
    """The moment of a change, and how far behind it monitor reads."""

    at: datetime  # on the database's clock
    behind: float  # seconds


@dataclass(frozen=True, slots=True)
class News:
    """News of an open incident: what has changed since the last fact about it."""

    reason: str  # for the log
    why: dict[str, Any]
    failing_to: float = 0.0  # the end of its last failing window; 0 when it is not known
    speaks: bool = False  # its component was heard, so it is not silent
    customers: int = 0  # failing in the window


@dataclass(frozen=True, slots=True)
class Evidence:
    """The events that showed an incident's end."""

    why: dict[str, Any]
    failing_to: float  # the end of its last failing window
    behind: float  # seconds


@dataclass(frozen=True, slots=True)
class End:
    """The end of an incident: its kind, its moment, and who or what ended it."""

    status: Status
    at: datetime
    reason: str  # why it is withdrawn, and for the log
    by: str | None = None  # the person who ended it
    note: str = ""
    tell: bool = True  # whether those who were told hear of it
    evidence: Evidence | None = None


async def make_true(tx: Tx, rule: IncidentRule, component: str, decision: Decision, failing_to: float, now: Now) -> IncidentRow | None:
    """Makes true what events or alerts decide. `failing_to`: until when the incident was failing, as far as it is known."""
    match decision:
        case Opened():
            return await open_incident(tx, rule, component, decision, failing_to, now)
        case Grew():
            grew = News("it grew", decision.why, failing_to, speaks=True, customers=decision.customers)
            return await update(tx, decision.incident_id, grew, now)
        case Changed():
            changed = News("what keeps it open has changed", decision.why, failing_to, speaks=True)
            return await update(tx, decision.incident_id, changed, now)
        case Resolved():
            shown = Evidence(decision.why, decision.failing_to, now.behind)
            resolved = End(Status.RESOLVED, moment(decision.resolved_at), "events show it", evidence=shown)
            return await end(tx, decision.incident_id, resolved, now.at)


async def open_incident(tx: Tx, rule: IncidentRule, component: str, opened: Opened, failing_to: float, now: Now) -> IncidentRow | None:
    """Opens an incident and says so. None when this trouble is known already: a replay opens nothing again.

    More of what a person merged into an incident that is open still belongs to that one: it is merged at once, and nobody hears of it.
    """
    title, started_at = rule.title.format(component=component), moment(opened.started_at)
    known = opened.incident_id, rule.id, component, rule.severity, rule.symptom, title
    row = await incident(tx, queries.open_incident, *known, started_at, now.at, moment(failing_to), now.behind, opened.why, rule.shadow)
    if row is None:
        return None
    await steps.add(tx, row, Step(StepKind.OPENED, why=row.why), now.at)
    if home := await tx.fetchval(queries.merged_home, row.rule, row.component, row.shadow):
        return await _belong(tx, row, home, now.at)
    await say(tx, facts.opened(row, now.at))
    if not row.shadow:
        await absorb(tx, row, now.at)
        metrics.INCIDENTS_OPENED.labels(rule.severity).inc()
        metrics.FOUND_AFTER.observe(max((now.at - started_at).total_seconds(), 0))
    how = "opened as a shadow" if row.shadow else "opened"
    log.info("incident %s %s: %s of %s since %s, %.0f s behind", row.id, how, row.rule, row.component, started_at, now.behind)
    return row


async def _belong(tx: Tx, row: IncidentRow, home: str, now: datetime) -> IncidentRow | None:
    """Merges an incident that nobody has heard of yet, and that is over by that."""
    merged = await incident(tx, queries.merge_incident, row.id, home, None, "", now)
    if merged is not None:
        await steps.add(tx, merged, Step(StepKind.MERGED, said={"into": home}), now)
        log.info("incident %s of %s and %s belongs to %s, into which such a one was merged", row.id, row.rule, row.component, home)
    return merged


async def update(tx: Tx, incident_id: str, news: News, now: Now) -> IncidentRow | None:
    """Says what is new of an open incident. None when it is not open."""
    row = await incident(tx, queries.update_incident, incident_id, news.why, _known(news.failing_to), now.behind, news.speaks)
    if row is not None:
        affected = max(row.affected, news.customers)
        told = {"because": news.reason, "affected": affected}
        await go_on(tx, row, Step(StepKind.CHANGED, said=told, why=row.why), now.at, affected)
        log.info("incident %s: %s: %s of %s, %d customers", row.id, news.reason, row.rule, row.component, affected)
    return row


async def silence(tx: Tx, incident_id: str, since: datetime, now: Now) -> IncidentRow | None:
    """Marks an open incident silent, and says so. None when it is silent already, or not open."""
    row = await incident(tx, queries.silence_incident, incident_id, since, now.behind)
    if row is not None:
        await go_on(tx, row, Step(StepKind.SILENT, said={"since": since.isoformat()}), now.at, row.affected)
        log.warning("incident %s is silent: %s of %s, nothing heard since %s", row.id, row.rule, row.component, since)
    return row


async def go_on(tx: Tx, row: IncidentRow, step: Step, at: datetime, affected: int) -> None:
    """Says what is new of an incident that stays open, and adds it to the incident's story."""
    await steps.add(tx, row, step, at)
    await say(tx, facts.updated(row, affected, at, step))


async def end(tx: Tx, incident_id: str, ending: End, now: datetime) -> IncidentRow | None:
    """Ends an incident, and says how. None when it may not end so: it has ended already."""
    shown = ending.evidence
    figures = (shown.why, _known(shown.failing_to), shown.behind) if shown else (None, None, None)
    await lock_standing(tx, [incident_id])
    row = await incident(
        tx, queries.end_incident, incident_id, ending.status, ending.at, ending.by, ending.note, *figures, before(ending.status)
    )
    if row is not None:
        await _say_end(tx, row, ending, now)
        for merged in await tx.fetch(queries.end_merged, incident_id):
            await _say_end(tx, incident_of(merged), replace(ending, evidence=None), now)
    return row


async def _say_end(tx: Tx, row: IncidentRow, ending: End, now: datetime) -> None:
    said = {"because": ending.reason, "affected": row.affected}
    step = Step(StepKind(row.status), ending.by, ending.note, said, ending.evidence.why if ending.evidence else None)
    await steps.add(tx, row, step, now)
    await say(tx, facts.ended(row, ending.reason, ending.tell, now))
    if not row.shadow:
        metrics.INCIDENTS_ENDED.labels(row.status, row.severity).inc()
    log.info("incident %s %s: %s of %s, %s, %d customers", row.id, row.status, row.rule, row.component, ending.reason, row.affected)


def _known(seconds: float) -> datetime | None:
    """Returns the moment; None for 0, which rows of older versions hold."""
    return moment(seconds) if seconds else None


async def withdraw_misfits(tx: Tx, rules: Mapping[str, IncidentRule], now: datetime) -> None:
    """Withdraws the open incidents that no rule judges any more, or whose rule went on trial or came off it. `rules`: by id."""
    for row in await tx.fetch(queries.open_incidents):
        rule = rules.get(row["rule"])
        if rule is None:
            await end(tx, row["id"], End(Status.WITHDRAWN, now, "rule_gone"), now)
        elif row["fingerprint"] not in (None, rule.fingerprint) or row["shadow"] != rule.shadow:
            await end(tx, row["id"], End(Status.WITHDRAWN, now, "rule_changed"), now)
