"""Complaints belong to an incident: it likely touches who complained, and their candidate is merged into it when telemetry found it."""

from datetime import datetime

from services.monitor import facts, metrics
from services.monitor.fold.tallies import Tally
from services.monitor.incidents.candidates import CandidateRow, Standing
from services.monitor.incidents.impact import Certainty
from services.monitor.incidents.known import RecentIncident
from services.monitor.incidents.life import IncidentRow, moment
from services.monitor.incidents.story import Step, StepKind
from services.monitor.store import candidates as store
from services.monitor.store import steps
from services.monitor.store.candidates import candidate_of
from services.monitor.store.incidents import incident, queries, record_impact
from shared.erasing import hold
from shared.events import Affected
from shared.outbox import say
from shared.postgres import Tx


async def absorb(tx: Tx, row: IncidentRow, now: datetime) -> None:
    """Merges the candidates of a component into the incident of it that has just opened."""
    waiting = [candidate_of(each) for each in await tx.fetch(store.queries.waiting_in, row.component)]
    for each in waiting:
        ended = await store.candidate(tx, store.queries.end_candidate, each.id, Standing.MERGED, now, None, "", row.id)
        if ended is not None:
            metrics.CANDIDATES.labels(Standing.MERGED).inc()
            await touch(tx, row, each.started_at, now)
            await say(tx, facts.suspected(ended, now))
            await _tell_story(tx, row.id, ended, now)


async def _tell_story(tx: Tx, incident_id: str, absorbed: CandidateRow, now: datetime) -> None:
    changed = await incident(tx, queries.touch_more, incident_id, 0, 0)
    if changed is not None:
        said = {"incident": absorbed.id, "title": absorbed.title, "customers": absorbed.customers}
        step = Step(StepKind.ABSORBED, said=said, why=absorbed.why)
        await steps.add(tx, changed, step, now)
        await say(tx, facts.updated(changed, changed.affected, now, step))


async def touch(tx: Tx, row: IncidentRow, since: datetime, now: datetime) -> None:
    """Has an open incident likely touch who complained of its component since then, and says whom it did not touch before."""
    await hold(tx)  # nobody who complained is erased between this and the end of `tx`
    who = await tx.fetch(store.queries.who_complained, row.component, since, row.id)
    likely: Certainty = "likely"
    found = {each["customer_id"]: (Tally(each["first"], each["last"], each["count"], 0), likely) for each in who}
    news = await record_impact(tx, row.id, found) if found else {}
    told = [
        Affected(
            customer_id=customer, certainty="likely", first_seen_at=moment(tally.first), last_seen_at=moment(tally.last), count=tally.count
        )
        for customer, (tally, _) in found.items()
        if customer in news
    ]
    known = RecentIncident(row.id, row.rule, row.component, row.started_at, None, row.opened_at)
    await say(tx, *facts.impact(known, told, now))
