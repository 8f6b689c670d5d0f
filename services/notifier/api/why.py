"""Agents ask whether a customer was told of an incident: why, why then, why there, and by which versions; or why not."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel

from services.notifier.deciding.policy import Policy
from services.notifier.delivery import DeliveryStatus
from services.notifier.explaining import WORDS, Because, because, masked, waits
from services.notifier.incident import IncidentStatus
from services.notifier.lanes import LANES
from services.notifier.notification import Kind, Status, told_id
from services.notifier.store.why import queries
from shared.answers import Name
from shared.api import Db, Problem, Role, allow
from shared.postgres import Tx

SHOWN = 20  # notifications
NOTHING: dict[int | str, dict[str, Any]] = {
    404: {"description": "notifier has not heard of this incident, and wrote nothing down about it"}
}


class IncidentView(BaseModel):
    """The incident as the latest fact about it says."""

    status: IncidentStatus
    severity: str
    rule: str
    rule_version: str | None  # by which it was judged last; null: monitor has not said
    revision: int
    started_at: datetime
    ended_at: datetime | None  # the last end, also when it is open again
    heard_at: datetime  # when that fact was taken


class WayView(BaseModel):
    """One way by which it was brought, or tried to be."""

    channel: str
    address: str  # masked
    status: DeliveryStatus
    tries: int
    began_at: datetime  # the last try
    ended_at: datetime | None


class WaitsView(BaseModel):
    """What a notification waits for."""

    reason: str  # early, behind, unknown_customer, paused, switched_off, unapproved …; decision, retry, provider, operator
    words: str
    until: datetime | None  # when it is looked at again at the latest; null: when somebody has it looked at


class ToldView(BaseModel):
    """One thing that the customer must know of the incident, and what became of it."""

    id: str
    kind: Kind
    ticket_id: str | None  # the ticket on which it is said
    status: Status
    reason: str | None  # why suppressed or failed
    about_at: datetime  # since when it is true: why then
    first_seen_at: datetime | None  # the customer's first bad event
    created_at: datetime  # when it was written down
    sent_at: datetime | None  # handed to a provider and not refused
    settled_at: datetime | None
    told_with: str | None  # the notification in whose message it is told; null: it has one of its own
    channel: str | None  # of the last try: why there is in the figures and the ways
    policy: str | None  # the version of notifications.yml that decided last; null: nothing is decided, or an older version of Forewarn did
    rule_version: str | None  # the version of the rule by which the incident was judged when it was decided
    evidence: dict[str, Any] | None  # why this customer
    figures: dict[str, Any] | None  # of the last decision
    waits_for: WaitsView | None  # null once it is settled
    tries: int
    attempts: list[dict[str, Any]]  # the last twenty
    ways: list[WayView]  # the first twenty


class WhyView(BaseModel):
    """Whether a customer was told of an incident, and all that explains it."""

    incident_id: str
    customer_id: str
    told: bool | None  # null: it was handed over, and it is not known whether it arrived
    because: Because
    words: str
    incident: IncidentView | None  # null: no fact about it has come, but an impact or a ticket names it
    customer_known: bool  # in the directory
    erased_at: datetime | None
    moved_to: str | None  # the incident of which they count since they were split off
    policy: str  # the version of notifications.yml that is in force
    notifications: list[ToldView]  # the earliest first, twenty at most
    more: bool  # there are more of them: `GET /v1/notifications`


def router_of(policy: Policy) -> APIRouter:
    """Makes the route; `policy` is in force."""
    router = APIRouter(prefix="/v1/why", tags=["notifier"])

    @router.get("/{incident_id}/{customer_id}", dependencies=[allow(Role.AGENT)], responses=NOTHING)
    async def explain(database: Db, incident_id: Name, customer_id: Name) -> WhyView:
        """Returns why a customer was told of an incident, or why not, as far as notifier knows."""
        async with database.transaction() as tx:
            return await _explained(tx, incident_id, customer_id, policy)

    return router


async def _explained(tx: Tx, incident_id: str, customer_id: str, policy: Policy) -> WhyView:
    about = await tx.fetchrow(queries.why_of, incident_id, customer_id, told_id(incident_id, customer_id))
    assert about is not None  # noqa: S101  it selects from one row
    rows = [dict(row) for row in await tx.fetch(queries.why_notifications, incident_id, customer_id, list(LANES), SHOWN + 1)]
    if not (about["incident_known"] or rows or about["moved_to"]):
        raise Problem(404, "there is no such incident here")
    ways = [dict(row) for row in await tx.fetch(queries.why_deliveries, [row["id"] for row in rows[:SHOWN]])]
    found = because(rows, about["erased_at"], about["moved_to"])
    return WhyView(
        incident_id=incident_id,
        customer_id=customer_id,
        told=None if found is Because.MAYBE else found is Because.TOLD,
        because=found,
        words=WORDS[found],
        incident=IncidentView(**{name: about[name] for name in IncidentView.model_fields}) if about["incident_known"] else None,
        customer_known=about["customer_known"],
        erased_at=about["erased_at"],
        moved_to=about["moved_to"],
        policy=policy.version,
        notifications=[_told(row, [way for way in ways if way["notification_id"] == row["id"]]) for row in rows[:SHOWN]],
        more=len(rows) > SHOWN,
    )


def _told(row: Mapping[str, Any], ways: Sequence[Mapping[str, Any]]) -> ToldView:
    figures, waiting = row["why"] or {}, waits(row)
    held = {name: row[name] for name in ToldView.model_fields if name in row}
    return ToldView(
        **held,
        policy=figures.get("policy"),
        rule_version=figures.get("rule_version"),
        figures=row["why"],
        waits_for=WaitsView(reason=waiting.reason, words=waiting.words, until=waiting.until) if waiting else None,
        ways=[WayView(**{**{name: way[name] for name in WayView.model_fields}, "address": masked(way["address"])}) for way in ways],
    )
