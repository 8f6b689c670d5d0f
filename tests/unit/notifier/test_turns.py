"""Only so many are told in a minute: the others get a turn in one of the next minutes."""

from dataclasses import replace
from datetime import timedelta

import pytest

from services.notifier.audience import Contact
from services.notifier.deciding.decision import Hold, Send, Suppressed, Waiting
from services.notifier.deciding.order import decide
from services.notifier.deciding.policy import Caps
from services.notifier.deciding.turns import AT_MOST, Limit, of_all, of_incident, turn_of
from services.notifier.notification import Kind, Reason
from services.notifier.situation import Turn
from services.notifier.store.places import place_of
from tests.unit.notifier.builders import MINUTE, NOW, OPEN, OVER, POLICY, SECOND, notification, situation

LIMIT = Limit("all", 3)
TICKET = {"ticket_id": "t-1", "ticket_number": 7, "subject": "Re", "body": "Words"}
CRITICAL = replace(OPEN, severity="critical")


def test_so_many_go_now_and_as_many_in_each_of_the_next_minutes() -> None:
    turns = [turn_of(place, LIMIT, NOW) for place in range(8)]
    assert turns[:3] == [None] * 3
    assert [turn.at for turn in turns[3:] if turn] == [NOW + MINUTE] * 3 + [NOW + 2 * MINUTE] * 2


def test_nobody_is_put_off_for_longer_than_a_few_minutes_at_once() -> None:
    far = turn_of(10**9, LIMIT, NOW)
    assert far is not None
    assert far.at == NOW + AT_MOST * MINUTE


def test_whoever_has_a_later_turn_is_held_until_then() -> None:
    later = Turn(NOW + MINUTE, "incident i-1", 3)
    why = {"limit": "incident i-1", "per_minute": 3, "waits_for": Waiting.SPREAD, "policy": POLICY.version}
    assert decide(situation(turn=later), POLICY) == Hold(NOW + MINUTE, Waiting.SPREAD, why)


def test_what_is_said_first_is_limited_by_incident_and_in_all_and_critical_incidents_wait_for_no_others() -> None:
    caps = Caps(incident_per_minute=100, all_per_minute=500)
    assert of_incident(situation(), caps) == Limit("incident i-1", 100)
    assert of_all(situation(), caps) == Limit("all", 500)
    assert of_all(situation(incident=CRITICAL), caps) == Limit("critical", 500)
    advice = situation(notification(Kind.GUIDANCE, incident_id=None), incident=None)
    assert (of_incident(advice, caps), of_all(advice, caps)) == (None, Limit("all", 500))


def test_replies_are_not_limited_and_as_shipped_nothing_is() -> None:
    caps = Caps(incident_per_minute=100, all_per_minute=500)
    reply = situation(notification(Kind.ANSWER, **TICKET))
    assert (of_incident(reply, caps), of_all(reply, caps)) == (None, None)
    assert (of_incident(situation(), POLICY.caps), of_all(situation(), POLICY.caps)) == (None, None)


# ── what may be over soon ────────────────────────────────────────────────────────────────────

PATIENT = POLICY.model_copy(update={"hold_down": MINUTE})


@pytest.mark.parametrize(("age", "held"), [(59 * SECOND, True), (60 * SECOND, False)])
def test_what_has_begun_just_now_is_held_until_it_has_lasted(age: timedelta, held: bool) -> None:
    decision = decide(situation(incident=replace(OPEN, started_at=NOW - age)), PATIENT)
    why = {"since_start_s": 59.0, "hold_down_s": 60.0, "waits_for": Waiting.HOLD_DOWN, "policy": PATIENT.version}
    assert decision == Hold(NOW + SECOND, Waiting.HOLD_DOWN, why, awaits_incident=True) if held else isinstance(decision, Send)


def test_neither_what_is_critical_nor_an_end_nor_a_reply_waits_for_it() -> None:
    new = replace(OPEN, started_at=NOW)
    assert isinstance(decide(situation(incident=replace(new, severity="critical")), PATIENT), Send)
    assert isinstance(decide(situation(notification(Kind.RESOLVED), incident=replace(OVER, started_at=NOW)), PATIENT), Send)
    assert isinstance(decide(situation(notification(Kind.ANSWER, **TICKET), incident=new), PATIENT), Send)
    assert isinstance(decide(situation(incident=new), POLICY), Send), "as shipped nothing does"


# ── told otherwise ───────────────────────────────────────────────────────────────────────────


def test_who_was_told_on_a_ticket_or_at_the_same_address_is_not_told_again() -> None:
    assert decide(situation(answered_on="t-1"), POLICY) == Suppressed(Reason.ANSWERED, {"ticket": "t-1", "policy": POLICY.version})
    assert decide(situation(told_by="n-2"), POLICY) == Suppressed(Reason.DUPLICATE, {"told_by": "n-2", "policy": POLICY.version})


def test_a_place_is_an_address_and_what_is_told_there() -> None:
    ada = Contact("email", "ada@example.org")
    place = place_of("i-1", Kind.OPENED, ada)
    assert place == place_of("i-1", Kind.OPENED, Contact("email", "Ada@Example.org", role="billing"))
    others = [
        place_of("i-2", Kind.OPENED, ada),
        place_of("i-1", Kind.RESOLVED, ada),
        place_of("i-1", Kind.OPENED, Contact("sms", "ada@example.org")),
        place_of("i-1", Kind.OPENED, Contact("email", "eva@example.org")),
    ]
    assert len({place, *others}) == 5
