"""What a fact makes of an incident in the read model, and the line that it is in the time line."""

from datetime import timedelta
from typing import Any

import pytest

from services.console.hearing.incident import IncidentFact, after, line_of
from services.console.store.incidents import Incident
from shared.events import (
    IncidentDismissed,
    IncidentOpened,
    IncidentReopened,
    IncidentResolved,
    IncidentUpdated,
    IncidentWithdrawn,
)
from tests.builders import NOON

MINUTE = timedelta(minutes=1)
WHY: dict[str, Any] = {"ratio": 0.3}
SAID: dict[str, Any] = {"incident_id": "i-1", "rule": "r", "component": "checkout", "severity": "high", "title": "t", "started_at": NOON}


def opened(**data: Any) -> IncidentOpened:
    given = {**SAID, "opened_at": NOON + MINUTE, "why": WHY, **data}
    return IncidentOpened.of(IncidentOpened.Data(**given), subject="i-1", at=NOON + MINUTE)


def updated(revision: int = 1, **data: Any) -> IncidentUpdated:
    given = {**SAID, "revision": revision, "affected": 7, "why": {"ratio": 0.5}, **data}
    return IncidentUpdated.of(IncidentUpdated.Data(**given), subject="i-1", at=NOON + 2 * MINUTE)


def ended(revision: int = 2) -> list[IncidentFact]:
    """Returns each fact that ends an incident."""
    at, said = NOON + 3 * MINUTE, {**SAID, "revision": revision, "affected": 7}
    return [
        IncidentResolved.of(IncidentResolved.Data(**said, resolved_at=at, why=WHY, by="lea", note="over"), subject="i-1", at=at),
        IncidentDismissed.of(IncidentDismissed.Data(**said, dismissed_at=at, by="lea", note="a test"), subject="i-1", at=at),
        IncidentWithdrawn.of(IncidentWithdrawn.Data(**said, withdrawn_at=at, reason="rule_gone"), subject="i-1", at=at),
    ]


def reopened(revision: int = 3) -> IncidentReopened:
    at = NOON + 4 * MINUTE
    return IncidentReopened.of(IncidentReopened.Data(**{**SAID, "revision": revision, "reopened_at": at, "why": WHY}), subject="i-1", at=at)


def told(*facts: IncidentFact) -> Incident:
    """Returns the incident after facts that each count."""
    known = None
    for fact in facts:
        known = after(known, fact)
        assert known is not None, fact
    assert known is not None
    return known


def test_an_incident_that_opens_is_as_its_fact_says() -> None:
    assert told(opened()) == Incident(
        *("i-1", "r", "checkout", "high", "failing", "t", "open"),
        started_at=NOON,
        opened_at=NOON + MINUTE,
        revision=0,
        said_at=NOON + MINUTE,
        why=WHY,
    )


def test_one_whose_opening_was_not_heard_opened_when_it_began() -> None:
    assert told(updated()).opened_at == NOON


def test_what_each_fact_repeats_is_taken_from_the_newest() -> None:
    changed: dict[str, Any] = {
        "severity": "low",
        "title": "other",
        "component": "search",
        "symptom": "slow",
        "behind_seconds": 3.0,
        "failing_at": NOON,
    }
    it = told(opened(), updated(**changed))
    assert {name: getattr(it, name) for name in changed} == changed
    assert (it.revision, it.why, it.opened_at) == (1, {"ratio": 0.5}, NOON + MINUTE)


def test_when_it_last_failed_stays_known_where_a_fact_does_not_say_it() -> None:
    assert told(opened(failing_at=NOON), updated()).failing_at == NOON


def test_a_silence_is_over_when_it_is_not_repeated() -> None:
    assert told(opened(), updated(silent_since=NOON)).silent_since == NOON
    assert told(opened(), updated(1, silent_since=NOON), updated(2)).silent_since is None


@pytest.mark.parametrize(
    ("fact", "status", "by", "note", "reason"),
    [
        (ended()[0], "resolved", "lea", "over", None),
        (ended()[1], "dismissed", "lea", "a test", None),
        (ended()[2], "withdrawn", None, "", "rule_gone"),
    ],
)
def test_an_end_says_how_by_whom_and_why(fact: IncidentFact, status: str, by: str | None, note: str, reason: str | None) -> None:
    it = told(opened(), updated(silent_since=NOON), fact)
    assert (it.status, it.ended_at, it.ended_by, it.note, it.reason) == (status, NOON + 3 * MINUTE, by, note, reason)
    assert it.silent_since is None


@pytest.mark.parametrize("end", ended(), ids=lambda fact: type(fact).__name__)
def test_of_an_end_nothing_stays_once_it_is_reopened(end: IncidentFact) -> None:
    again, never = told(opened(), end, reopened()), told(opened(), reopened())
    assert again == never


@pytest.mark.parametrize(("first", "second"), [(0, 1), (0, 2), (1, 0), (1, 2), (2, 0), (2, 1)])
def test_of_one_end_nothing_stays_after_another(first: int, second: int) -> None:
    assert told(opened(), ended(2)[first], ended(3)[second]) == told(opened(), ended(3)[second])


@pytest.mark.parametrize(("revision", "counts"), [(4, False), (5, False), (6, True)])
def test_a_fact_counts_when_its_revision_is_higher(revision: int, counts: bool) -> None:
    assert (after(told(updated(5)), updated(revision)) is not None) == counts


def test_facts_of_versions_that_counted_no_revisions_count_in_the_order_they_come() -> None:
    assert told(opened(), updated(0), reopened(0)).said_at == NOON + 4 * MINUTE


def test_the_time_line_has_what_is_shown_of_a_fact_and_who_ended_it() -> None:
    line = line_of(ended()[0])
    assert (line.what, line.service, line.incident_id, line.ticket_id, line.who) == ("incident.resolved", "monitor", "i-1", None, "lea")
    assert line.detail == {"severity": "high", "affected": 7, "why": WHY, "behind_seconds": 0.0, "note": "over", "tell": True}
    assert line_of(opened()).who is None
