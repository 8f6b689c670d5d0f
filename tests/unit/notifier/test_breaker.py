"""Delivery pauses when the relay refuses us, one mail tries meanwhile, and it goes on when one is taken (a circuit breaker)."""

import pytest

from services.notifier.channels.breaker import PROBE, Breaker
from services.notifier.channels.outcome import Delivered, Failed, Outcome, Refusal, Retry, Trouble
from services.notifier.deciding.policy import Retries
from tests.unit.notifier.builders import MINUTE, NOW, SECOND

REFUSED = Retry(None, Trouble.RELAY, "553 5.1.8")
AWAY = Retry(None, Trouble.UNREACHABLE, "SMTPConnectError")
RETRIES = Retries(relay_refusals=3, pause_at_first=MINUTE, pause_at_most=5 * MINUTE)


def opened() -> Breaker:
    """Returns one that has just opened."""
    breaker = Breaker(RETRIES)
    for _ in range(RETRIES.relay_refusals):
        breaker.learn(REFUSED, NOW)
    return breaker


def test_so_many_refusals_in_a_row_pause_delivery_and_one_fewer_does_not() -> None:
    breaker = Breaker(RETRIES)
    breaker.learn(REFUSED, NOW)
    breaker.learn(REFUSED, NOW)
    assert breaker.wait_until(NOW) is None
    breaker.learn(REFUSED, NOW)
    assert breaker.is_open
    assert breaker.wait_until(NOW) == NOW + MINUTE


@pytest.mark.parametrize(
    "answer", [Delivered("250"), Failed(Refusal.ADDRESS, "550 5.1.1"), Failed(Refusal.REFUSED, "550"), Retry(None, Trouble.DEFERRED, "451")]
)
def test_any_answer_about_a_recipient_begins_the_row_anew(answer: Outcome) -> None:
    breaker = Breaker(RETRIES)
    for outcome in (REFUSED, REFUSED, answer, REFUSED, REFUSED):
        breaker.learn(outcome, NOW)
    assert not breaker.is_open


@pytest.mark.parametrize("silence", [AWAY, Failed(Refusal.UNSUPPORTED, ""), Retry(None, Trouble.MALFORMED)])
def test_what_the_relay_has_not_answered_neither_counts_nor_begins_the_row_anew(silence: Outcome) -> None:
    breaker = Breaker(RETRIES)
    for _ in range(10):
        breaker.learn(silence, NOW)
    assert not breaker.is_open
    for outcome in (REFUSED, REFUSED, silence, REFUSED):
        breaker.learn(outcome, NOW)
    assert breaker.is_open


def test_after_the_pause_one_tries_and_the_others_wait_for_what_it_finds() -> None:
    breaker, after = opened(), NOW + MINUTE
    assert breaker.wait_until(after - SECOND) == after
    assert breaker.wait_until(after) is None
    assert breaker.wait_until(after) == after + PROBE
    breaker.learn(Delivered("250"), after)
    assert not breaker.is_open
    assert breaker.wait_until(after) is None


def test_each_probe_that_is_refused_doubles_the_pause_up_to_the_most() -> None:
    breaker, now, pauses = opened(), NOW, []
    for _ in range(5):
        until = breaker.wait_until(now)
        assert until is not None
        pauses.append(until - now)
        now = until
        assert breaker.wait_until(now) is None
        breaker.learn(REFUSED, now)
    assert pauses == [MINUTE, 2 * MINUTE, 4 * MINUTE, 5 * MINUTE, 5 * MINUTE]


def test_tries_that_were_under_way_when_delivery_paused_do_not_lengthen_the_pause() -> None:
    breaker = opened()
    for _ in range(12):
        breaker.learn(REFUSED, NOW + SECOND)
    assert breaker.wait_until(NOW + SECOND) == NOW + MINUTE


def test_a_probe_that_dies_keeps_nobody_waiting_for_ever() -> None:
    breaker, after = opened(), NOW + MINUTE
    assert breaker.wait_until(after) is None
    assert breaker.wait_until(after + PROBE) is None, "the next one is the probe"


def test_a_probe_that_finds_the_server_away_leaves_the_pause_as_long_as_it_was() -> None:
    breaker, after = opened(), NOW + MINUTE
    assert breaker.wait_until(after) is None
    breaker.learn(AWAY, after)
    assert breaker.wait_until(after) == after + MINUTE
