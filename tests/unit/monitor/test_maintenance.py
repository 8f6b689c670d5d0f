"""When maintenance runs: once or by an RRULE in a zone, through changed clocks; and what becomes of it as time passes."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice

import pytest

from services.monitor.incidents.maintenance import (
    Moved,
    Period,
    Plan,
    Standing,
    Status,
    Step,
    cancelled,
    changed,
    passed,
    refusal_of,
)

SUNDAY = datetime(2026, 3, 22, 1, 30, tzinfo=UTC)  # 02:30 in Berlin, a week before its clocks go forward at 02:00
HOUR = timedelta(hours=1)
WEEK = timedelta(days=7)


def plan(repeat: str | None = None, at: datetime = SUNDAY, lasts: timedelta = 2 * HOUR, zone: str = "Europe/Berlin") -> Plan:
    return Plan(Period(at, at + lasts), repeat, zone)


def begins(of: Plan, count: int) -> list[str]:
    return [each.starts_at.strftime("%m-%d %H:%M") for each in islice(of.comes(), count)]


def moves(steps: Sequence[Step] | None) -> list[tuple[Moved, Status]] | None:
    return None if steps is None else [(moved, standing.status) for moved, standing in steps]


def test_a_period_begins_at_the_same_time_of_day_in_its_zone_also_where_clocks_leave_it_out() -> None:
    # 02:30 does not exist on 03-29: it is read with the offset of before, as 03:30. From then on 02:30 is 00:30 UTC.
    assert begins(plan("FREQ=WEEKLY;BYDAY=SU"), 3) == ["03-22 01:30", "03-29 01:30", "04-05 00:30"]
    assert begins(plan("FREQ=WEEKLY;BYDAY=SU", zone="UTC"), 3) == ["03-22 01:30", "03-29 01:30", "04-05 01:30"]


def test_of_a_time_of_day_that_comes_twice_the_first_is_meant() -> None:
    before = datetime(2026, 10, 18, 0, 30, tzinfo=UTC)  # 02:30 in Berlin, a week before its clocks go back at 03:00
    assert begins(plan("FREQ=WEEKLY", at=before), 3) == ["10-18 00:30", "10-25 00:30", "11-01 01:30"]


@pytest.mark.parametrize(
    ("until", "begin"),
    [
        ("20260329", ["03-22 01:30", "03-29 01:30"]),  # that day is the last
        ("20260329T023000", ["03-22 01:30", "03-29 01:30"]),  # of the zone
        ("20260329T003000Z", ["03-22 01:30"]),  # 01:30 in the zone, which is before it
        ("20260328", ["03-22 01:30"]),
    ],
)
def test_a_rule_ends_with_its_until(until: str, begin: list[str]) -> None:
    assert begins(plan(f"FREQ=WEEKLY;UNTIL={until}"), 5) == begin


def test_a_rule_without_an_end_ends_after_ten_years() -> None:
    assert len(list(plan("FREQ=MONTHLY", at=SUNDAY).comes())) == 120


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        (plan(lasts=timedelta()), "ends_at is after starts_at"),
        (plan(lasts=timedelta(days=31, seconds=1)), "by 31 days at most"),
        (plan("FREQ=DAILY", lasts=timedelta(hours=24, seconds=1)), "begins anew before it is over"),
        (plan("FREQ=WEEKLY;BYDAY=MO"), "the first period is none of those"),
        (plan("FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30"), "the first period is none of those"),
        (plan("FREQ=YEARLY;BYSETPOS=366"), "the first period is none of those"),
        (plan("FREQ=HOURLY"), "FREQ cannot be that"),
        (plan("FREQ=DAILY;COUNT=3"), "these parts are read: FREQ, INTERVAL, UNTIL"),
        (plan("FREQ=DAILY;INTERVAL=0"), "INTERVAL cannot be that"),
        (plan("BYDAY=SU"), "it needs FREQ"),
        (plan("FREQ=DAILY;FREQ=WEEKLY"), "each part once"),
        (plan("FREQ=WEEKLY;UNTIL=99999999"), "UNTIL"),
        (plan("FREQ=DAILY\nEXDATE:20260322T013000"), "cannot be that"),
        (plan("FREQ=WEEKLY", at=datetime(2026, 10, 25, 1, 30, tzinfo=UTC)), "the first period is none of those"),  # the second 02:30
    ],
)
def test_a_plan_that_cannot_be_meant_is_refused(asked: Plan, why: str) -> None:
    assert why in (refusal_of(asked) or "")


@pytest.mark.parametrize("repeat", [None, "FREQ=WEEKLY;BYDAY=SU", "FREQ=MONTHLY;BYDAY=4SU,-1SU", "FREQ=DAILY;INTERVAL=3;WKST=SU"])
def test_others_are_not(repeat: str | None) -> None:
    assert refusal_of(plan(repeat)) is None


def test_a_period_that_lasts_until_the_next_one_begins_is_none_too_long() -> None:
    assert refusal_of(plan("FREQ=DAILY", lasts=timedelta(hours=24), zone="UTC")) is None


class TestTimePasses:
    PLANNED = Standing(Status.PLANNED, plan().first)

    @pytest.mark.parametrize(
        ("now", "becomes"),
        [
            (SUNDAY - timedelta(microseconds=1), []),
            (SUNDAY, [(Moved.STARTED, Status.RUNNING)]),
            (SUNDAY + 2 * HOUR - timedelta(microseconds=1), [(Moved.STARTED, Status.RUNNING)]),
            (SUNDAY + 2 * HOUR, [(Moved.STARTED, Status.RUNNING), (Moved.ENDED, Status.OVER)]),
        ],
    )
    def test_it_begins_and_ends_at_the_moment(self, now: datetime, becomes: list[tuple[Moved, Status]]) -> None:
        assert moves(passed(plan(), self.PLANNED, now)) == becomes

    def test_one_that_repeats_is_planned_again(self) -> None:
        steps = passed(plan("FREQ=WEEKLY;UNTIL=20260329"), self.PLANNED, SUNDAY + WEEK + HOUR)
        assert [moved for moved, _ in steps] == [Moved.STARTED, Moved.ENDED, Moved.PLANNED, Moved.STARTED]
        assert steps[-1][1] == Standing(Status.RUNNING, Period(SUNDAY + WEEK, SUNDAY + WEEK + 2 * HOUR))
        assert passed(plan("FREQ=WEEKLY;UNTIL=20260329"), steps[-1][1], SUNDAY + 3 * WEEK)[-1][1].status is Status.OVER


class TestAPersonChangesIt:
    RUNNING = Standing(Status.RUNNING, plan().first)

    def test_a_period_that_runs_may_be_made_shorter_or_longer(self) -> None:
        [(moved, standing)] = changed(plan(lasts=3 * HOUR), self.RUNNING, SUNDAY + HOUR) or []
        assert (moved, standing.status, standing.period.ends_at) == (Moved.CHANGED, Status.RUNNING, SUNDAY + 3 * HOUR)

    def test_one_that_is_put_off_while_it_runs_ends_and_comes_later(self) -> None:
        now = SUNDAY + HOUR
        steps = changed(plan(at=SUNDAY + WEEK), self.RUNNING, now) or []
        assert moves(steps) == [(Moved.ENDED, Status.OVER), (Moved.CHANGED, Status.PLANNED)]
        assert steps[0][1].period == Period(SUNDAY, now)

    @pytest.mark.parametrize("status", [Status.OVER, Status.CANCELLED])
    def test_what_is_over_stays_over(self, status: Status) -> None:
        standing = Standing(status, plan().first)
        assert changed(plan(at=SUNDAY + WEEK), standing, SUNDAY) is None
        assert cancelled(standing, SUNDAY) is None

    def test_a_change_by_which_nothing_comes_any_more_is_none(self) -> None:
        assert changed(plan(), self.RUNNING, SUNDAY + 2 * HOUR) is None

    def test_a_period_that_runs_ends_when_it_is_called_off(self) -> None:
        step = cancelled(self.RUNNING, SUNDAY + HOUR)
        assert step == (Moved.CANCELLED, Standing(Status.CANCELLED, Period(SUNDAY, SUNDAY + HOUR)))
