"""Each act changes a ticket, and publishes facts about it."""

from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.ticketing.acts import agents, clock, customers, incidents, time
from services.ticketing.change import CUSTOMER, Actor, ActorKind, Change, Link, Request, What, unless_refused
from services.ticketing.incident import End, Ending
from services.ticketing.matching.match import Match
from services.ticketing.ticket import UNRESOLVED, Act, Refused, Status, Ticket
from services.ticketing.wording.rendering import Wording
from shared.events import Fact, TicketLinked, TicketReplied, TicketResolved, TicketSlaBreached
from tests.unit.ticketing.builders import NOW, a_clock, a_ticket, an_incident, minutes

ADA = Actor("ada", "act-1")
ANSWER = Wording("Re: Cannot pay", "We know.")
LATE = a_clock(due_at=NOW - minutes(1))


def types(changed: Change | Refused) -> list[type[Fact]]:
    assert isinstance(changed, Change)
    return [type(fact) for fact in changed.facts]


def a_match() -> Match:
    return Match(an_incident(), 1.0, ("It is.",))


def test_an_answer_links_says_it_and_stops_the_clock() -> None:
    changed = incidents.linked(a_ticket(), a_match(), ANSWER, NOW, None)
    assert types(changed) == [TicketLinked, TicketReplied]
    assert (changed.what, changed.ticket.status, changed.ticket.first_response.answered_by) == (What.ANSWERED, Status.WAITING, "forewarn")
    assert changed.link is not None
    assert changed.link.answered_at == NOW


def test_a_link_without_an_answer_says_nothing_and_lets_the_clock_run() -> None:
    changed = incidents.linked(a_ticket(), a_match(), None, NOW, None)
    assert types(changed) == [TicketLinked]
    assert (changed.what, changed.ticket.status, changed.ticket.first_response.stopped_at) == (What.LINKED, Status.OPEN, None)


def test_a_ticket_an_agent_has_is_answered_and_stays_theirs() -> None:
    ticket = a_ticket(status=Status.IN_PROGRESS, assignee="ada")
    assert incidents.linked(ticket, a_match(), ANSWER, NOW, None).ticket.status is Status.IN_PROGRESS


def test_an_answer_that_comes_late_has_missed_the_promise_even_if_no_timer_said_so() -> None:
    assert types(incidents.linked(a_ticket(first_response=LATE), a_match(), ANSWER, NOW, None)) == [
        TicketLinked,
        TicketReplied,
        TicketSlaBreached,
    ]
    assert types(agents.replied(a_ticket(first_response=LATE), ADA, NOW, "Hello.")) == [TicketReplied, TicketSlaBreached]
    assert types(agents.resolved(a_ticket(first_response=LATE), ADA, NOW, "Done.")) == [TicketSlaBreached, TicketResolved]


def test_a_breach_is_said_once() -> None:
    known = a_clock(due_at=NOW - minutes(1), breached_at=NOW - minutes(1))
    assert types(agents.replied(a_ticket(first_response=known), ADA, NOW, "Hello.")) == [TicketReplied]


def test_the_same_end_of_an_incident_has_the_same_ids_and_another_end_has_others() -> None:
    ticket = a_ticket(incident_id="i-1", status=Status.WAITING)
    ends = [End(Ending.RESOLVED, NOW, 1), End(Ending.RESOLVED, NOW, 1), End(Ending.RESOLVED, NOW + minutes(5), 3)]
    ids = [tuple(fact.id for fact in unless_refused(incidents.ended(ticket, an_incident(), end, True, NOW, None)).facts) for end in ends]
    assert ids[0] == ids[1]
    assert set(ids[0]).isdisjoint(ids[2])


def test_an_end_that_nobody_is_told_of_still_resolves_and_counts_as_no_answer() -> None:
    changed = unless_refused(incidents.ended(a_ticket(incident_id="i-1"), an_incident(), End(Ending.RESOLVED, NOW, 1), False, NOW, None))
    assert types(changed) == [TicketResolved]
    assert (changed.ticket.status, changed.ticket.first_response.answered_by) == (Status.RESOLVED, None)


def test_an_end_that_notifier_tells_the_customer_is_their_first_answer_when_there_was_none() -> None:
    ticket = a_ticket(incident_id="i-1")
    changed = unless_refused(incidents.ended(ticket, an_incident(), End(Ending.RESOLVED, NOW, 1), True, NOW, None))
    assert types(changed) == [TicketResolved]
    assert (changed.ticket.first_response.stopped_at, changed.ticket.first_response.answered_by) == (NOW, "forewarn")
    assert changed.message is None


def test_an_agent_called_like_forewarn_is_a_person_all_the_same() -> None:
    impostor = Actor("forewarn", "act-1")
    replied = unless_refused(agents.replied(a_ticket(), impostor, NOW, "Hello."))
    assert (replied.by.kind, replied.ticket.first_response.answered_automatically) == (ActorKind.AGENT, False)
    linked = incidents.linked(replied.ticket, a_match(), None, NOW, None)
    assert linked.by.kind is ActorKind.FOREWARN
    assert linked.link is not None
    undone = unless_refused(incidents.unlinked(linked.ticket, ADA, NOW, linked.link, "no"))
    assert (undone.ticket.first_response.stopped_at, undone.clock_starts) == (NOW, False)


def test_every_act_says_of_what_kind_who_acts_is() -> None:
    answered = incidents.linked(a_ticket(), a_match(), ANSWER, NOW, None)
    assert (answered.by.kind, answered.ticket.first_response.answered_automatically) == (ActorKind.FOREWARN, True)
    request = Request("m", "t", "c-1", "form", "", "", None, "normal", None, NOW, None, taken_by="ada")
    opened = customers.opened(request, 1001, a_clock(), NOW)
    assert (opened.by, opened.detail) == (CUSTOMER, {"channel": "form", "taken_by": "ada"})
    assert time.rested(a_ticket(status=Status.RESOLVED), NOW).by.kind is ActorKind.FOREWARN  # type: ignore[union-attr]


def test_undoing_a_link_gives_the_promise_back_unless_a_person_has_kept_it() -> None:
    answered = incidents.linked(a_ticket(), a_match(), ANSWER, NOW, None)
    assert answered.link is not None
    undone = incidents.unlinked(answered.ticket, ADA, NOW + minutes(1), answered.link, "no")
    assert isinstance(undone, Change)
    assert (undone.ticket.first_response, undone.clock_starts, undone.ticket.status) == (a_clock(), True, Status.OPEN)
    by_person = a_ticket(incident_id="i-1", first_response=a_clock(stopped_at=NOW, answered_by="ada"))
    kept = incidents.unlinked(by_person, ADA, NOW + minutes(1), answered.link, "no")
    assert isinstance(kept, Change)
    assert (kept.ticket.first_response.stopped_at, kept.clock_starts) == (NOW, False)


def test_a_subject_of_several_lines_makes_a_reply_of_one() -> None:
    changed = agents.replied(a_ticket(subject="Cannot\r\nBcc: everybody"), ADA, NOW, "Hello.")
    assert isinstance(changed, Change)
    assert changed.message is not None
    assert changed.message.subject == "Re: Cannot Bcc: everybody [#1042]"


def test_every_act_on_a_closed_ticket_is_refused() -> None:
    closed, request = a_ticket(status=Status.CLOSED), Request("m", "t", "c-1", "form", "", "", None, "normal", None, NOW, None)
    link = incidents.linked(a_ticket(), a_match(), ANSWER, NOW, None).link
    assert link is not None
    refused = [
        customers.wrote(closed, request, NOW),
        incidents.unlinked(closed, ADA, NOW, link, "no"),
        agents.accepted(closed, ADA, NOW, a_match(), ANSWER),
        agents.assigned(closed, ADA, NOW, "ada"),
        agents.assigned(closed, ADA, NOW, None),
        agents.replied(closed, ADA, NOW, "Hello."),
        agents.resolved(closed, ADA, NOW, "Done."),
        agents.reopened(closed, ADA, NOW, "No."),
    ]
    acts = [each.act for each in refused if isinstance(each, Refused)]
    assert acts == [Act.WRITE, Act.UNLINK, Act.LINK, Act.ASSIGN, Act.UNASSIGN, Act.REPLY, Act.RESOLVE, Act.REOPEN]


LIFE = (
    "linked",
    "accepted",
    "suggested",
    "released",
    "wrote",
    "replied",
    "assigned",
    "unassigned",
    "resolved",
    "reopened",
    "ended",
    "unlinked",
    "checked",
    "rested",
)


def outcomes(ticket: Ticket, number: int, now: datetime, link: Link | None) -> dict[str, Change | Refused | None]:
    """Returns what each act would make of the ticket now."""
    person, request = Actor("ada", str(number)), Request(str(number), "", "c-1", "form", "", "", None, "normal", None, now, None)
    made = {
        "wrote": customers.wrote(ticket, request, now),
        "replied": agents.replied(ticket, person, now, "Hello."),
        "assigned": agents.assigned(ticket, person, now, "ada"),
        "unassigned": agents.assigned(ticket, person, now, None),
        "resolved": agents.resolved(ticket, person, now, "Done."),
        "reopened": agents.reopened(ticket, person, now, "No."),
        "checked": clock.checked(ticket, now),
    }
    if ticket.status in (Status.WAITING, Status.RESOLVED):
        made["rested"] = time.rested(ticket, now)
    if ticket.incident_id is None and ticket.status in UNRESOLVED:
        made["linked"] = incidents.linked(ticket, Match(an_incident(id=f"i-{number}"), 1.0, ()), ANSWER, now, None)
        made["suggested"] = incidents.suggested(ticket, [a_match()], now)
        made["accepted"] = agents.accepted(ticket, person, now, Match(an_incident(), 1.0, ()), ANSWER)
    if ticket.incident_id is not None and ticket.status in UNRESOLVED:
        made["ended"] = incidents.ended(ticket, an_incident(id=ticket.incident_id), End(Ending.RESOLVED, now, 1), True, now, None)
    if ticket.incident_id is not None and link is not None:
        if ticket.status in UNRESOLVED:
            made["released"] = incidents.released(ticket, link, End(Ending.DISMISSED, now, number), now)
        made["unlinked"] = incidents.unlinked(ticket, person, now, link, "no")
    return made


@given(st.lists(st.tuples(st.sampled_from(LIFE), st.integers(0, 300)), max_size=25))
def test_whatever_a_ticket_lives_through_it_stays_whole(life: list[tuple[str, int]]) -> None:
    ticket, link, now, facts = a_ticket(), None, NOW, list[Fact]()
    for number, (act, later) in enumerate(life):
        now += timedelta(minutes=later, seconds=1)
        changed = outcomes(ticket, number, now, link).get(act)
        if not isinstance(changed, Change):
            continue
        assert ticket.status is not Status.CLOSED
        ticket, link = changed.ticket, changed.link or link
        facts += changed.facts
        running = ticket.first_response
        assert (ticket.resolved_at is not None) == (ticket.status in (Status.RESOLVED, Status.CLOSED))
        assert ticket.status not in (Status.RESOLVED, Status.CLOSED) or running.stopped_at is not None
        assert running.breached_at in (None, running.due_at)
        assert running.stopped_at is None or running.stopped_at < running.due_at or running.breached_at is not None
    assert len({fact.id for fact in facts}) == len(facts)
    assert sum(isinstance(fact, TicketSlaBreached) for fact in facts) == (ticket.first_response.breached_at is not None)
