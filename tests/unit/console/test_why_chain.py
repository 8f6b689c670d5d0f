"""Why a customer was told says with what else it was told, where several things went out in one message."""

from datetime import UTC, datetime
from typing import Any

import pytest

from services.console.frame.reasons import Step
from services.console.pages.why.chain import Story, chain

NOW = datetime(2026, 11, 27, 12, 0, tzinfo=UTC)


def message(why: dict[str, Any] | None) -> dict[str, Any]:
    """Returns a message that a provider took."""
    empty = dict.fromkeys(("reason", "ticket", "ticket_id", "bounced_at", "bounce", "bounce_code", "complained_at", "answer"))
    return {**empty, "kind": "resolved", "status": "delivered", "channel": "email", "body": "It is over.", "why": why, "at": NOW}


@pytest.mark.parametrize(
    ("why", "words"),
    [
        ({"tells": 3}, "As they were sent, with 2 more in the same message:"),
        ({"told_with": "n-1"}, "As they were sent, in one message with others:"),
        ({"tells": "3"}, "As they were sent:"),
        ({}, "As they were sent:"),
    ],
)
def test_the_words_of_a_digest_are_named_as_such(why: dict[str, Any], words: str) -> None:
    [link] = [each for each in chain(Story(None, message(why))) if each.step is Step.WORDS]
    assert (link.words, link.shows_words) == (words, True)
