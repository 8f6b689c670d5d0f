"""What an answer means, and when the next try is: ten tries over 75 h 35 m, and never earlier than the receiver asks."""

from datetime import datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notifier.channels.outcome import Delivered, Failed, Outcome, Refusal, Retry, Trouble
from services.notifier.channels.webhook.retrying import LONGEST_WAIT, TTL, outcome_of, pause, retry_after
from shared.webhooks.calling import Answer, NoAnswer
from shared.webhooks.retrying import PAUSES, SPREAD
from tests.builders import NOON

keys = st.text(max_size=40)


def test_there_are_ten_tries_over_75_hours_and_35_minutes() -> None:
    assert len(PAUSES) + 1 == 10
    assert timedelta(hours=75, minutes=35, seconds=5) == TTL
    assert pause(len(PAUSES) + 1, "n-1") is None


@given(st.integers(1, len(PAUSES)), keys)
def test_a_pause_is_as_the_ladder_says_give_or_take_a_tenth(step: int, key: str) -> None:
    spread = pause(step, key)
    assert spread is not None
    assert PAUSES[step - 1] * (1 - SPREAD) <= spread <= PAUSES[step - 1] * (1 + SPREAD)


def test_pauses_differ_between_messages() -> None:
    assert len({pause(1, f"n-{number}") for number in range(100)}) > 90


@given(st.integers(0, 3_000_000), keys)
def test_what_the_receiver_asks_for_is_never_undercut(seconds: int, key: str) -> None:
    asked = timedelta(seconds=min(seconds, LONGEST_WAIT.total_seconds()))
    outcome = outcome_of(Answer(429, {"retry-after": str(seconds)}), key, NOON)
    assert isinstance(outcome, Retry)
    assert outcome.after is not None
    assert asked <= outcome.after <= asked * (1 + SPREAD)


@pytest.mark.parametrize(
    ("said", "asked"),
    [
        ("0", timedelta()),
        ("120", timedelta(minutes=2)),
        (" 120 ", timedelta(minutes=2)),
        (format_datetime(NOON + timedelta(minutes=3), usegmt=True), timedelta(minutes=3)),
        (format_datetime(NOON - timedelta(minutes=3), usegmt=True), timedelta()),
        ("9" * 400, LONGEST_WAIT),
        ("Fri, 31 Dec 9999 23:59:59 GMT", LONGEST_WAIT),
        *((nothing, None) for nothing in ("", "soon", "-5", "1.5", "²", "31 Dec", "\x00")),
    ],
)
def test_retry_after_is_seconds_or_a_date(said: str, asked: timedelta | None) -> None:
    assert retry_after({"retry-after": said}, NOON) == asked


@given(st.text(max_size=60))
def test_no_retry_after_raises(said: str) -> None:
    retry_after({"retry-after": said}, datetime.fromisoformat("2026-11-24T10:00:00+00:00"))


@pytest.mark.parametrize(
    ("said", "outcome"),
    [
        (Answer(200), Delivered("200")),
        (Answer(299), Delivered("299")),
        *((Answer(status), Retry(None, Trouble.DEFERRED, str(status))) for status in (301, 308, 400, 401, 404, 429, 500, 503)),
        (Answer(410), Failed(Refusal.REFUSED, "410")),
        (NoAnswer("ConnectError", sent=False), Retry(None, Trouble.UNREACHABLE, "ConnectError")),
        (NoAnswer("ReadTimeout", sent=True), Retry(None, Trouble.UNKNOWN, "ReadTimeout")),
    ],
)
def test_each_answer_has_its_outcome(said: Answer | NoAnswer, outcome: Outcome) -> None:
    assert outcome_of(said, "n-1", NOON) == outcome
