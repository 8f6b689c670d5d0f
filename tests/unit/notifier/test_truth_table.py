"""Where two rules object at once, one reason wins: the table says which, and that no other two can."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import combinations, product
from typing import Any

import pytest

from services.notifier.audience import Preferences
from services.notifier.deciding.decision import Hold, Send, Waiting
from services.notifier.deciding.digest import TOGETHER, Digest
from services.notifier.deciding.experiment import Experiment
from services.notifier.deciding.order import RULES, decide
from services.notifier.deciding.quiet import QuietHours
from services.notifier.incident import Incident
from services.notifier.maintenance import PeriodStatus
from services.notifier.notification import Kind, Notification, Reason
from services.notifier.permission import Gate, Mode, Permission, Scope, Step, Switch
from services.notifier.returning.brake import Cause, Counts, Paused
from services.notifier.situation import Arm, Situation, Turn
from tests.unit.notifier.builders import ADA, HOUR, MINUTE, NOW, OPEN, OVER, PERIOD, POLICY, notification, situation


@dataclass(frozen=True)
class Row:
    """One rule: the reason it gives, and which others it wins over when both object."""

    reason: Reason | Waiting
    over: tuple[str, ...] = ()


TRUTH = ("early", "stale", "superseded", "called_off", "over", "behind", "outdated", "too_soon", "answered")
ALLOWED = ("rehearsed", "unapproved")
LAST = (*ALLOWED, "quiet", "paused", "held_out")
# What is too old is held for no switch. Ends are never behind, outdated, capped or to be approved, advice to customers at risk is about
# no incident, who has no contact is told by no channel that could pause, no experiment holds out news or maintenance: they cannot be.
# Who was told at the same address, and whose turn it is, is asked only where nothing else objects, and the place only of who has a turn.
TABLE = {
    "erased": Row(Reason.ERASED, ("switched_off", "opted_out", "too_old", *TRUTH, "gathered", "capped", "no_contact", *LAST)),
    "switched_off": Row(Waiting.SWITCHED_OFF, ("opted_out", *TRUTH, "gathered", "capped", "no_contact", *LAST)),
    "opted_out": Row(Reason.OPTED_OUT, ("too_old", *TRUTH, "gathered", "capped", "no_contact", *LAST)),
    "too_old": Row(Reason.STALE, (*TRUTH, "gathered", "capped", "no_contact", *LAST)),
    "early": Row(Waiting.EARLY, ("stale", "gathered", "no_contact", "quiet", "paused")),
    "stale": Row(Reason.STALE, ("superseded", "behind", "outdated", "too_soon", "answered", "gathered", "capped", "no_contact", *LAST)),
    "superseded": Row(
        Reason.SUPERSEDED, ("called_off", "behind", "outdated", "too_soon", "gathered", "capped", "no_contact", *ALLOWED, "quiet", "paused")
    ),
    "called_off": Row(Reason.STALE, ("capped", "no_contact", *ALLOWED, "quiet", "paused")),
    "over": Row(Reason.STALE, ("capped", "no_contact", *LAST)),
    "behind": Row(Waiting.BEHIND, ("outdated", "too_soon", "answered", "gathered", "capped", "no_contact", *LAST)),
    "outdated": Row(Reason.STALE, ("too_soon", "answered", "gathered", "capped", "no_contact", *LAST)),
    "too_soon": Row(Waiting.HOLD_DOWN, ("answered", "gathered", "capped", "no_contact", *LAST)),
    "answered": Row(Reason.ANSWERED, ("gathered", "capped", "no_contact", *LAST)),
    "gathered": Row(Waiting.DIGEST, ("capped", *LAST)),
    "capped": Row(Reason.CAPPED, ("no_contact", *LAST)),
    "no_contact": Row(Reason.NO_CONTACT, (*ALLOWED, "held_out")),
    "rehearsed": Row(Reason.DRY_RUN, ("unapproved", "quiet", "paused", "held_out")),
    "unapproved": Row(Waiting.UNAPPROVED, ("quiet", "paused", "held_out")),
    "quiet": Row(Waiting.QUIET_HOURS, ("paused", "held_out")),
    "paused": Row(Waiting.PAUSED, ("held_out",)),
    "held_out": Row(Reason.HELD_OUT),
    "duplicate": Row(Reason.DUPLICATE),
    "spread": Row(Waiting.SPREAD),
}
HELD = ("early", "behind", "too_soon", "switched_off", "unapproved", "quiet", "paused", "spread", "gathered")
AT_NOON = QuietHours.model_validate({"from": "12:30", "to": "14:00"})  # in Berlin it is 13:00
ALL = Experiment(name="all", share=0.5, kinds=(Kind.GUIDANCE, Kind.OPENED))
QUIET = POLICY.model_copy(update={"quiet_hours": AT_NOON, "hold_down": 2 * MINUTE, "experiments": (ALL,), "digest": Digest()})
TOLD, HELD_OUT = {"all": Arm.TOLD}, {"all": Arm.HELD_OUT}
AWAKE = replace(ADA, timezone="America/New_York")
PAUSED = Paused("email", NOW, Cause.BOUNCES, Counts(500, 100, 0))
PAIRS = [(first, second) for first, row in TABLE.items() for second in row.over]


def notifications() -> Iterator[Notification]:
    """Yields one of each kind, just now, an hour and more than a day old, theirs still and theirs no more."""
    ticket: dict[str, Any] = {"ticket_id": "t-1", "ticket_number": 7}
    words = {"subject": "Re", "body": "Words"}
    given: list[tuple[Kind, dict[str, Any]]] = [
        *((Kind.OPENED, {}), (Kind.RESOLVED, {}), (Kind.RESOLVED, ticket)),
        *((Kind.ANSWER, ticket | words), (Kind.REPLY, ticket | words), (Kind.GUIDANCE, {"incident_id": None})),
        *((Kind.UPDATED, {}), (Kind.MAINTENANCE_CHANGED, {"incident_id": None, "period": "m-1/0"})),
    ]
    for (kind, fields), age, evidence in product(given, (MINUTE, HOUR, 25 * HOUR), (None, {"removed": True})):
        yield notification(kind, **{"about_at": NOW - age, "evidence": evidence, **fields})


def incidents() -> Iterator[Incident | None]:
    """Yields an unknown incident, and known ones: over, reopened, and open, failing lately or not, found in time or not, new or not."""
    yield from (None, OVER, replace(OPEN, ended_at=NOW))
    for failing_at, behind, age in product((NOW, NOW - 2 * HOUR), (0 * MINUTE, HOUR), (MINUTE, HOUR)):
        yield replace(OPEN, failing_at=failing_at, behind=behind, started_at=NOW - age)


def permissions() -> Iterator[Permission]:
    """Yields what people allow: switched off or not, in shadow or not, and an audience within its limit and above it."""
    off = Switch(Scope.RULE, "checkout-failing", Mode.OFF)
    for switches, (step, audience) in product(((), (off,)), ((Step.SHADOW, 1), (Step.AUTO_UP_TO, 1), (Step.AUTO_UP_TO, 501))):
        yield Permission(step, switches, Gate("i-1", 1, audience, 500))


def situations() -> Iterator[Situation]:
    """Yields every combination of what the rules ask for."""
    unreachable = replace(ADA, contacts=())
    chosen = (Preferences(), Preferences(incident=False, guidance=False))
    for about in notifications():
        known = list(incidents()) if about.incident_id else [None]
        if about.period is not None:
            yield from of_maintenance(about)
            continue
        tickets = (None, "t-1") if about.kind is Kind.OPENED else (None,)
        asked = product(known, chosen, (False, True), (0, 3), (ADA, AWAKE, unreachable), ((), (PAUSED,)), permissions(), tickets)
        lately = (None, NOW - MINUTE) if about.kind in TOGETHER else (None,)
        for (arms, last_told), of in product(product((TOLD, HELD_OUT), lately), asked):
            incident, wants, erased, recent, customer, paused, allowed, ticket = of
            given = {"incident": incident, "preferences": wants, "erased": erased, "recent": recent, "customer": customer}
            yield situation(about, **given, paused=paused, permission=allowed, answered_on=ticket, arms=arms, last_told=last_told)
    at_rest = situation(customer=AWAKE, incident=replace(OPEN, started_at=NOW - HOUR), arms=TOLD)
    yield from (replace(at_rest, told_by="n-2"), replace(at_rest, turn=Turn(NOW + MINUTE, "all", 100)))


def of_maintenance(about: Notification) -> Iterator[Situation]:
    """Yields what may be of a change of maintenance: it is the latest or not, and it still comes or does not."""
    unreachable = replace(ADA, contacts=())
    chosen = (Preferences(), Preferences(incident=False))
    stands = [replace(PERIOD, status=status, news=news) for status in (PeriodStatus.PLANNED, PeriodStatus.OVER) for news in (1, 2)]
    asked = product(stands, chosen, (False, True), (0, 3), (ADA, AWAKE, unreachable), ((), (PAUSED,)), permissions())
    for period, wants, erased, recent, customer, paused, allowed in asked:
        latest = replace(about, evidence={"news": 1, **(about.evidence or {})})
        given = {"incident": None, "preferences": wants, "erased": erased, "recent": recent, "customer": customer, "period": period}
        yield situation(latest, **given, paused=paused, permission=allowed)


def objecting(at: Situation) -> tuple[str, ...]:
    return tuple(rule.__name__ for rule in RULES if rule(at, QUIET))


BY_RULES = {objecting(at): at for at in situations()}  # one situation for each set of rules that object to it


def where(*rules: str) -> Situation:
    """Returns the situation to which these object, the first of them first of all, and as few others as can be."""
    found = [each for each in BY_RULES if each[:1] == rules[:1] and set(rules) <= set(each)]
    return BY_RULES[min(found, key=len)]


def test_the_table_has_every_rule_and_every_pair_that_can_object_at_once() -> None:
    assert set(TABLE) == {rule.__name__ for rule in RULES}
    assert {pair for rules in BY_RULES for pair in combinations(rules, 2)} == set(PAIRS)


@pytest.mark.parametrize("pair", PAIRS, ids=" before ".join)
def test_of_two_rules_the_table_says_whose_reason_wins(pair: tuple[str, str]) -> None:
    decision = decide(where(*pair), QUIET)
    assert not isinstance(decision, Send)
    assert decision.reason is TABLE[pair[0]].reason


@pytest.mark.parametrize("rule", TABLE)
def test_a_rule_that_objects_first_gives_its_own_reason(rule: str) -> None:
    decision = decide(where(rule), QUIET)
    assert not isinstance(decision, Send)
    assert decision.reason is TABLE[rule].reason
    assert isinstance(decision, Hold) is (rule in HELD)


def test_where_no_rule_objects_the_customer_is_told() -> None:
    assert isinstance(decide(BY_RULES[()], QUIET), Send)
