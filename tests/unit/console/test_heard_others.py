"""What facts make of risks and notifications in the read model, and what is remembered of dead letters."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.console.hearing.letters import Kept
from services.console.hearing.notifications import Used, settled, uses
from services.console.hearing.risks import after
from services.console.store.notifications import Notification, Use
from services.console.store.risks import Risk
from shared.events import (
    NotificationAnswered,
    NotificationDelivered,
    NotificationEngaged,
    NotificationFailed,
    NotificationReceived,
    NotificationSuppressed,
    RiskCleared,
    RiskRaised,
)
from tests.builders import NOON

ABOUT: dict[str, Any] = {"notification_id": "n-1", "customer_id": "c-1", "kind": "opened", "incident_id": "i-1"}


def raised(at: datetime = NOON, score: float = 0.8) -> RiskRaised:
    said = RiskRaised.Data(customer_id="c-1", rule="stalled", score=score, contributions={"days": 0.8}, evidence=("no step in 3 days",))
    return RiskRaised.of(said, subject="c-1", at=at)


def cleared(at: datetime) -> RiskCleared:
    return RiskCleared.of(RiskCleared.Data(customer_id="c-1", rule="stalled", reason="a step was taken"), subject="c-1", at=at)


LATER, EARLIER = NOON + timedelta(seconds=1), NOON - timedelta(seconds=1)
HELD = Risk("c-1", "stalled", 0.8, {"days": 0.8}, ["no step in 3 days"], NOON)


def test_a_risk_is_as_it_was_raised_last() -> None:
    assert after(None, raised()) == HELD
    again = after(after(HELD, cleared(NOON)), raised(LATER, 0.3))
    assert again is not None
    assert (again.score, again.raised_at, again.cleared_at, again.reason) == (0.3, LATER, None, None)


@pytest.mark.parametrize(("at", "counts"), [(EARLIER, False), (NOON, False), (LATER, True)])
def test_a_risk_that_was_raised_is_raised_again_only_later(at: datetime, counts: bool) -> None:
    assert (after(HELD, raised(at)) is not None) == counts


@pytest.mark.parametrize(("at", "counts"), [(EARLIER, False), (NOON, True), (LATER, True)])
def test_a_risk_is_cleared_once_and_not_before_it_was_raised(at: datetime, counts: bool) -> None:
    it = after(HELD, cleared(at))
    assert (it is not None) == counts
    assert after(None, cleared(at)) is None
    if it is not None:
        assert (it.cleared_at, it.reason, it.score) == (at, "a step was taken", 0.8)
        assert after(it, cleared(LATER + timedelta(seconds=1))) is None


def test_a_notification_is_as_it_was_settled() -> None:
    delivered = NotificationDelivered.Data(
        **ABOUT, channel="email", delivered_at=LATER, message_id="<m>", subject="s", body="b", why={"cap": 3}, answer="250 OK"
    )
    assert settled(NotificationDelivered.of(delivered, subject="c-1", at=NOON)) == Notification(
        *("n-1", "c-1", "opened", "i-1", None, "delivered", None, "email", LATER, "<m>", "s", "b", {"cap": 3}, "250 OK")
    )
    failed = NotificationFailed.Data(**ABOUT, channel="email", failed_at=LATER, reason="address", detail="550 no")
    assert settled(NotificationFailed.of(failed, subject="c-1", at=NOON)) == Notification(
        *("n-1", "c-1", "opened", "i-1", None, "failed", "address", "email", LATER), answer="550 no"
    )
    suppressed = NotificationSuppressed.Data(**ABOUT, reason="capped", why={"recent": 3})
    assert settled(NotificationSuppressed.of(suppressed, subject="c-1", at=NOON)) == Notification(
        *("n-1", "c-1", "opened", "i-1", None, "suppressed", "capped", None, NOON), why={"recent": 3}
    )


MILLISECONDS = int(NOON.timestamp() * 1000)


def test_letters_that_were_sent_back_do_not_wait_and_the_oldest_of_the_others_is_told() -> None:
    kept = Kept({(0, 1, MILLISECONDS): "not_json", (0, 2, MILLISECONDS + 1000): "loop", (1, 1, MILLISECONDS + 2000): "loop"})
    row = kept.row("incidents.v1", {(0, 1, MILLISECONDS)})
    assert (row.topic, row.letters, row.waiting, row.oldest_at, row.reasons) == ("incidents.v1", 3, 2, LATER, {"loop": 2})


def test_letters_that_their_topic_keeps_no_more_are_forgotten() -> None:
    kept = Kept({(0, 1, 5): "loop", (0, 2, 5): "loop", (1, 1, 5): "loop"})
    kept.forget(0, 2)
    assert set(kept.letters) == {(0, 2, 5), (1, 1, 5)}


@pytest.mark.parametrize("milliseconds", [-1, 1 << 62, -(1 << 62)])
def test_a_moment_that_cannot_be_is_none_and_no_error(milliseconds: int) -> None:
    at = Kept({(0, 1, milliseconds): "loop"}).row("incidents.v1", set()).oldest_at
    assert at is None or at < datetime(2000, 1, 1, tzinfo=UTC)


def did(action: Any, at: datetime, id_: str = "n-1") -> NotificationEngaged:
    data = NotificationEngaged.Data(**{**ABOUT, "notification_id": id_}, action=action)
    return NotificationEngaged.of(data, subject="c-1", at=at, unique=at)


def said(answer: Any, at: datetime, question: Any = "helped") -> NotificationAnswered:
    return NotificationAnswered.of(NotificationAnswered.Data(**ABOUT, answer=answer, question=question), subject="c-1", at=at, unique=at)


def test_of_what_a_customer_did_with_a_notification_the_first_counts_and_of_their_answers_the_latest() -> None:
    received = NotificationReceived.of(NotificationReceived.Data(**ABOUT, channel="sms", received_at=NOON), subject="c-1", at=NOON)
    facts: list[Used] = [did("opened", LATER), did("opened", NOON), did("clicked", LATER), said("no", LATER), said("yes", NOON), received]
    assert uses([*facts, did("unsubscribed", LATER, "n-2")]) == [
        Use("n-1", received=NOON, opened=NOON, clicked=LATER, helped="no", helped_at=LATER),
        Use("n-2", unsubscribed=LATER),
    ]
    assert uses([said("yes", NOON, "fixed")]) == []
