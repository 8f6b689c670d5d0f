"""Incidents as the latest fact about each describes them, and the queue of those whose customers are still to be looked through."""

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg

from services.notifier.incident import Incident, IncidentStatus, News, PublicWords, Said, incident_of
from shared.postgres import Queries, Tx
from shared.timers import schedule

queries = Queries(Path(__file__).with_suffix(".sql"))

FOLLOW_UP = "follow_up"  # due rows of facts about incidents whose customers are still to be looked through

# They stand in the order of the query's parameters.
_COLUMNS = (
    *("id", "rule", "component", "severity", "title", "started_at", "symptom", "revision", "failing_at", "behind", "silent_since"),
    *("status", "ended_at", "tell", "ended_by", "hops", "rule_version"),
)


async def take_incidents(tx: Tx, facts: Collection[Said]) -> dict[str, Incident]:
    """Stores what is said of incidents (one fact an incident) and keeps them locked; returns those of which it was taken."""
    rows = await tx.fetch(queries.incidents_to_change, sorted(fact.data.incident_id for fact in facts))
    before = {row["incident_id"]: incident_in(row) for row in rows}
    told = [incident_of(fact, before.get(fact.data.incident_id)) for fact in facts]
    news = [each.news for each in told]
    rows = await tx.fetch(
        queries.take_incidents,
        *([getattr(incident, column) for incident in told] for column in _COLUMNS),
        [_stored(each.public) if each.public else None for each in told],
        [each.revision if each else 0 for each in news],
        [each.at if each else None for each in news],
        [each.cause if each else None for each in news],
        [" ".join(sorted(each.of)) if each else "" for each in news],
    )
    revisions = {row["id"]: row["revision"] for row in rows}
    return {each.id: replace(each, revision=revisions[each.id]) for each in told if each.id in revisions}


async def lock_incident(tx: Tx, incident_id: str) -> Incident | None:
    """Returns the incident as it stands, and will stand until `tx` ends."""
    row = await tx.fetchrow(queries.lock_incident, incident_id)
    return incident_in(row) if row else None


async def incidents_of(tx: Tx, incident_ids: Collection[str]) -> dict[str, Incident]:
    """Returns the incidents as they stand now."""
    rows = await tx.fetch(queries.incidents, sorted(incident_ids)) if incident_ids else []
    return {row["incident_id"]: incident for row in rows if (incident := incident_in(row))}


async def lock_incidents(tx: Tx, incident_ids: Collection[str]) -> dict[str, Incident]:
    """Returns the incidents as they stand, and will stand until `tx` ends."""
    rows = await tx.fetch(queries.lock_incidents, sorted(incident_ids)) if incident_ids else []
    return {row["incident_id"]: incident for row in rows if (incident := incident_in(row))}


@dataclass(frozen=True, slots=True)
class Place:
    """The place up to which an incident's customers have been looked through after a fact about it."""

    incident_id: str
    revision: int
    after: str = ""  # a customer's id
    news: bool = False  # those who were told of the incident are told its news of that revision

    @property
    def ref(self) -> str:
        return json.dumps([self.incident_id, self.revision, self.after, *([True] if self.news else [])])

    def is_left(self, incident: Incident) -> bool:
        """Says whether it is still to be done: a newer fact, or newer news, has places of its own."""
        if self.news:
            return not incident.over and incident.news is not None and incident.news.revision == self.revision
        return incident.revision == self.revision

    @classmethod
    def of(cls, ref: str) -> "Place":
        return cls(*json.loads(ref))


async def over(tx: Tx, ids: Collection[str]) -> list[Place]:
    """Returns where to begin with the customers of those of these incidents that are over; they stay locked."""
    rows = await tx.fetch(queries.revisions_of, sorted(ids)) if ids else []
    return [Place(row["id"], row["revision"]) for row in rows if row["over"]]


async def follow_up(tx: Tx, places: Iterable[Place]) -> None:
    """Has the customers looked through from there on, now."""
    now = await tx.fetchval("SELECT clock()")
    await schedule(tx, FOLLOW_UP, {place.ref: now for place in places})


def incident_in(row: asyncpg.Record) -> Incident | None:
    """Returns the incident that a row describes beside whatever else it holds; None when it holds none."""
    if not row["incident_known"]:
        return None
    return Incident(
        id=row["incident_id"],
        title=row["title"],
        component=row["component"],
        severity=row["severity"],
        started_at=_with_zone(row["started_at"]),
        rule=row["rule"],
        symptom=row["symptom"],
        revision=row["revision"],
        status=IncidentStatus(row["incident_status"]),
        ended_at=row["resolved_at"],
        tell=row["tell"],
        ended_by=row["resolved_by"],
        hops=row["hops"],
        failing_at=row["failing_at"],
        silent_since=row["silent_since"],
        behind=timedelta(seconds=row["behind_seconds"]),
        public=_public_in(row["public"]) if row["public"] else None,
        news=News(row["news"], row["news_at"], row["news_by"], frozenset(row["news_of"])) if row["news"] else None,
        rule_version=row["rule_version"],
    )


def _stored(public: PublicWords) -> dict[str, str | None]:
    moments = {"estimate": public.estimate, "next_update": public.next_update}
    return {"words": public.words, "workaround": public.workaround} | {
        name: moment.isoformat() if moment else None for name, moment in moments.items()
    }


def _public_in(stored: Mapping[str, str | None]) -> PublicWords:
    estimate, next_update = (datetime.fromisoformat(said) if (said := stored[name]) else None for name in ("estimate", "next_update"))
    return PublicWords(stored["words"] or "", stored["workaround"] or "", estimate, next_update)


def _with_zone(moment: datetime) -> datetime:
    """Returns the moment; asyncpg gives Postgres' infinity, which older versions could store, without a zone."""
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
