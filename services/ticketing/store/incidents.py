"""Incidents as incidents.v1 says they are."""

from pathlib import Path

import asyncpg

from services.ticketing.change import Cause
from services.ticketing.incident import End, Ending, Incident, IncidentFact
from shared.postgres import Queries, Tx

queries = Queries(Path(__file__).with_name("incidents.sql"))


async def incident(tx: Tx, incident_id: str) -> Incident | None:
    row = await tx.fetchrow(queries.incident, incident_id)
    return incident_of(row) if row else None


async def incident_held(tx: Tx, incident_id: str) -> tuple[Incident, Cause] | None:
    """Returns an incident that no fact changes until `tx` ends, and the fact that made it so."""
    row = await tx.fetchrow(queries.incident_held, incident_id)
    return (incident_of(row), Cause(row["said_by"] or row["id"], row["hops"])) if row else None


async def save(tx: Tx, incident: Incident, fact: IncidentFact) -> None:
    end = incident.end or End(Ending.RESOLVED, fact.time, 0)
    about = (incident.id, fact.data.rule, incident.component, fact.data.severity, incident.title, incident.started_at)
    ended = (incident.end.at if incident.end else None, incident.revision, end.how, end.revision, end.tell)
    await tx.execute(queries.save_incident, *about, *ended, fact.id, fact.hops)


def incident_of(row: asyncpg.Record) -> Incident:
    end = None
    if row["resolved_at"] is not None:
        end = End(Ending(row["ended_as"]), row["resolved_at"], row["ended_revision"], row["tell"])
    return Incident(row["id"], row["component"], row["title"], row["started_at"], end, row["revision"])
