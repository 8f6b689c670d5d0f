"""Defines the facts of `incidents.v1`: something is wrong, and for whom."""

from typing import Annotated, Literal

from pydantic import Field

from shared.events.envelope import IMPACT_CHUNK, Count, Fact, Id, Payload, Severity, Why
from shared.events.lines import Line
from shared.events.moments import Deadline, Moment

Behind = Annotated[float, Field(ge=0, le=36_525 * 86_400)]  # seconds, at most a century


class Incident(Payload):
    """Holds what every fact about an incident repeats, so that a reader needs no other.

    Facts about one incident carry a revision. A reader keeps the highest it took and ignores what does not exceed
    it: a fact that is relayed or replayed again changes nothing.
    """

    incident_id: Id
    rule: str
    component: Annotated[str, Line(255)]
    severity: Severity
    title: Annotated[str, Line(500)]
    started_at: Moment  # the first bad event of the window that crossed the threshold, or the start of the first alert
    revision: Count = 0  # counts the facts about this incident, impacts left out; 0 for the opening
    symptom: str = "failing"  # what the rule detects: failing, slow, or a word of a later version; chooses the words of mails
    failing_at: Moment | None = None  # event time: the end of the last window that was failing; None in facts of older versions
    behind_seconds: Behind = 0.0  # how far behind monitor read: now minus the watermark, or minus "all is read"
    acknowledged_at: Moment | None = None  # since when a person has it; while it is open it goes on all the same
    acknowledged_by: str | None = None  # that person
    merged_into: Id | None = None  # a person says that it is the same trouble as this one: it ends with it
    split_from: Id | None = None  # a person says that some customers of this one have another trouble, which is this incident


class PublicUpdate(Payload):
    """A person says to customers how it stands. The latest counts; it is repeated until another takes its place."""

    words: str  # for customers to read
    workaround: str = ""  # what they can do meanwhile
    next_update_at: Deadline | None = None  # when they hear more
    estimate: Deadline | None = None  # when it should be fixed
    at: Moment  # when the person said so
    by: str  # who said so; customers do not read it


class IncidentOpened(Fact):
    """A threshold was crossed: people are affected now."""

    class Data(Incident):
        opened_at: Moment
        why: Why

    type: Literal["forewarn.incident.opened.v1"] = "forewarn.incident.opened.v1"
    data: Data


class IncidentUpdated(Fact):
    """An open incident has changed: it grew, it still fails, its events stopped or came again, or monitor has caught up.

    Or a person did something with it, as `step` says.
    """

    class Data(Incident):
        affected: Count
        why: Why
        silent_since: Moment | None = None  # event time of the last event, when no event came for `resolve.silent`
        step: str = "changed"  # changed, silent, acknowledged, updated, severity, added, removed, absorbed, merged, split, or a later word
        by: str | None = None  # the person who did it; None: monitor
        note: str = ""  # the person's words, for operators; customers do not read them
        public: PublicUpdate | None = None  # the latest words for customers

    type: Literal["forewarn.incident.updated.v1"] = "forewarn.incident.updated.v1"
    data: Data


class IncidentResolved(Fact):
    """The trouble is over: enough events stayed below the resolve threshold for long enough, or a person said so."""

    class Data(Incident):
        resolved_at: Moment
        affected: Count
        why: Why
        by: str | None = None  # the person who ended it; None: events showed it
        note: str = ""  # the person's words, for operators; customers do not read them
        tell: bool = True  # whether those who were told get the all-clear

    type: Literal["forewarn.incident.resolved.v1"] = "forewarn.incident.resolved.v1"
    data: Data


class IncidentReopened(Fact):
    """The trouble came back before it was forgotten: the same incident goes on."""

    class Data(Incident):
        reopened_at: Moment
        why: Why

    type: Literal["forewarn.incident.reopened.v1"] = "forewarn.incident.reopened.v1"
    data: Data


class IncidentWithdrawn(Fact):
    """Nothing judges this incident any more, because its rule is gone or changed: whether the trouble is over is not known."""

    class Data(Incident):
        withdrawn_at: Moment
        affected: Count
        reason: str  # rule_gone, rule_changed
        tell: bool = True  # whether those who were told get an end

    type: Literal["forewarn.incident.withdrawn.v1"] = "forewarn.incident.withdrawn.v1"
    data: Data


class IncidentDismissed(Fact):
    """A person said that it was a false alarm."""

    class Data(Incident):
        dismissed_at: Moment
        affected: Count
        by: str  # who said so
        note: str = ""  # their words, for operators; customers do not read them
        tell: bool = True  # whether those who were told learn that it was a false alarm

    type: Literal["forewarn.incident.dismissed.v1"] = "forewarn.incident.dismissed.v1"
    data: Data


class IncidentShadowed(Fact):
    """An incident of a rule on trial opened, changed or ended. Nobody is told of it, and it touches no ticket.

    It is a fact of its own, so that a reader who does not know trials skips it.
    """

    class Data(Incident):
        status: str  # open, resolved, withdrawn, dismissed, or a word of a later version
        opened_at: Moment
        ended_at: Moment | None = None
        affected: Count
        why: Why

    type: Literal["forewarn.incident.shadowed.v1"] = "forewarn.incident.shadowed.v1"
    data: Data


class IncidentSuspected(Fact):
    """Complaints about a component rise: a candidate was found, rose on, or was dealt with. Nobody is told of it, and it touches no ticket.

    It is a fact of its own, so that a reader who does not know candidates skips it. One that a person approves opens, under the same id.
    """

    class Data(Incident):
        status: str  # candidate, open, merged, withdrawn, dismissed, or a word of a later version
        found_at: Moment
        ended_at: Moment | None = None
        customers: Count  # who complained within the window
        why: Why
        by: str | None = None  # the person who approved or dismissed it
        note: str = ""  # that person's words, for operators

    type: Literal["forewarn.incident.suspected.v1"] = "forewarn.incident.suspected.v1"
    data: Data


class Affected(Payload):
    """This is one customer an incident touches, with the evidence."""

    customer_id: Id
    certainty: Literal[
        "confirmed", "likely"
    ]  # confirmed: their own events failed, or an alert names them; likely: they used it, and nothing failed yet
    first_seen_at: Moment
    last_seen_at: Moment
    count: Count  # their bad events so far; their uses, where it is likely; none where a person says it
    by: str | None = None  # the person who says so; None: events or alerts do


class IncidentImpact(Fact):
    """Customers were newly found to be affected, at most 500 a chunk, while the incident lives."""

    class Data(Payload):
        incident_id: Id
        chunk: Count
        customers: Annotated[tuple[Affected, ...], Field(max_length=IMPACT_CHUNK)]
        removed: Annotated[tuple[Id, ...], Field(max_length=IMPACT_CHUNK)] = ()  # a person says that it does not touch these

    type: Literal["forewarn.incident.impact.v1"] = "forewarn.incident.impact.v1"
    data: Data


class IncidentSplit(Fact):
    """A person said that customers of one incident have another trouble, which is an incident of its own: they are touched by that one.

    What they were told of the one counts as told of the other, and they hear of its end instead. It is said under the id of each incident
    it concerns, so that a reader takes it in order with the other facts of each; taken twice it changes nothing. It is also said of such
    customers when events say more of them. It is a fact of its own, so that a reader who knows no split skips it: for that one they stay
    where they were, are told nothing anew, and hear of that end.
    """

    class Data(Payload):
        incident_id: Id  # the one of them under whose id it is said
        into_id: Id  # the incident that touches them now
        from_ids: Annotated[tuple[Id, ...], Field(max_length=1000)] = ()  # those that do not any more: the one, and what was merged into it
        customers: Annotated[tuple[Affected, ...], Field(max_length=IMPACT_CHUNK)]

    type: Literal["forewarn.incident.split.v1"] = "forewarn.incident.split.v1"
    data: Data
