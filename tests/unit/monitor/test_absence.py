"""An expected event is overdue when its time and the grace are over by what has been read."""

from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.monitor.detectors.absence import Expected, judge
from services.monitor.fold.partition import Partition
from services.monitor.rules.absence import AbsenceRule
from services.monitor.rules.file import RulesFile
from shared.configuration.files import ConfigError, load
from tests.builders import NOON
from tests.unit.monitor.builders import HORIZON, LATER, request

MINUTE, SECOND = timedelta(minutes=1), timedelta(seconds=1)
RULES = """\
rules:
  - id: heartbeat
    detector: absence
    title: "{component} is missing"
    events: [com.example.request]
    only: [checkout]
    every: 5m
    grace: 1m
"""


def rule(**changes: Any) -> AbsenceRule:
    """Returns a rule that expects an event of the checkout every 5 minutes, and waits one more."""
    said = {"id": "heartbeat", "detector": "absence", "title": "{component} is missing", "events": ["com.example.request"]}
    return AbsenceRule.model_validate({**said, "only": ["checkout"], "every": "5m", "grace": "1m", **changes})


def expected(heard_minutes: float | None = 10.0) -> Expected:
    """Returns one that is expected since noon, and was heard so many minutes later."""
    heard_at = None if heard_minutes is None else NOON + heard_minutes * MINUTE
    return Expected("heartbeat", "checkout", NOON, heard_at, heard_at and heard_at - SECOND)


@pytest.mark.parametrize(
    ("heard", "read_to", "due"),
    [
        (10, 10 * MINUTE, None),
        (10, 16 * MINUTE, None),
        (10, 16 * MINUTE + SECOND, 15 * MINUTE),
        (10, 5 * MINUTE, None),  # monitor has not even read that far
        (None, 6 * MINUTE, None),
        (None, 6 * MINUTE + SECOND, 5 * MINUTE),  # never heard: the time counts since the rule began
    ],
)
def test_an_event_is_overdue_after_its_time_and_the_grace(heard: float | None, read_to: timedelta, due: timedelta | None) -> None:
    found = judge(rule(), expected(heard), NOON + read_to)
    assert (None if found is None else found.due_at - NOON) == due


def test_the_same_absence_is_the_same_incident_however_late_it_is_found_and_whatever_the_rule_waits() -> None:
    first = judge(rule(), expected(), NOON + 17 * MINUTE)
    assert first is not None
    later = judge(rule(every="7m"), expected(), NOON + 60 * MINUTE)
    assert later is not None
    assert later.incident_id == first.incident_id == "4df5f738-e9fc-5f12-a659-ba8d577959e8"  # on any machine, for ever
    following = judge(rule(), expected(11), NOON + 60 * MINUTE)
    assert following is not None
    assert following.incident_id != first.incident_id


def test_it_says_how_long_nothing_was_heard_against_the_threshold() -> None:
    found = judge(rule(), expected(), NOON + 17 * MINUTE)
    assert found is not None
    assert found.why == {
        "unheard_seconds": 420.0,
        "last_event_at": (NOON + 10 * MINUTE - SECOND).isoformat(),
        "expected_since": NOON.isoformat(),
        "every_seconds": 300.0,
        "grace_seconds": 60.0,
        "opens_at": {"unheard_seconds": 360.0},
        "resolves_below": {"unheard_seconds": 360.0},
        "rule_version": rule().version,
    }


@pytest.mark.parametrize(
    ("before", "after", "line", "says"),
    [
        ("every: 5m", "every: 20s", 7, "every 30 seconds to 35 days"),
        ("every: 5m", "every: 36d", 7, "every 30 seconds to 35 days"),
        ("    every: 5m\n", "", 2, "every"),
        ("every: 5m", "every: 5m\n    bad: {data.ok: false}", 8, "bad"),
        ("every: 5m", "every: 5m\n    window: 5m", 8, "window"),
        ("events: [com.example.request]", "events: []", 5, "at least 1 item"),
    ],
)
def test_a_mistake_is_named_with_its_file_and_line(before: str, after: str, line: int, says: str, tmp_path: Path) -> None:
    path = tmp_path / "rules.yml"
    path.write_text(RULES)
    load(path, RulesFile)
    path.write_text(RULES.replace(before, after))
    with pytest.raises(ConfigError) as error:
        load(path, RulesFile)
    assert f"{path}:{line}: " in str(error.value)
    assert says in str(error.value)


def test_how_long_it_waits_is_no_part_of_what_is_counted_and_which_events_are_is() -> None:
    assert rule(every="1h", grace="2h", title="other").fingerprint == rule().fingerprint
    for changes in ({"events": ["com.example.beat"]}, {"where": {"data.ok": True}}, {"only": ["search"]}, {"component": "data.job"}):
        assert rule(**changes).fingerprint != rule().fingerprint


def test_its_events_are_counted_and_none_of_them_is_bad() -> None:
    partition = Partition([rule()], HORIZON)
    partition.fold([request(1, ok=False), request(2), request(3, component="search")], LATER)
    watch = partition.watches["heartbeat"]
    [(component, buckets)] = watch.buckets.changes().items()
    assert (component, [bucket[1:4] for bucket in buckets]) == ("checkout", [(2, 0, 0)])
    assert list(watch.tallies.customers("checkout")) == []


gaps = st.lists(st.integers(1, 900), min_size=1, max_size=20)  # seconds from one event to the next


looks = st.lists(st.integers(0, 20_000), max_size=40)  # seconds after noon


@given(gaps, looks, looks)
def test_whoever_looks_and_whenever_each_absence_is_the_same_one_and_nothing_else_is(
    between: list[int], some: list[int], others: list[int]
) -> None:
    heard = [NOON + timedelta(seconds=sum(between[:number])) for number in range(len(between) + 1)]
    last_of = dict(pairwise(heard))

    def found(moments: list[int]) -> set[str]:
        """Returns what is found by looks at these moments, and at the last moment of each gap."""
        found = set()
        for at in (*(NOON + timedelta(seconds=each) for each in moments), *last_of.values()):
            last = max((each for each in heard if each < at), default=NOON)
            if (overdue := judge(rule(), Expected("heartbeat", "checkout", NOON, last, last), min(at, heard[-1]))) is not None:
                found.add(overdue.incident_id)
        return found

    assert found(some) == found(others)
    assert len(found(some)) == sum(gap > 360 for gap in between)
