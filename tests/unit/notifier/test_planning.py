"""After a try a notification is settled, or tried again at a moment."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from services.notifier.audience import Contact
from services.notifier.channels.outcome import Delivered, Failed, Refusal, Retry, Trouble
from services.notifier.channels.webhook.channel import Webhook
from services.notifier.channels.webhook.retrying import TTL
from services.notifier.deciding.decision import Send
from services.notifier.deciding.order import decide
from services.notifier.deciding.planning import Again, Patience, Settled, after, expired
from services.notifier.notification import Attempt, Kind, Notification, Status
from tests.unit.notifier.builders import ADA, HOUR, MINUTE, NOW, OVER, POLICY, SECOND, notification, situation

ENDPOINT = replace(ADA, contacts=(Contact("webhook", "https://shop.example/hook"),))
DEFERRED = Retry(None, Trouble.DEFERRED, "450 4.2.1")
AWAY = Retry(None, Trouble.UNREACHABLE, "SMTPConnectError")
UNKNOWN = Retry(None, Trouble.UNKNOWN, "SMTPServerDisconnected")


def tried(trouble: Trouble, times: int) -> tuple[Attempt, ...]:
    return (Attempt(NOW, "retry", trouble, ""),) * times


def pause(about: Notification, outcome: Retry = DEFERRED, now: datetime = NOW) -> timedelta:
    step = after(about, outcome, now, POLICY)
    assert isinstance(step, Again)
    return step.at - now


def test_what_was_put_off_is_tried_after_1_5_15_and_30_minutes() -> None:
    pauses = [pause(notification(attempts=tried(Trouble.DEFERRED, before))) for before in range(4)]
    assert pauses == [MINUTE, 5 * MINUTE, 15 * MINUTE, 30 * MINUTE]


def test_later_tries_are_30_to_60_minutes_apart_and_not_all_at_once() -> None:
    later = [pause(notification(id=f"n-{n}", attempts=tried(Trouble.DEFERRED, 4))) for n in range(50)]
    assert all(30 * MINUTE <= each < 60 * MINUTE for each in later)
    assert len(set(later)) > 40
    assert later == [pause(notification(id=f"n-{n}", attempts=tried(Trouble.DEFERRED, 4))) for n in range(50)], "the same after a restart"


def test_a_server_that_is_away_is_asked_after_a_second_then_doubling_to_half_a_minute() -> None:
    pauses = [pause(notification(attempts=tried(Trouble.UNREACHABLE, before)), AWAY) for before in range(8)]
    assert pauses == [n * SECOND for n in (1, 2, 4, 8, 16, 30, 30, 30)]


def test_a_server_that_stays_away_is_asked_as_seldom_as_one_that_puts_off() -> None:
    assert pause(notification(attempts=tried(Trouble.UNREACHABLE, 19)), AWAY) == 30 * SECOND
    assert [pause(notification(attempts=tried(Trouble.UNREACHABLE, 20 + n)), AWAY) for n in range(4)] == [
        MINUTE,
        5 * MINUTE,
        15 * MINUTE,
        30 * MINUTE,
    ]


def test_a_server_that_came_back_begins_anew() -> None:
    attempts = (*tried(Trouble.UNREACHABLE, 30), *tried(Trouble.DEFERRED, 1))
    assert pause(notification(attempts=attempts), AWAY) == SECOND
    assert pause(notification(attempts=attempts), DEFERRED) == 5 * MINUTE


def test_what_no_message_can_be_made_of_is_tried_as_seldom_as_what_a_server_puts_off() -> None:
    malformed = Retry(None, Trouble.MALFORMED, "OverflowError")
    pauses = [pause(notification(attempts=tried(Trouble.MALFORMED, before)), malformed) for before in range(4)]
    assert pauses == [MINUTE, 5 * MINUTE, 15 * MINUTE, 30 * MINUTE]


def test_a_provider_that_asks_for_more_time_gets_it() -> None:
    assert pause(notification(), Retry(2 * HOUR, Trouble.DEFERRED)) == 2 * HOUR
    assert pause(notification(), Retry(SECOND, Trouble.DEFERRED)) == MINUTE


def test_no_try_is_made_beyond_the_time_to_live() -> None:
    just = notification(about_at=NOW - 24 * HOUR + MINUTE + SECOND)
    beyond = notification(about_at=NOW - 24 * HOUR + MINUTE)
    assert pause(just) == MINUTE
    assert after(beyond, DEFERRED, NOW, POLICY) == Settled(
        Status.FAILED, Attempt(NOW, "failed", Refusal.EXPIRED, "deferred 450 4.2.1"), told=False
    )


def test_while_the_relay_refuses_us_a_message_is_soon_ready_again_however_long_it_lasts() -> None:
    refused = Retry(None, Trouble.RELAY, "553 5.1.8")
    pauses = [pause(notification(attempts=tried(Trouble.RELAY, before)), refused) for before in (0, 1, 5, 500)]
    assert pauses == [SECOND, 2 * SECOND, 30 * SECOND, 30 * SECOND], "how often the relay is asked is the circuit breaker's business"


def test_the_relays_trouble_costs_no_step_of_the_ladder() -> None:
    assert pause(notification(attempts=tried(Trouble.RELAY, 9))) == MINUTE


def test_what_another_address_may_bring_is_tried_there_at_once() -> None:
    step = after(notification(), Failed(Refusal.ADDRESS, "550 5.1.1"), NOW, POLICY, elsewhere=True)
    assert step == Again(NOW, Attempt(NOW, "retry", Trouble.ELSEWHERE, "550 5.1.1"), told=False)


def test_what_waited_for_its_whole_time_to_live_is_not_sent_after() -> None:
    assert expired(notification(about_at=NOW - POLICY.ttl + SECOND), NOW, POLICY) is None
    over = Settled(Status.FAILED, Attempt(NOW, "failed", Refusal.EXPIRED, ""), told=False)
    assert expired(notification(about_at=NOW - POLICY.ttl), NOW, POLICY) == over


def test_a_refusal_is_final() -> None:
    step = after(notification(), Failed(Refusal.ADDRESS, "550 5.1.1"), NOW, POLICY)
    assert step == Settled(Status.FAILED, Attempt(NOW, "failed", Refusal.ADDRESS, "550 5.1.1"), told=False)


def test_what_was_accepted_was_told() -> None:
    assert after(notification(), Delivered("250"), NOW, POLICY) == Settled(
        Status.DELIVERED, Attempt(NOW, "delivered", "", "250"), told=True
    )


@pytest.mark.parametrize(("outcome", "told"), [(UNKNOWN, True), (DEFERRED, False), (AWAY, False)])
def test_only_an_unknown_outcome_may_have_told(outcome: Retry, told: bool) -> None:
    assert after(notification(), outcome, NOW, POLICY).told is told


@pytest.mark.parametrize("outcome", [UNKNOWN, DEFERRED, AWAY, Failed(Refusal.REFUSED, "550")])
def test_who_may_have_been_told_once_stays_so_whatever_comes_of_later_tries(outcome: Retry | Failed) -> None:
    assert after(notification(sent_at=NOW - MINUTE), outcome, NOW, POLICY).told


def test_a_channel_with_a_ladder_of_its_own_tries_as_it_says_and_then_gives_up() -> None:
    patience, before, pauses = Patience((MINUTE, 10 * MINUTE, HOUR), timedelta(days=4)), list[Attempt](), list[timedelta]()
    while isinstance(step := after(notification(attempts=tuple(before)), DEFERRED, NOW, POLICY, patience), Again):
        pauses.append(step.at - NOW)
        before.append(step.attempt)
    assert [0.9 * planned <= pause <= 1.1 * planned for planned, pause in zip(patience.ladder or (), pauses, strict=True)] == [True] * 3
    assert (step.status, step.attempt.reason) == (Status.FAILED, Refusal.EXPIRED)


@pytest.mark.parametrize("ttl", [timedelta(hours=24), timedelta(days=5)])
def test_a_webhook_is_tried_ten_times_over_three_days_however_soon_news_is_too_old_to_be_told(ttl: timedelta) -> None:
    """An endpoint that is away over a weekend gets the all-clear when it is back: the limit of age decides whether to begin."""
    policy, patience = POLICY.model_copy(update={"ttl": ttl, "channels": ("webhook",)}), Patience(Webhook.ladder, Webhook.ttl)
    about, now, tries = notification(Kind.RESOLVED, about_at=NOW, created_at=NOW), NOW, list[datetime]()
    while True:
        asked = situation(about, incident=OVER, now=now, customer=ENDPOINT, ttls={"webhook": Webhook.ttl})
        assert isinstance(decide(asked, policy), Send)
        assert expired(about, now, policy, patience) is None
        tries.append(now)
        step = after(about, DEFERRED, now, policy, patience)
        about = replace(about, attempts=(*about.attempts, step.attempt), dated_at=tries[0])
        if isinstance(step, Settled):
            break
        now = step.at
    assert len(tries) == 10
    assert 0.9 * TTL <= tries[-1] - tries[0] <= 1.1 * TTL
    assert (step.status, step.attempt.reason) == (Status.FAILED, Refusal.EXPIRED)


def test_a_provider_that_asks_for_more_time_than_the_ladder_gets_it() -> None:
    asked = Retry(timedelta(hours=2), Trouble.DEFERRED, "429")
    step = after(notification(), asked, NOW, POLICY, Patience((MINUTE,), timedelta(days=4)))
    assert isinstance(step, Again)
    assert step.at == NOW + timedelta(hours=2)
