"""What the ledger has of a customer and an incident is said in a word and in sentences."""

from typing import Any

import pytest

from services.notifier.deciding.decision import Waiting
from services.notifier.explaining import WAITS, WORDS, Because, because, masked, waits
from tests.unit.notifier.builders import NOW


def row(**fields: Any) -> dict[str, Any]:
    """Returns a row of the ledger that waits, nothing being decided, unless told otherwise."""
    given: dict[str, Any] = {
        "kind": "opened",
        "status": "waiting",
        "reason": None,
        "sent_at": None,
        "evidence": {},
        "why": None,
        "attempts": [],
    }
    return {**given, "next_at": NOW, "under_way": False, "put_aside": None, "told_with": None, **fields}


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ([], Because.NOT_TOUCHED),
        ([row(status="delivered", sent_at=NOW)], Because.TOLD),
        ([row(kind="answer", status="delivered", sent_at=NOW), row(status="suppressed", reason="stale")], Because.TOLD),
        ([row(sent_at=NOW)], Because.MAYBE),
        ([row(status="failed", reason="expired", sent_at=NOW)], Because.MAYBE),
        ([row()], Because.WAITING),
        ([row(status="failed", reason="address")], Because.FAILED),
        ([row(status="suppressed", reason="capped")], Because.SUPPRESSED),
        ([row(status="suppressed", reason="held_out")], Because.HELD_OUT),
        ([row(status="suppressed", reason="stale", evidence={"removed": True})], Because.TAKEN_OUT),
        ([row(kind="resolved", status="delivered", sent_at=NOW)], Because.NOT_TOUCHED),
    ],
)
def test_the_ledger_says_why(rows: list[dict[str, Any]], reason: Because) -> None:
    assert because(rows, None, None) is reason
    assert because(rows, NOW, None) is Because.ERASED


def test_who_was_split_off_counts_for_the_other_incident() -> None:
    assert because([], None, "i-2") is Because.MOVED
    assert because([row(status="delivered", sent_at=NOW)], None, "i-2") is Because.TOLD


def test_every_reason_has_words() -> None:
    assert set(WORDS) == set(Because)
    assert set(WAITS) == set(Waiting), "a new reason to wait needs a sentence in services/notifier/explaining.py"


@pytest.mark.parametrize("reason", Waiting)
def test_every_reason_to_wait_is_said_with_its_figures_and_without(reason: Waiting) -> None:
    figures = {
        "switch": "rule",
        "name": "r",
        "mode": "off",
        "by": "eve",
        "audience": 7,
        "approval": "waiting",
        "channel": "email",
        "behind_s": 61.0,
        "hold_down_s": 30.0,
        "quiet_until": "2026-11-25T06:00:00+00:00",
        "per_minute": 100,
        "last_told": "2026-11-25T06:00:00+00:00",
        "digest_s": 600.0,
    }
    full, bare = waits(row(why={"waits_for": reason, **figures})), waits(row(why={"waits_for": reason}))
    assert full is not None
    assert bare is not None
    assert (full.reason, full.until, "–" in full.words, "{" in full.words + bare.words) == (reason, NOW, False, False)


@pytest.mark.parametrize(
    ("fields", "reason", "until"),
    [
        ({}, "decision", NOW),
        ({"attempts": [{}]}, "retry", NOW),
        ({"under_way": True}, "provider", NOW),
        ({"put_aside": "KeyError"}, "operator", None),
        ({"told_with": "n-1", "attempts": [{}]}, "digest", None),
        ({"why": {"waits_for": "of a later version"}}, "of a later version", NOW),
    ],
)
def test_what_is_decided_or_tried_waits_for_what_comes_next(fields: dict[str, Any], reason: str, until: object) -> None:
    found = waits(row(**fields))
    assert found is not None
    assert (found.reason, found.until) == (reason, until)


@pytest.mark.parametrize("status", ["delivered", "failed", "suppressed"])
def test_what_is_settled_waits_for_nothing(status: str) -> None:
    assert waits(row(status=status)) is None


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("ada@example.org", "a•••@example.org"),
        ("@example.org", "•••@example.org"),
        ("+491701234567", "•••67"),
        ("https://user:secret@hooks.slack.com/services/T/B/x?y=1", "https://hooks.slack.com/•••"),
        ("x", "•••x"),
        ("", "•••"),
    ],
)
def test_addresses_are_masked(address: str, shown: str) -> None:
    assert masked(address) == shown
