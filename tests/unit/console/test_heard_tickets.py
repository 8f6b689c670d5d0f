"""What a fact makes of a ticket in the read model: its state, its conversation, its suggestions, and its line in the time line."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from services.console.hearing.ticket import TicketFact, after, line_of, message_of, suggestions_of
from services.console.store.messages import Message
from services.console.store.suggestions import Suggestion
from services.console.store.tickets import Ticket
from shared.events import (
    TicketAssigned,
    TicketClosed,
    TicketLinked,
    TicketOpened,
    TicketRated,
    TicketReceived,
    TicketReopened,
    TicketReplied,
    TicketResolved,
    TicketSlaBreached,
    TicketSlaWarning,
    TicketState,
    TicketSuggested,
    TicketUnlinked,
)
from shared.events.tickets import Suggested
from tests.builders import NOON

WHOSE: dict[str, Any] = {"ticket_id": "t-1", "number": 7, "customer_id": "c-1"}


def minutes(many: int) -> datetime:
    return NOON + timedelta(minutes=many)


def said(fact: Any, at: int, /, **data: Any) -> Any:
    """Returns a fact of that kind about the ticket, so many minutes after noon."""
    return fact.of(fact.Data(**WHOSE, **data), subject="t-1", at=minutes(at), unique=at)


def opened(**more: Any) -> TicketOpened:
    about = {"channel": "form", "subject": "Cannot pay", "component": "checkout", "priority": "high", "opened_at": NOON}
    fact: TicketOpened = said(TicketOpened, 0, **about, **more)
    return fact


def replied(at: int, kind: str = "reply", **more: Any) -> TicketReplied:
    about = {"reply_id": f"m-{at}", "author": "ada", "subject": "Re: Cannot pay", "body": "We look.", "replied_at": minutes(at)}
    fact: TicketReplied = said(TicketReplied, at, kind=kind, **about, **more)
    return fact


def received(at: int, **more: Any) -> TicketReceived:
    about = {"message_id": f"w-{at}", "channel": "form", "subject": "Cannot pay", "body": "It hangs.", "written_at": minutes(at)}
    fact: TicketReceived = said(TicketReceived, at, **about, **more)
    return fact


def told(*facts: TicketFact) -> Ticket:
    known = None
    for fact in facts:
        known = after(known, fact)
    assert known is not None
    return known


# ── facts that say how the ticket stands ─────────────────────────────────────────────────────

STATE: dict[str, Any] = {
    **{"status": "waiting", "channel": "chat", "subject": "Other", "component": None, "priority": "low", "assignee": "bob"},
    **{"incident_id": "i-1", "opened_at": NOON, "due_at": minutes(60), "responded_at": minutes(1), "responded_by": "forewarn"},
    "responded_automatically": True,
}


@pytest.mark.parametrize("fact", [opened(state=TicketState(**STATE)), replied(1, state=TicketState(**STATE))])
def test_the_state_that_a_fact_repeats_is_taken_as_it_is(fact: TicketFact) -> None:
    it = told(fact)
    assert {name: getattr(it, name) for name in STATE} == STATE
    assert it.changed_at == fact.time


def test_what_a_state_has_no_longer_is_gone() -> None:
    before, now = TicketState(**STATE, resolved_at=minutes(2)), TicketState(**STATE | {"assignee": None, "incident_id": None})
    it = told(opened(state=before), replied(3, state=now))
    assert (it.assignee, it.incident_id, it.resolved_at) == (None, None, None)


# ── facts of older versions ──────────────────────────────────────────────────────────────────


def test_without_a_state_each_fact_moves_the_ticket_by_what_it_says() -> None:
    it = told(opened())
    assert (it.status, it.channel, it.subject, it.component, it.priority) == ("open", "form", "Cannot pay", "checkout", "high")
    it = told(opened(), said(TicketAssigned, 1, agent="bob"))
    assert (it.status, it.assignee) == ("in_progress", "bob")
    it = told(opened(), said(TicketAssigned, 1, agent="bob"), said(TicketAssigned, 2, agent=None))
    assert (it.status, it.assignee) == ("open", None)
    assert told(opened(), said(TicketLinked, 1, incident_id="i-1", reasons=())).incident_id == "i-1"
    resolved = said(TicketResolved, 1, resolution="done", resolved_at=minutes(1))
    it = told(opened(), resolved)
    assert (it.status, it.resolved_at) == ("resolved", minutes(1))
    it = told(opened(), resolved, said(TicketReopened, 2, reason="", reopened_at=NOON))
    assert (it.status, it.resolved_at, it.reopened) == ("open", None, 1)


@pytest.mark.parametrize(
    ("before", "kind", "status"),
    [
        ([], "answer", "waiting"),
        ([], "reply", "waiting"),
        ([said(TicketAssigned, 1, agent="bob")], "answer", "in_progress"),
        ([said(TicketAssigned, 1, agent="bob")], "reply", "waiting"),
        ([said(TicketResolved, 1, resolution="", resolved_at=NOON)], "reply", "resolved"),
    ],
)
def test_without_a_state_a_reply_has_an_open_ticket_wait_for_its_customer(before: list[TicketFact], kind: str, status: str) -> None:
    assert told(opened(), *before, replied(2, kind)).status == status


def test_without_a_state_the_first_response_counts_and_whether_a_person_gave_it() -> None:
    it = told(opened(), replied(1, "answer"), replied(2))
    assert (it.responded_at, it.responded_automatically, it.person_responded_at) == (minutes(1), True, minutes(2))


@pytest.mark.parametrize(("clock", "counts"), [("first_response", True), ("next_response", False), ("resolution", False)])
def test_without_a_state_only_the_promise_of_a_first_response_is_shown(clock: str, counts: bool) -> None:
    of = {"clock": clock, "due_at": minutes(60)}
    it = told(opened(), said(TicketSlaWarning, 50, **of), said(TicketSlaBreached, 60, **of))
    assert (it.warned_at, it.breached_at, it.due_at) == ((minutes(50), minutes(60), minutes(60)) if counts else (None, None, None))


# ── what no state repeats ────────────────────────────────────────────────────────────────────


def test_the_latest_word_is_the_one_that_was_written_last_and_not_the_one_that_was_heard_last() -> None:
    it = told(opened(), replied(5), received(3))
    assert (it.last_word_at, it.last_word_side) == (minutes(5), "support")
    assert told(opened(), replied(3), received(5)).last_word_side == "customer"


def test_a_persons_first_reply_is_the_earliest_and_no_automatic_answer() -> None:
    assert told(opened(), replied(5), replied(3)).person_responded_at == minutes(3)
    assert told(opened(), replied(1, "answer")).person_responded_at is None
    assert told(opened(), replied(1, by="ada", actor="agent")).person_responded_at == minutes(1)
    assert told(opened(), replied(1, by="forewarn", actor="forewarn")).person_responded_at is None


@pytest.mark.parametrize(
    "fact", [said(TicketClosed, 9, closed_at=NOON), said(TicketRated, 9, score=5), said(TicketSuggested, 9, incidents=())]
)
def test_other_facts_move_nothing_but_the_moment(fact: TicketFact) -> None:
    before = told(opened(), replied(2))
    now = told(opened(), replied(2), fact)
    assert (now.changed_at, now.last_word_at, now.status) == (minutes(9), before.last_word_at, before.status)


# ── beside the ticket ────────────────────────────────────────────────────────────────────────


def test_what_a_customer_and_what_support_wrote_are_messages_and_nothing_else_is() -> None:
    about = ("Cannot pay", "It hangs.")
    assert message_of(received(1)) == Message("w-1", "t-1", minutes(1), "customer", "customer", "request", *about)
    assert message_of(received(1, by="bob")) == Message("w-1", "t-1", minutes(1), "customer", "bob", "request", *about)
    words = ("Re: Cannot pay", "We look.", "i-1")
    assert message_of(replied(2, "answer", incident_id="i-1")) == Message("m-2", "t-1", minutes(2), "support", "ada", "answer", *words)
    assert message_of(opened()) is None


def test_incidents_are_suggested_until_one_is_linked_or_refused() -> None:
    likely = Suggested(incident_id="i-1", score=0.7, reasons=("same component",))
    assert suggestions_of(said(TicketSuggested, 1, incidents=(likely,))) == {
        ("t-1", "i-1"): Suggestion(0.7, ("same component",), minutes(1))
    }
    assert suggestions_of(said(TicketLinked, 2, incident_id="i-1", reasons=())) == {("t-1", "i-1"): None}
    assert suggestions_of(said(TicketUnlinked, 2, incident_id="i-1", verdict="")) == {("t-1", "i-1"): None}
    assert suggestions_of(opened()) == {}


@pytest.mark.parametrize(
    ("fact", "who"),
    [
        (replied(1), "ada"),  # of an older version: a reply is a person's
        (replied(1, "answer"), None),
        (replied(1, by="bob", actor="agent"), "bob"),
        (replied(1, by="forewarn", actor="forewarn"), None),
        (said(TicketAssigned, 1, agent="bob", by="c-1", actor="customer"), None),
        (opened(), None),
    ],
)
def test_the_time_line_names_the_person_of_support_who_did_it(fact: TicketFact, who: str | None) -> None:
    assert line_of(fact).who == who


def test_words_that_may_quote_the_customer_stand_apart_from_the_figures_of_a_line() -> None:
    line = line_of(said(TicketRated, 1, score=2, comment="I am Ada, and it hangs."))
    assert (line.what, line.detail, line.words) == ("ticket.rated", {"score": 2}, ("I am Ada, and it hangs.",))
    line = line_of(said(TicketLinked, 1, incident_id="i-1", reasons=("same component", "same hour")))
    assert (line.incident_id, line.detail, line.words) == ("i-1", {}, ("same component", "same hour"))


def test_a_line_is_in_the_time_line_of_the_incident_that_the_ticket_is_linked_to() -> None:
    assert line_of(received(1)).incident_id is None
    assert line_of(received(1, state=TicketState(**STATE))).incident_id == "i-1"
    assert line_of(said(TicketUnlinked, 1, incident_id="i-2", verdict="", state=TicketState(**STATE))).incident_id == "i-2"
