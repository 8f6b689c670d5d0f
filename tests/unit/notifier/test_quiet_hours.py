"""Quiet hours are those of a customer's clock, in every zone and over every change of it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from services.notifier.audience import Contact
from services.notifier.deciding.decision import Hold, Waiting
from services.notifier.deciding.order import decide
from services.notifier.deciding.quiet import Day, QuietHours
from services.notifier.notification import Kind
from services.notifier.situation import Situation
from tests.unit.notifier.builders import ADA, HOUR, MINUTE, NOW, OPEN, OVER, POLICY, SECOND, notification, situation

ZONES = sorted(available_timezones())
NIGHT = QuietHours.model_validate({"from": "22:00", "to": "07:00", "zone_default": "Europe/Berlin"})
BERLIN = ZoneInfo("Europe/Berlin")
FROM, TO = datetime(1995, 1, 1, tzinfo=UTC), datetime(2037, 1, 1, tzinfo=UTC)
MINUTES = st.integers(0, 24 * 60 - 1)


def quiet(begins: int, ends: int, days: tuple[Day, ...] = tuple(Day)) -> QuietHours:
    clock = [f"{minute // 60:02}:{minute % 60:02}" for minute in (begins, ends)]
    return QuietHours.model_validate({"from": clock[0], "to": clock[1], "days": days})


@cache
def changes(name: str) -> list[datetime]:
    """Returns when the zone's clocks are changed, to the second; of a zone that never does, one moment."""
    zone, found = ZoneInfo(name), []
    at, offset = FROM, FROM.astimezone(ZoneInfo(name)).utcoffset()
    while at < TO:
        later = at + timedelta(days=45)
        if (then := later.astimezone(zone).utcoffset()) != offset:
            low, high = at, later
            while high - low > SECOND:
                middle = low + (high - low) // SECOND // 2 * SECOND
                low, high = (middle, high) if middle.astimezone(zone).utcoffset() == offset else (low, middle)
            found.append(high)
        at, offset = later, then
    return found or [NOW]


def reads_quiet(at: datetime, zone: ZoneInfo, begins: int, ends: int, days: tuple[Day, ...]) -> bool:
    """Says by a walk through the minutes of the night whether a clock there reads one of them."""
    local = at.astimezone(zone)
    minute, today = local.hour * 60 + local.minute, list(Day)[local.weekday()]
    yesterday = list(Day)[local.weekday() - 1]
    lasts = (ends - begins) % (24 * 60)
    began_today = (minute - begins) if minute >= begins else None
    began_yesterday = minute + 24 * 60 - begins
    return (began_today is not None and began_today < lasts and today in days) or (began_yesterday < lasts and yesterday in days)


@given(
    begins=MINUTES,
    ends=MINUTES,
    days=st.sets(st.sampled_from(list(Day)), min_size=1).map(tuple),
    which=st.integers(0, 200),
    beside=st.integers(-30 * 3600, 30 * 3600),
)
@settings(max_examples=10)
def test_nothing_is_released_in_quiet_hours_and_nothing_held_outside_of_them_in_any_zone(
    begins: int, ends: int, days: tuple[Day, ...], which: int, beside: int
) -> None:
    assert len(ZONES) >= 400
    ends = ends if ends != begins else (ends + 1) % (24 * 60)
    hours = quiet(begins, ends, days)
    for name in ZONES:
        zone, moments = ZoneInfo(name), changes(name)
        now = moments[which % len(moments)] + beside * SECOND
        until = hours.until(now, zone)
        assert (until is not None) is reads_quiet(now, zone, begins, ends, days), name
        if until is not None:
            assert until > now
            assert not reads_quiet(until, zone, begins, ends, days), name
            step = (until - now) / 7
            assert all(reads_quiet(now + part * step, zone, begins, ends, days) for part in range(7)), name
            assert reads_quiet(max(now, until - SECOND), zone, begins, ends, days), f"{name}: released too late"


def at(clock: str, *, fold: int = 0) -> datetime:
    return datetime.fromisoformat(clock).replace(tzinfo=BERLIN, fold=fold).astimezone(UTC)


@pytest.mark.parametrize(
    ("now", "until"),
    [
        ("2026-11-24 21:59:59", None),
        ("2026-11-24 22:00:00", "2026-11-25 07:00:00"),
        ("2026-11-25 06:59:59", "2026-11-25 07:00:00"),
        ("2026-11-25 07:00:00", None),
        ("2026-03-28 23:00:00", "2026-03-29 07:00:00"),  # an hour of this night does not exist
        ("2026-10-24 23:00:00", "2026-10-25 07:00:00"),  # and one of this night comes twice
    ],
)
def test_they_begin_and_end_by_the_customers_clock(now: str, until: str | None) -> None:
    assert NIGHT.until(at(now), BERLIN) == (None if until is None else at(until))


def test_an_end_that_does_not_exist_is_when_the_clock_is_put_forward_and_one_that_comes_twice_ends_them_twice() -> None:
    early = quiet(22 * 60, 2 * 60 + 30)
    assert early.until(at("2026-03-29 01:00"), BERLIN) == at("2026-03-29 03:00")
    assert early.until(at("2026-10-25 01:00"), BERLIN) == at("2026-10-25 02:30", fold=0)
    assert early.until(at("2026-10-25 02:45", fold=0), BERLIN) is None
    assert early.until(at("2026-10-25 02:10", fold=1), BERLIN) == at("2026-10-25 02:30", fold=1)


def test_a_night_belongs_to_the_day_on_which_it_begins() -> None:
    weekdays = quiet(22 * 60, 7 * 60, (Day.SUN, Day.MON, Day.TUE, Day.WED, Day.THU))
    assert weekdays.until(at("2026-11-27 06:00"), BERLIN) == at("2026-11-27 07:00"), "the night from Thursday to Friday"
    assert weekdays.until(at("2026-11-28 06:00"), BERLIN) is None, "the night from Friday to Saturday"


@pytest.mark.parametrize("name", ["", "UTC", "Mars/Olympus", "../../etc/passwd", "/etc/passwd", "Europe", "a" * 5000, "\x00"])
def test_a_zone_that_is_not_known_is_the_default(name: str) -> None:
    assert NIGHT.zone(name) == BERLIN
    assert NIGHT.zone("Asia/Tokyo").key == "Asia/Tokyo"


@pytest.mark.parametrize(
    "wrong",
    [
        {"from": "22"},
        {"from": "24:00"},
        {"from": 1320},
        {"to": "22:00"},
        {"zone_default": "Mars/Olympus"},
        {"days": []},
        {"days": ["sunday"]},
    ],
)
def test_what_says_no_hours_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        QuietHours.model_validate({"from": "22:00", "to": "07:00", **wrong})


# ── the rule ─────────────────────────────────────────────────────────────────────────────────

AT_NIGHT = datetime(2026, 11, 24, 22, 30, tzinfo=UTC)  # 23:30 in Berlin
QUIET = POLICY.model_copy(update={"quiet_hours": NIGHT})
STILL = replace(OPEN, failing_at=AT_NIGHT, started_at=AT_NIGHT - HOUR)


def night(kind: Kind = Kind.OPENED, **fields: Any) -> Situation:
    ticket = fields.pop("ticket", {})
    about = notification(kind, about_at=AT_NIGHT - MINUTE, created_at=AT_NIGHT - MINUTE, **ticket)
    return situation(about, **{"incident": STILL, "now": AT_NIGHT, **fields})


def held(at: Situation) -> bool:
    decision = decide(at, QUIET)
    assert not isinstance(decision, Hold) or decision.reason is Waiting.QUIET_HOURS
    return isinstance(decision, Hold)


def test_an_alarm_waits_for_the_customers_morning() -> None:
    why = {"quiet_until": "2026-11-25T06:00:00+00:00", "zone": "Europe/Berlin"}
    why |= {"waits_for": Waiting.QUIET_HOURS, "policy": QUIET.version}
    assert decide(night(), QUIET) == Hold(datetime(2026, 11, 25, 6, tzinfo=UTC), Waiting.QUIET_HOURS, why)
    assert not isinstance(decide(night(), POLICY), Hold), "unless somebody says so there are no quiet hours"
    assert not held(night(customer=replace(ADA, timezone="America/New_York")))


def test_critical_incidents_their_ends_and_replies_are_told_at_any_hour() -> None:
    critical = replace(STILL, severity="critical")
    over = replace(OVER, ended_at=AT_NIGHT)
    assert not held(night(incident=critical))
    assert not held(night(Kind.RESOLVED, incident=replace(over, severity="critical")))
    assert held(night(Kind.RESOLVED, incident=over)), "the end of what was told by day waits as that would"
    on_ticket = {"ticket_id": "t-1", "ticket_number": 7}
    assert not held(night(Kind.RESOLVED, incident=over, ticket=on_ticket))
    assert not held(night(Kind.ANSWER, ticket={**on_ticket, "subject": "Re", "body": "Words"}))


def test_a_customers_system_does_not_sleep() -> None:
    called = QUIET.model_copy(update={"channels": ("webhook",)})
    system = replace(ADA, contacts=(Contact("webhook", "https://example.com/hook"),))
    assert not isinstance(decide(night(customer=system), called), Hold)


def test_in_the_morning_only_what_is_still_so_is_told() -> None:
    morning = AT_NIGHT + 8 * HOUR
    assert not isinstance(decide(replace(night(incident=replace(STILL, failing_at=morning)), now=morning), QUIET), Hold)
    late = decide(replace(night(), now=morning), QUIET)
    assert getattr(late, "reason", None) == "stale"
