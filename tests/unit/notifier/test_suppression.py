"""Each rule objects on one side of its boundary and is silent on the other; the first that objects names the reason."""

from dataclasses import replace

import pytest

from services.notifier.audience import Contact, Customer, Preferences
from services.notifier.deciding.decision import Hold, Send, Suppressed, Waiting
from services.notifier.deciding.order import RULES, decide, objection
from services.notifier.deciding.rules.age import failing
from services.notifier.incident import Incident, IncidentStatus
from services.notifier.notification import ENDS, Kind, Reason
from services.notifier.permission import Mode, Permission, Scope, Switch
from services.notifier.situation import Situation
from tests.unit.notifier.builders import ADA, HOUR, MINUTE, NOW, OPEN, OVER, POLICY, SECOND, notification, situation

REOPENED = replace(OPEN, ended_at=NOW - MINUTE)
TICKET = {"ticket_id": "t-1", "ticket_number": 7, "subject": "Re", "body": "Words"}


def reason(at: Situation) -> Reason | None:
    objected = objection(at, POLICY)
    return objected.reason if isinstance(objected, Suppressed) else None


WHY = {
    "age_s": 60.0,
    "max_event_age_s": 86400.0,
    "purpose": "incident",
    "consent": "silence",
    "recent": 0,
    "cap": 3,
    "per_s": 3600.0,
    "last_failing_s": 60.0,
    "told_within_s": 900.0,
    "policy": POLICY.version,
}


def test_where_nothing_objects_the_customer_is_told_at_their_address() -> None:
    decision = decide(situation(), POLICY)
    assert decision == Send(Contact("email", "ada@example.org"), WHY)


def test_the_order_of_the_rules_is_the_order_of_the_reasons() -> None:
    names = [rule.__name__ for rule in RULES]
    assert names[:7] == ["erased", "switched_off", "opted_out", "too_old", "early", "stale", "superseded"]
    assert names[7:13] == ["called_off", "over", "behind", "outdated", "too_soon", "answered"]
    assert names[13:18] == ["gathered", "capped", "no_contact", "rehearsed", "unapproved"]
    assert names[18:] == ["quiet", "paused", "held_out", "duplicate", "spread"]
    named_otherwise = {"rehearsed": "dry_run"}
    held = (
        "switched_off",
        "too_old",
        "early",
        "called_off",
        "over",
        "behind",
        "outdated",
        "too_soon",
        "gathered",
        "quiet",
        "paused",
        "spread",
    )
    assert [named_otherwise.get(name, name) for name in names if name not in held] == [reason.value for reason in Reason]
    everything = situation(
        notification(about_at=NOW - 30 * HOUR),
        customer=Customer("c-1"),
        erased=True,
        preferences=Preferences(incident=False),
        incident=OVER,
        recent=9,
    )
    assert reason(everything) is Reason.ERASED


@pytest.mark.parametrize("kind", list(Kind))
def test_the_erased_are_told_nothing_whatever_it_is(kind: Kind) -> None:
    assert reason(situation(notification(kind, **TICKET), erased=True)) is Reason.ERASED


# ── consent ──────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("own", "directory", "told"),
    [
        (None, {}, True),
        (None, {"incident": True}, True),
        (None, {"incident": False}, False),
        (True, {"incident": False}, True),
        (False, {"incident": True}, False),
        (None, {"guidance": False}, True),
    ],
)
def test_the_customers_own_choice_counts_before_the_directorys(own: bool | None, directory: dict[str, bool], told: bool) -> None:
    at = situation(customer=replace(ADA, consent=directory), preferences=Preferences(incident=own))
    assert (reason(at) is None) is told
    if not told:
        assert reason(at) is Reason.OPTED_OUT


def test_replies_need_no_consent() -> None:
    out = Preferences(incident=False)
    assert reason(situation(notification(Kind.ANSWER, **TICKET), preferences=out)) is None
    assert reason(situation(notification(Kind.RESOLVED, **TICKET), preferences=out, incident=OVER)) is None
    assert reason(situation(notification(Kind.RESOLVED), preferences=out, incident=OVER)) is Reason.OPTED_OUT


def test_guidance_has_a_consent_of_its_own() -> None:
    guidance = notification(Kind.GUIDANCE, incident_id=None)
    assert reason(situation(guidance, incident=None, preferences=Preferences(incident=False))) is None
    assert reason(situation(guidance, incident=None, preferences=Preferences(guidance=False))) is Reason.OPTED_OUT


# ── truth and age ────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("kind", [Kind.OPENED, Kind.ANSWER, Kind.REPLY])
def test_what_is_a_day_old_is_told_and_what_is_older_is_not(kind: Kind) -> None:
    ticket = {} if kind is Kind.OPENED else TICKET
    goes_on = replace(OPEN, failing_at=NOW)
    assert reason(situation(notification(kind, about_at=NOW - 24 * HOUR, **ticket), incident=goes_on)) is None
    assert reason(situation(notification(kind, about_at=NOW - 24 * HOUR - SECOND, **ticket), incident=goes_on)) is Reason.STALE


def test_what_is_being_tried_is_told_for_as_long_as_its_channel_tries() -> None:
    reply, ttls = {**TICKET, "created_at": NOW - 73 * HOUR}, {"email": 72 * HOUR}
    for age, told in ((24 * HOUR + SECOND, True), (72 * HOUR, True), (72 * HOUR + SECOND, False)):
        begun = notification(Kind.REPLY, about_at=NOW - age, dated_at=NOW - age, **reply)
        assert (reason(situation(begun, ttls=ttls)) is None) is told
        assert reason(situation(begun)) is Reason.STALE, "24 h in notifications.yml, where the channel says nothing"
    waiting = notification(Kind.REPLY, about_at=NOW - 25 * HOUR, **reply)
    assert reason(situation(waiting, ttls=ttls)) is Reason.STALE, "no try of it has begun"
    entered_anew = notification(Kind.REPLY, about_at=NOW - 25 * HOUR, dated_at=NOW - 25 * HOUR, **{**reply, "created_at": NOW - HOUR})
    assert reason(situation(entered_anew, ttls=ttls)) is Reason.STALE, "the try was of an earlier entry"


def test_what_is_being_tried_is_held_by_a_switch_until_its_channel_would_give_up() -> None:
    off = Permission(switches=(Switch(Scope.ALL, "", Mode.OFF),))
    begun = notification(Kind.REPLY, **TICKET, about_at=NOW - 30 * HOUR, created_at=NOW - 30 * HOUR, dated_at=NOW - 30 * HOUR)
    held = decide(situation(begun, permission=off, ttls={"email": 72 * HOUR}), POLICY)
    assert isinstance(held, Hold)
    assert held.until == NOW + 42 * HOUR + SECOND


def test_trouble_that_is_over_is_not_announced_and_an_all_clear_only_while_it_is_over() -> None:
    assert reason(situation(notification(Kind.OPENED), incident=OVER)) is Reason.STALE
    assert reason(situation(notification(Kind.RESOLVED), incident=OVER)) is None
    assert reason(situation(notification(Kind.RESOLVED), incident=REOPENED)) is Reason.STALE


@pytest.mark.parametrize("end", [Kind.RESOLVED, Kind.WITHDRAWN, Kind.DISMISSED])
def test_of_the_three_ends_only_the_one_that_came_is_told(end: Kind) -> None:
    ended = replace(OVER, status=IncidentStatus(end.value))
    assert [kind for kind in ENDS if reason(situation(notification(kind), incident=ended)) is None] == [end]
    assert reason(situation(notification(Kind.OPENED), incident=ended)) is Reason.STALE
    untold = objection(situation(notification(end), incident=replace(ended, tell=False)), POLICY)
    assert untold == Suppressed(Reason.STALE, {"incident": end.value, "tell": False})


def test_an_end_in_our_words_is_measured_by_the_incident_on_a_ticket_too() -> None:
    on_ticket = notification(Kind.RESOLVED, ticket_id="t-1", ticket_number=7)
    assert reason(situation(on_ticket, incident=OVER)) is None
    assert reason(situation(on_ticket, incident=REOPENED)) is Reason.STALE


@pytest.mark.parametrize(("incident", "status"), [(OPEN, IncidentStatus.OPEN), (None, "unknown")])
def test_an_end_that_a_ticket_hears_of_first_waits_for_the_incident(incident: Incident | None, status: str) -> None:
    on_ticket = notification(Kind.RESOLVED, ticket_id="t-1", ticket_number=7)
    assert objection(situation(on_ticket, incident=incident), POLICY) == Hold(
        NOW + MINUTE, Waiting.EARLY, {"incident": status}, awaits_incident=True
    )


def test_an_end_is_as_old_as_the_incident_says_and_not_as_the_ticket_that_followed_it() -> None:
    on_ticket = notification(Kind.RESOLVED, ticket_id="t-1", ticket_number=7)
    assert reason(situation(on_ticket, incident=replace(OVER, ended_at=NOW - 24 * HOUR))) is None
    assert reason(situation(on_ticket, incident=replace(OVER, ended_at=NOW - 24 * HOUR - SECOND))) is Reason.STALE


# ── old trouble is not news ──────────────────────────────────────────────────────────────────


def test_while_monitor_is_more_than_a_minute_behind_it_is_held_and_decided_again_when_more_is_said() -> None:
    assert decide(situation(incident=replace(OPEN, behind=MINUTE)), POLICY) == decide(situation(), POLICY)
    held = objection(situation(incident=replace(OPEN, behind=MINUTE + SECOND)), POLICY)
    assert held == Hold(NOW + MINUTE, Waiting.BEHIND, {"behind_s": 61.0, "hold_when_behind_s": 60.0}, awaits_incident=True)


def test_what_is_held_is_looked_at_less_and_less_often() -> None:
    pauses = []
    for waited in (MINUTE, 20 * MINUTE, 5 * HOUR):
        decision = decide(situation(notification(created_at=NOW - waited), incident=replace(OPEN, behind=HOUR)), POLICY)
        assert isinstance(decision, Hold)
        pauses.append(decision.until - NOW)
    assert pauses == [MINUTE, 5 * MINUTE, 10 * MINUTE]


def test_what_is_told_as_failing_was_true_within_a_quarter_of_an_hour_for_the_customer_or_for_the_incident() -> None:
    just, older = NOW - 15 * MINUTE, NOW - 15 * MINUTE - SECOND
    assert reason(situation(notification(about_at=just))) is None
    assert reason(situation(notification(about_at=older), incident=replace(OPEN, failing_at=just))) is None
    neither = situation(notification(about_at=older - HOUR), incident=replace(OPEN, failing_at=older))
    assert objection(neither, POLICY) == Suppressed(Reason.STALE, {"last_failing_s": 901.0, "told_within_s": 900.0}, awaits_incident=True)


def test_an_incident_that_fell_silent_is_not_told_as_failing() -> None:
    silent = objection(situation(incident=replace(OPEN, failing_at=NOW, silent_since=NOW - HOUR)), POLICY)
    assert silent == Suppressed(Reason.STALE, {"incident": "silent", "silent_s": 3600.0}, awaits_incident=True)


@pytest.mark.parametrize("old", [replace(OPEN, behind=HOUR), replace(OPEN, failing_at=NOW - 2 * HOUR), replace(OPEN, silent_since=NOW)])
def test_ends_and_replies_are_neither_held_nor_outdated(old: Incident) -> None:
    over = replace(old, status=IncidentStatus.RESOLVED)
    assert isinstance(decide(situation(notification(Kind.RESOLVED, about_at=NOW - HOUR), incident=over), POLICY), Send)
    for kind in (Kind.ANSWER, Kind.REPLY, Kind.RESOLVED):
        assert isinstance(decide(situation(notification(kind, about_at=NOW - HOUR, **TICKET), incident=old), POLICY), Send)


def test_an_incident_makes_it_true_anew_only_while_it_is_seen_failing() -> None:
    fresh = replace(OPEN, failing_at=NOW - 15 * MINUTE)
    assert failing(fresh, POLICY, NOW)
    untrue = [
        replace(fresh, status=IncidentStatus.RESOLVED),
        replace(fresh, behind=MINUTE + SECOND),
        replace(fresh, silent_since=NOW),
        replace(fresh, failing_at=None),
        replace(fresh, failing_at=NOW - 15 * MINUTE - SECOND),
    ]
    assert not any(failing(incident, POLICY, NOW) for incident in untrue)


def test_an_incident_nobody_announced_cannot_be_known_to_go_on() -> None:
    assert objection(situation(incident=None), POLICY) == Suppressed(Reason.STALE, {"incident": "unknown"}, awaits_incident=True)


def test_a_reply_is_brought_whatever_has_become_of_the_incident() -> None:
    for incident in (OPEN, OVER, None):
        assert reason(situation(notification(Kind.ANSWER, **TICKET), incident=incident)) is None
        assert reason(situation(notification(Kind.RESOLVED, **TICKET), incident=incident)) is None


# ── caps ─────────────────────────────────────────────────────────────────────────────────────


def test_the_third_within_the_hour_is_told_and_the_fourth_is_not() -> None:
    assert reason(situation(recent=2)) is None
    assert objection(situation(recent=3), POLICY) == Suppressed(Reason.CAPPED, {"recent": 3, "cap": 3, "per_s": 3600.0})


def test_the_all_clear_and_replies_are_not_capped() -> None:
    assert reason(situation(notification(Kind.RESOLVED), incident=OVER, recent=9)) is None
    assert reason(situation(notification(Kind.ANSWER, **TICKET), recent=9)) is None


def test_what_may_have_been_sent_before_has_its_slot_already() -> None:
    assert reason(situation(notification(sent_at=NOW - MINUTE), recent=3)) is None


# ── where to ─────────────────────────────────────────────────────────────────────────────────


def test_an_unknown_customer_is_waited_for_so_long_and_no_longer() -> None:
    before = situation(notification(created_at=NOW - 15 * MINUTE + SECOND), customer=None)
    after = situation(notification(created_at=NOW - 15 * MINUTE), customer=None)
    assert isinstance(decide(before, POLICY), Hold)
    assert objection(after, POLICY) == Suppressed(Reason.NO_CONTACT, {"customer": "unknown", "waited_s": 900.0})


def test_an_unknown_customer_is_looked_for_soon_and_then_less_often() -> None:
    pauses = []
    for waited in (0 * SECOND, 20 * SECOND, 10 * MINUTE):
        decision = decide(situation(notification(created_at=NOW - waited), customer=None), POLICY)
        assert isinstance(decision, Hold)
        pauses.append(decision.until - NOW)
    assert pauses == [SECOND, 5 * SECOND, MINUTE]


@pytest.mark.parametrize(
    "contacts",
    [
        (),
        (Contact("sms", "+49 30 1234"),),
        (Contact("email", "not an address"),),
        (Contact("email", "ada@example.org", bad=True),),
    ],
)
def test_a_customer_without_a_usable_address_is_not_waited_for(contacts: tuple[Contact, ...]) -> None:
    assert reason(situation(customer=replace(ADA, contacts=contacts))) is Reason.NO_CONTACT
