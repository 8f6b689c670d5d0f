"""What notifier says of channels is said in words, whatever a version of it leaves out."""

from datetime import UTC, datetime
from typing import Any

import pytest

from services.console.frame.reasons import BOUNCES, came_back
from services.console.pages.channels.standing import channel, endpoint, mark, paused_for, reasons
from services.notifier.channels.email.bounces.report import Kind
from services.notifier.returning.brake import SenderBrake
from services.notifier.returning.marks import masked

NOW = datetime(2026, 11, 27, 10, 20, tzinfo=UTC)
LIMITS = SenderBrake().model_dump()


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        (
            {"level": "pause", "cause": "bounces", "sent": 1000, "bounced": 51},
            "Of 1\N{NARROW NO-BREAK SPACE}000 messages 51 (5.1 %) came back for good; the limit is 5 %.",
        ),
        (
            {"level": "warn", "cause": "complaints", "sent": 2000, "complained": 3},
            "Of 2\N{NARROW NO-BREAK SPACE}000 messages 3 (0.15 %) were called spam; the limit is 0.1 %.",
        ),
        ({"level": "pause", "cause": "person", "sent": 0}, ""),
        ({"level": "ok", "cause": None}, ""),
        ({"level": "pause", "cause": "bounces"}, "Of 0 messages 0 came back for good; the limit is 5 %."),
    ],
)
def test_what_there_is_too_much_of_is_said_against_its_limit(said: dict[str, Any], sentence: str) -> None:
    assert paused_for(said, LIMITS) == sentence


def test_an_hour_of_which_nothing_is_said_is_drawn_as_none() -> None:
    said = {"channel": "sms", "hours": [{"at": "2026-11-27T09:00:00Z", "accepted": 7, "failed": 1, "bounced": 0}]}
    shown = channel(said, LIMITS, NOW)
    assert "accepted: from 0 to 0, at most 7" in shown["chart"]
    assert shown["chart"].count("<tr>") == 24 + 1


@pytest.mark.parametrize("said", [{}, {"hour": 7, "hours": {}, "breaker": 1, "channel": None, "waiting": "many"}])
def test_a_version_that_says_less_leaves_gaps(said: dict[str, Any]) -> None:
    shown = channel(said, {}, NOW)
    assert (shown["level"], shown["waiting"], shown["periods"][0][1]["failed"]) == ("unknown", 0, [])
    assert "No figures yet." in shown["chart"]
    assert (mark(said)["since"], endpoint(said)["host"], reasons(said)) == (None, "", [])


def test_reasons_have_the_counts_of_the_hour_beside_those_of_the_day() -> None:
    assert reasons({"hour": {"capped": 2}, "day": {"capped": 5, "stale": 9}}) == [("stale", 0, 9), ("capped", 2, 5)]


def test_of_an_endpoint_only_the_host_is_shown() -> None:
    shown = endpoint({"url": "https://hooks.example.org/secret-path?key=1", "disabled_why": "gone"})
    assert shown["host"] == "hooks.example.org"
    assert "secret" not in str(shown)


def test_every_kind_of_bounce_has_words() -> None:
    assert set(BOUNCES) == set(Kind) - {Kind.COMPLAINT}
    assert came_back("address") == "It came back: there is no such address."
    assert came_back("moon_phase") == "It came back: moon phase."
    assert came_back("", complained=True).startswith("They called it spam")
    assert came_back("") == ""


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("ada@example.org", "a•••@example.org"),
        ('"a b"@example.org', '"•••@example.org'),
        ("+49 151 2345678", "•••78"),
        ("https://u:p@hooks.example.org/x", "•••/x"),
        ("@example.org", "•••@example.org"),
        ("1234", "•••"),
        ("", "•••"),
    ],
)
def test_an_address_is_shown_in_part(address: str, shown: str) -> None:
    assert masked(address) == shown
