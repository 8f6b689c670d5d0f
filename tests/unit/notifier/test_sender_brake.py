"""The sender's brake: at its limit a channel goes on, above it it warns or pauses; few sends prove nothing; what is critical goes out."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from services.notifier.deciding.decision import Hold, Waiting
from services.notifier.deciding.rules.channel import paused
from services.notifier.notification import Kind
from services.notifier.returning.brake import Cause, Counts, Judged, Level, Paused, SenderBrake, judged
from tests.unit.notifier.builders import MINUTE, NOW, OPEN, POLICY, notification, situation

BRAKE = SenderBrake()
HELD = Paused("email", NOW, Cause.COMPLAINTS, Counts(2000, 0, 7))


@pytest.mark.parametrize(
    ("counts", "found"),
    [
        (Counts(0, 0, 0), Judged(Level.OK)),
        (Counts(199, 199, 199), Judged(Level.OK)),
        (Counts(200, 4, 0), Judged(Level.OK)),
        (Counts(200, 5, 0), Judged(Level.WARN, Cause.BOUNCES)),
        (Counts(200, 10, 0), Judged(Level.WARN, Cause.BOUNCES)),
        (Counts(200, 11, 0), Judged(Level.PAUSE, Cause.BOUNCES)),
        (Counts(999, 0, 999), Judged(Level.OK)),
        (Counts(1000, 0, 1), Judged(Level.OK)),
        (Counts(1000, 0, 2), Judged(Level.WARN, Cause.COMPLAINTS)),
        (Counts(1000, 0, 4), Judged(Level.PAUSE, Cause.COMPLAINTS)),
        (Counts(1000, 51, 2), Judged(Level.PAUSE, Cause.BOUNCES)),  # the worst counts
        (Counts(1000, 21, 2), Judged(Level.WARN, Cause.COMPLAINTS)),
    ],
)
def test_a_share_above_its_limit_means_something_when_enough_was_sent(counts: Counts, found: Judged) -> None:
    assert judged(counts, BRAKE) == found


@given(st.integers(0, 3000), st.integers(0, 3000), st.integers(0, 10**7))
def test_sends_above_what_is_enough_change_nothing(bounced: int, complained: int, more: int) -> None:
    enough = BRAKE.enough(bounced, complained)
    assert judged(Counts(enough, bounced, complained), BRAKE) == judged(Counts(enough + more, bounced, complained), BRAKE)


@pytest.mark.parametrize("limits", [{"bounces_warn": 0.06}, {"complaints_warn": 0.004}, {"bounces_pause": 1.1}, {"bounces_from": 0}])
def test_limits_that_are_none(limits: dict[str, float]) -> None:
    with pytest.raises(ValidationError):
        SenderBrake(**limits)


def test_a_pause_holds_what_we_say_first_for_a_minute_and_longer_and_longer() -> None:
    held = paused(situation(paused=(HELD,)), POLICY)
    assert held == Hold(NOW + MINUTE, Waiting.PAUSED, {"channel": "email", "cause": "complaints", "sent": 2000, "complained": 7})
    waits = situation(notification(created_at=NOW - 400 * MINUTE), paused=(HELD,))
    longer = paused(waits, POLICY)
    assert longer is not None
    assert longer.until == NOW + 10 * MINUTE


def test_what_is_critical_or_asked_for_goes_out() -> None:
    assert paused(situation(paused=(HELD,), incident=replace(OPEN, severity="critical")), POLICY) is None
    assert paused(situation(notification(Kind.REPLY, ticket_id="t-1", body="Words"), paused=(HELD,)), POLICY) is None
    assert paused(situation(), POLICY) is None
