"""Counts the measures again, straight from the facts on the topics, without any code of the console: what `forewarn report` must equal."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from shared.events import (
    CustomerErased,
    Fact,
    IncidentDismissed,
    IncidentImpact,
    IncidentOpened,
    IncidentReopened,
    IncidentResolved,
    IncidentWithdrawn,
    NotificationDelivered,
    TicketReopened,
    TicketReplied,
)
from shared.events.incidents import Incident
from shared.events.tickets import Ticket, TicketState

Recounted = dict[str, float | int | None]
ENDS = {IncidentResolved: "resolved", IncidentWithdrawn: "withdrawn", IncidentDismissed: "dismissed"}


@dataclass
class _Incident:
    opened_at: datetime | None = None
    revision: int = -1
    status: str = "open"


@dataclass
class _Ticket:
    customer: str
    state: TicketState
    person_at: datetime | None = None
    reopened: set[str] = field(default_factory=set)  # the ids of those facts


@dataclass
class Recount:
    """Holds what all facts together say."""

    incidents: dict[str, _Incident] = field(default_factory=dict)
    affected: set[tuple[str, str]] = field(default_factory=set)  # incident, customer
    told: dict[tuple[str, str], datetime] = field(default_factory=dict)
    tickets: dict[str, _Ticket] = field(default_factory=dict)

    def of_incident(self, incident_id: str) -> Recounted:
        """Returns the figures of one incident, by the names in docs/measures.md."""
        linked = [each for each in self.tickets.values() if each.state.incident_id == incident_id]
        return self._reach([incident_id]) | _work(linked)

    def of_period(self, since: datetime, until: datetime) -> Recounted:
        """Returns the figures of what was opened from `since` until before `until`."""
        inside = {id_: each for id_, each in self.incidents.items() if each.opened_at and since <= each.opened_at < until}
        ended = sum(each.status != "open" for each in inside.values())
        dismissed = sum(each.status == "dismissed" for each in inside.values())
        alarms = {"incidents": len(inside), "ended": ended, "dismissed": dismissed, "false_alarms": _share(dismissed, ended)}
        return alarms | self._reach(inside) | _work([each for each in self.tickets.values() if since <= each.state.opened_at < until])

    def _reach(self, incidents: Iterable[str]) -> Recounted:
        touched = [pair for pair in self.affected if pair[0] in set(incidents)]
        told, wrote = {p: self.told[p] for p in touched if p in self.told}, {p: at for p, at in self._wrote().items() if p in touched}
        leads = [_seconds(told[pair], at) for pair, at in wrote.items() if pair in told and told[pair] <= at]
        first = sum(pair not in wrote or at <= wrote[pair] for pair, at in told.items())
        after = [_seconds(opened, at) for (id_, _), at in told.items() if (opened := self.incidents[id_].opened_at)]
        most = max(Counter(at.replace(microsecond=0) for at in told.values()).values(), default=None)
        return {
            "affected": len(touched),
            "told": len(told),
            "told_first": first,
            "wrote": len(wrote),
            "coverage": _share(first, len(touched)),
            "complaint_rate": _share(len(wrote), len(touched)),
            "lead_time_p50": percentile(leads, 0.5),
            "told_per_second": most,
            **_spread("telling", after),
        }

    def _wrote(self) -> dict[tuple[str, str], datetime]:
        first: dict[tuple[str, str], datetime] = {}
        for ticket in self.tickets.values():
            if ticket.state.incident_id:
                pair = ticket.state.incident_id, ticket.customer
                first[pair] = min(ticket.state.opened_at, first.get(pair, ticket.state.opened_at))
        return first


def recount(facts: Iterable[Fact]) -> Recount:
    """Reads facts of incidents.v1, notifications.v1, tickets.v1 and customers.v1, each partition in order, and returns what they say."""
    every, found = list(facts), Recount()
    erased: dict[str, datetime] = {}
    for fact in every:
        if isinstance(fact, CustomerErased):
            erased[fact.subject] = max(fact.time, erased.get(fact.subject, fact.time))
    for fact in every:
        match fact.data:
            case Incident() as incident:
                _incident(found, fact, incident)
            case Ticket() as ticket if _counts(ticket.customer_id, fact.time, erased):
                _ticket(found, fact, ticket)
            case _:
                _about_customers(found, fact, erased)
    found.affected = {pair for pair in found.affected if pair[0] in found.incidents}
    return found


def _counts(customer: str, at: datetime, erased: Mapping[str, datetime]) -> bool:
    return customer not in erased or at > erased[customer]


def _incident(found: Recount, fact: Fact, said: Incident) -> None:
    known = found.incidents.setdefault(said.incident_id, _Incident())
    if isinstance(fact, IncidentOpened):
        known.opened_at = fact.data.opened_at
    if said.revision <= known.revision:
        return
    known.revision = said.revision
    if type(fact) in ENDS:
        known.status = ENDS[type(fact)]
    elif isinstance(fact, (IncidentOpened, IncidentReopened)):
        known.status = "open"


def _about_customers(found: Recount, fact: Fact, erased: Mapping[str, datetime]) -> None:
    if isinstance(fact, IncidentImpact):
        counted = [each.customer_id for each in fact.data.customers if _counts(each.customer_id, fact.time, erased)]
        found.affected |= {(fact.data.incident_id, customer) for customer in counted}
    elif isinstance(fact, NotificationDelivered) and fact.data.kind == "opened" and fact.data.incident_id:
        pair, at = (fact.data.incident_id, fact.data.customer_id), fact.data.delivered_at
        if _counts(fact.data.customer_id, at, erased):
            found.told[pair] = min(at, found.told.get(pair, at))


def _ticket(found: Recount, fact: Fact, said: Ticket) -> None:
    if said.state is None:
        return  # of a version before states were said
    known = found.tickets.setdefault(said.ticket_id, _Ticket(said.customer_id, said.state))
    known.state = said.state
    if isinstance(fact, TicketReplied) and fact.data.kind == "reply":
        known.person_at = min(fact.data.replied_at, known.person_at or fact.data.replied_at)
    if isinstance(fact, TicketReopened):
        known.reopened.add(fact.id)


def _work(tickets: Sequence[_Ticket]) -> Recounted:
    human = [_seconds(each.state.opened_at, each.person_at) for each in tickets if each.person_at]
    automatic = [
        _seconds(each.state.opened_at, each.state.responded_at)
        for each in tickets
        if each.state.responded_automatically and each.state.responded_at
    ]
    over = [each.state for each in tickets if each.state.status in ("resolved", "closed")]
    resolution = [_seconds(each.opened_at, each.resolved_at) for each in over if each.resolved_at]
    resolved = sum(each.state.resolved_at is not None or bool(each.reopened) for each in tickets)
    return {
        "tickets": len(tickets),
        **_spread("human_response", human),
        **_spread("automatic_response", automatic),
        **_spread("resolution", resolution),
        "reopen_rate": _share(sum(bool(each.reopened) for each in tickets), resolved),
    }


def percentile(figures: Sequence[float], part: float) -> float | None:
    """Returns the figure that so large a part does not exceed, interpolated between its neighbours; None of nothing."""
    if not figures:
        return None
    ordered = sorted(figures)
    place = part * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)


def _spread(name: str, figures: Sequence[float]) -> dict[str, Any]:
    return {f"{name}_p50": percentile(figures, 0.5), f"{name}_p95": percentile(figures, 0.95)}


def _seconds(begin: datetime, end: datetime) -> float:
    return (end - begin).total_seconds()


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
