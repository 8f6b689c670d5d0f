"""Every reason that notifier can give has a sentence, with and without its figures."""

from typing import Any

import pytest

from services.console.frame.reasons import REASONS, TROUBLES, in_short, trouble, why_not
from services.notifier.channels.outcome import Refusal, Trouble
from services.notifier.notification import Reason


@pytest.mark.parametrize("reason", [*Reason, *Refusal])
def test_every_reason_has_a_sentence(reason: str) -> None:
    assert reason in REASONS
    assert why_not(reason, {}).endswith(".")
    assert in_short(reason)


def test_no_reason_is_kept_that_nobody_gives() -> None:
    assert set(REASONS) == {*Reason, *Refusal}
    assert set(TROUBLES) == set(Trouble)


@pytest.mark.parametrize(
    ("why", "sentence"),
    [
        ({"age_s": 93600.0, "max_event_age_s": 86400.0}, "What happened was 1 d 2 h old; nothing older than 1 d is told."),
        ({"incident": "unknown"}, "Nothing was known of the incident when it was to be told."),
        ({"incident": "silent", "silent_s": 420.0}, "No events had come for 7 min: silence is no evidence that it goes on."),
        ({"incident": "dismissed"}, "The incident was dismissed before they could be told."),
        (
            {"incident": "resolved", "tell": False},
            "The incident was resolved, and whoever ended it said that customers need not hear of it.",
        ),
        (
            {"last_failing_s": 1200.0, "told_within_s": 900.0},
            "It had not failed for 20 min; what is told as going on was true within 15 min.",
        ),
    ],
)
def test_figures_tell_why_it_was_no_longer_so(why: dict[str, Any], sentence: str) -> None:
    assert why_not("stale", why) == sentence


def test_a_reason_of_a_later_version_is_said_in_its_own_words() -> None:
    assert why_not("moon_phase", {}) == "The reason given is “moon phase”."
    assert in_short("moon_phase") == "moon phase"
    assert trouble("554 go away") == ("", "554 go away")


def test_the_providers_own_words_are_apart_from_what_the_last_try_met() -> None:
    assert trouble("relay 550 <ada@example.org>") == (
        "The last try: the server refused us, whomever the message was for.",
        "550 <ada@example.org>",
    )
    assert trouble("") == ("", "")
