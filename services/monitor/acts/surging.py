"""Complaints rise: a candidate is found, rises on, is approved or dismissed by a person, or ends by itself when they calm down.

A candidate's row is changed under its lock, each change with the next revision and one fact, which nobody acts on: `incident.suspected`.
"""

import logging
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from services.monitor import facts, metrics
from services.monitor.acts import changing
from services.monitor.acts.absorbing import touch
from services.monitor.acts.changing import End, Evidence
from services.monitor.acts.steering import Person
from services.monitor.incidents.candidates import CandidateRow, Found, Standing, candidate_of_rule, is_calm, rising
from services.monitor.incidents.life import IncidentRow, Status, moment
from services.monitor.incidents.story import Step, StepKind
from services.monitor.rules.surge import SurgeRule
from services.monitor.store import candidates as store
from services.monitor.store import steps
from services.monitor.store.candidates import candidate, candidate_of, queries
from services.monitor.store.incidents import incident, lock_incidents
from shared.outbox import say
from shared.postgres import Tx

log = logging.getLogger(__name__)

Rules = Mapping[str, SurgeRule]


async def hear(tx: Tx, rules: Rules, written: Mapping[str, Collection[datetime]], now: datetime) -> None:
    """Judges the components of which customers complained, and when they wrote."""
    for component, times in sorted(written.items()):
        for rule in rules.values():
            if not rule.only or component in rule.only:
                await _judge(tx, rule, component, min(times).timestamp(), max(times).timestamp(), now)


async def _judge(tx: Tx, rule: SurgeRule, component: str, since: float, until: float, now: datetime) -> None:
    known = await candidate(tx, queries.living_of, rule.id, component)
    if known is None and await tx.fetchval(queries.has_incident, component):
        return  # the trouble is known: complaints about it are no news
    incident_id = known.id if known is not None and known.status == Standing.OPEN else None
    until = min(until + rule.window.total_seconds(), now.timestamp())  # a late complaint is part of windows that end after it
    complaints = await store.about(tx, rule, component, since, until, incident_id)
    if len({each.customer for each in complaints}) < rule.open.customers:
        return
    over_to = await tx.fetchval(queries.over_to, rule.id, component) or 0.0
    history = await store.history_of(tx, component, until)
    if found := rising(rule, component, complaints, history, over_to, since, now):
        await (_suspect(tx, rule, component, found, now) if known is None else _go_on(tx, known, found[-1], now))
    if incident_id is not None:
        row = (await lock_incidents(tx, [incident_id])).get(incident_id)
        if row is not None and row.open:
            await touch(tx, row, row.started_at, now)


async def _suspect(tx: Tx, rule: SurgeRule, component: str, found: Sequence[Found], now: datetime) -> None:
    first, last = found[0], found[-1]
    known = candidate_of_rule(rule, component)
    times = moment(first.started_at), now, moment(last.last_at)
    row = await candidate(tx, queries.suspect, first.id, *known, *times, last.customers, last.why)
    if row is not None:
        metrics.CANDIDATES.labels("found").inc()
        await say(tx, facts.suspected(row, now))
        log.info("candidate %s: complaints about %s rise: %d customers since %s", row.id, component, row.customers, row.started_at)


async def _go_on(tx: Tx, known: CandidateRow, last: Found, now: datetime) -> None:
    row = await candidate(tx, queries.still_rising, known.id, moment(last.last_at), last.customers, last.why)
    if row is not None and row.status == Standing.CANDIDATE:
        await say(tx, facts.suspected(row, now))


async def look(tx: Tx, rules: Rules, now: datetime) -> None:
    """Ends what has calmed down: candidates are dropped, and incidents that a person approved are resolved.

    It is asked only when all tickets that there are have been read.
    """
    for row in map(candidate_of, await tx.fetch(queries.living)):
        rule = rules.get(row.rule)
        calm = rule is None or is_calm(rule, row.status, row.last_at, now)
        if row.status == Standing.CANDIDATE:
            if calm:
                await _end(tx, row.id, Standing.WITHDRAWN, now)
            continue
        opened = (await lock_incidents(tx, [row.id])).get(row.id)
        if opened is not None and opened.open and calm:
            shown = Evidence(row.why, row.last_at.timestamp(), 0.0)
            opened = await changing.end(tx, row.id, End(Status.RESOLVED, now, "complaints calmed down", evidence=shown), now)
        if opened is None or opened.ended_at is not None:
            await tx.execute(queries.close_candidate, row.id, opened.ended_at if opened is not None else now)


async def approve(tx: Tx, incident_id: str, who: Person) -> IncidentRow | None:
    """Opens the incident of a candidate, as a person says. It likely touches who complained. None when there is none that waits."""
    approved = await candidate(tx, queries.end_candidate, incident_id, Standing.OPEN, None, who.name, who.note, None)
    row = None if approved is None else await incident(tx, queries.open_candidate, incident_id, who.at)
    if approved is None or row is None:
        return None
    said = {"suspected_at": approved.found_at.isoformat(), "customers": approved.customers}
    await steps.add(tx, row, Step(StepKind.OPENED, who.name, who.note, said, row.why), who.at)
    await say(tx, facts.suspected(approved, who.at), facts.opened(row, who.at))
    await touch(tx, row, row.started_at, who.at)
    metrics.CANDIDATES.labels("approved").inc()
    metrics.INCIDENTS_OPENED.labels(row.severity).inc()
    log.info("incident %s opened: a candidate was approved", row.id)
    return row


async def dismiss(tx: Tx, incident_id: str, who: Person) -> CandidateRow | None:
    """Drops a candidate that a person says is no trouble: only complaints after this moment make another. None when none waits."""
    return await _end(tx, incident_id, Standing.DISMISSED, who.at, who)


async def _end(tx: Tx, candidate_id: str, standing: Standing, now: datetime, who: Person | None = None) -> CandidateRow | None:
    by, note = (who.name, who.note) if who is not None else (None, "")
    row = await candidate(tx, queries.end_candidate, candidate_id, standing, now, by, note, None)
    if row is not None:
        metrics.CANDIDATES.labels(standing).inc()
        await say(tx, facts.suspected(row, now))
        log.info("candidate %s of %s and %s is %s", row.id, row.rule, row.component, standing)
    return row
