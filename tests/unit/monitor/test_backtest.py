"""A backtest walks through the past by event time: the same history has the same answer, and memory does not grow with its length."""

from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any

import pytest

from services.monitor.aggregates.alerts import ALERT_REPORTED
from services.monitor.aliases.claims import IDENTIFIED
from services.monitor.backtest import AT_ONCE, Backtest, Come
from services.monitor.fold.keying import home_of, key_of
from services.monitor.incidents.found import Found, Touched, by_day, difference
from services.monitor.rules.file import RulesFile
from shared.events import ProductEvent
from tests.builders import NOON, event
from tests.unit.monitor.builders import LATER, START, request, rule

HOUR = 3600


def rules(**changes: Any) -> RulesFile:
    return RulesFile(rules=[rule(**changes)])


def came(events: Iterable[ProductEvent]) -> Iterator[Come]:
    return (Come(each, LATER + 100 * HOUR) for each in events)


def second(at: int, *, bad: int = 0, customers: int = 20) -> Iterator[ProductEvent]:
    """Yields a second in which each customer asks once; the first `bad` of them in vain."""
    for number in range(customers):
        yield request(at + number / customers, ok=number >= bad, customer=f"c-{number}")


def outage(begins: int, ends: int, over: int) -> Iterator[ProductEvent]:
    for at in range(over):
        yield from second(at, bad=12 if begins <= at < ends else 0)


def test_an_outage_is_one_incident_with_its_customers_its_figures_and_its_end() -> None:
    backtest = Backtest(rules())
    backtest.follow(came(outage(20, 40, 90)))
    backtest.end()
    [found] = backtest.incidents
    assert (found.rule, found.component, found.started_at) == ("failing", "checkout", START + 20)
    assert START + 20 < found.opened_at < START + 22
    assert found.ended_at is not None
    assert START + 50 <= found.ended_at <= START + 70
    assert found.why["opens_at"] == {"ratio": 0.05, "events": 50, "customers": 10}
    assert found.customers.keys() == {f"c-{number}" for number in range(12)}
    assert (found.customers["c-0"].first, found.customers["c-0"].last, found.customers["c-0"].count) == (START + 20, START + 39, 20)
    assert found.messages == 2 * 12


@pytest.mark.parametrize("partitions", [1, 4])
def test_who_says_who_they_are_is_one_customer_with_all_that_failed(partitions: int) -> None:
    """Twelve visitors fail; each then signs in, in the midst of the outage, and all they said comes twice."""
    backtest = Backtest(rules(), partitions=partitions)
    names = {f"c-{number}": f"person-{number}" for number in range(12)}
    said = [
        event(f"identify-{name}", type_=IDENTIFIED, subject=customer, at=NOON + timedelta(seconds=30), data={"alias": name})
        for name, customer in names.items()
    ]
    history = sorted([*outage(20, 40, 90), *said, *outage(20, 32, 32)], key=lambda each: each.time)
    backtest.follow(Come(each, LATER + 100 * HOUR, home_of(key_of(each).encode(), partitions)) for each in history)
    backtest.end()
    [found] = backtest.incidents
    assert found.customers.keys() == set(names.values())
    assert (found.customers["person-0"].first, found.customers["person-0"].count) == (START + 20, 20)


def test_what_still_fails_when_the_history_ends_has_no_end_and_no_message_of_one() -> None:
    backtest = Backtest(rules())
    backtest.follow(came(outage(20, 40, 40)))
    backtest.end()
    [found] = backtest.incidents
    assert found.ended_at is None
    assert found.messages == len(found.customers) == 12


def test_a_history_may_come_in_pieces_but_its_answer_is_that_of_the_order() -> None:
    whole, again = Backtest(rules()), Backtest(rules())
    events = list(outage(20, 40, 90))
    whole.follow(came(events))
    whole.end()
    for at in range(0, len(events), 7):
        again.follow(came(events[at : at + 7]))
    again.end()
    assert whole.incidents == again.incidents


@pytest.mark.parametrize(("every", "found"), [(0.1, 1), (1.0, 0)])
def test_a_window_that_is_still_filling_is_judged_as_finely_as_is_asked(every: float, found: int) -> None:
    # Given a second whose first half fails for everybody, while the share of the whole second is too small
    halves = [request(at / 100, ok=at >= 30, customer=f"c-{at % 25}") for at in range(100)]
    strict = rules(open={"ratio": 0.5, "events": 25, "customers": 10}, resolve={"ratio": 0.01, "calm": "10s"})
    backtest = Backtest(strict)
    backtest.follow(came(halves), every)
    backtest.end()
    assert len(backtest.incidents) == found


def test_an_event_from_the_future_counts_when_it_came_and_makes_no_other_late() -> None:
    ahead = request(5 * HOUR, customer="c-ahead")
    events = [Come(each, START + 90) for each in (ahead, *outage(20, 40, 90))]
    backtest = Backtest(rules())
    backtest.follow(events)
    backtest.end()
    assert len(backtest.incidents) == 1
    assert backtest.account.late == 0
    assert backtest.account.ahead == 1


def test_a_moment_with_many_events_is_judged_piece_by_piece() -> None:
    backtest = Backtest(rules(open={"ratio": 0.9, "events": 50, "customers": 10}))
    crowd = (request(1, ok=False, customer=f"c-{number}") for number in range(AT_ONCE))
    backtest.follow(came([*crowd, *(request(1, customer=f"d-{number}") for number in range(AT_ONCE))]))
    backtest.end()
    assert len(backtest.incidents) == 1, "the good ones that came later do not hide it"


def sizes(backtest: Backtest) -> dict[str, int]:
    """Returns how much is remembered."""
    [partition] = backtest._partitions.values()
    [watch] = partition.watches.values()
    return {
        "identities": len(partition.seen),
        "buckets": len(watch.buckets.of),
        "customers": sum(len(list(watch.tallies.customers(each))) for each in watch.watermarks),
        "components": len(watch.watermarks),
        "windows": sum(len(series.window.buckets) for series in backtest._series.values()),
        "series": len(backtest._series),
        "recent": sum(map(len, backtest._known.of.values())),
    }


def week(hours: range) -> Iterator[ProductEvent]:
    """Yields hours in which customers come and go, components too, and the checkout fails for some minutes."""
    for hour in hours:
        for minute in range(0, 60, 4):
            for number in range(6):
                at, ok = hour * HOUR + minute * 60 + number * 9, not (minute < 8 and number < 4)
                yield request(at, ok=ok, customer=f"c-{hour}-{minute}-{number}", component="checkout")
        yield request(hour * HOUR + HOUR - 1, customer="c-1", component=f"job-{hour}")


def test_what_is_remembered_does_not_grow_with_the_length_of_the_history() -> None:
    backtest, measured = Backtest(rules(window="1m", impact={"at_least": 1}, open={"ratio": 0.05, "events": 5, "customers": 2})), []
    for hours in (range(40), range(40, 80)):
        backtest.follow(came(week(hours)), 10.0)
        backtest.end()
        measured.append(sizes(backtest))
    early, late = measured
    assert late.keys() == early.keys()
    assert {name: (early[name], size) for name, size in late.items() if size > 1.1 * early[name] + 5} == {}
    assert early["identities"] < 7 * 60
    assert len(backtest.incidents) >= 80


def test_a_day_of_silence_is_no_trouble() -> None:
    later = [request(86_400 + at, customer="c-1") for at in range(60)]
    backtest = Backtest(rules())
    backtest.follow(came([*outage(20, 40, 90), *later]))
    backtest.end()
    assert len(backtest.incidents) == 1


# ── what it comes to ─────────────────────────────────────────────────────────────────────────


def found(begins: float, ends: float | None, *, of: str = "failing", customers: str = "ab", component: str = "checkout") -> Found:
    """Returns an incident of these seconds of the story, with a customer for each letter."""
    ended = None if ends is None else START + ends
    touched = {name: Touched(START, START, 1) for name in customers}
    return Found(f"{of}/{component}/{begins}", of, component, START + begins, START + begins, {}, ended, touched)


def test_days_are_of_a_rule_and_count_a_customer_once_and_a_message_each_time() -> None:
    half_a_day = 12 * HOUR
    days = by_day(
        [found(0, 60), found(100, None, customers="bc"), found(half_a_day, half_a_day + 60), found(0, 60, of="a-slow", customers="")]
    )
    told = {(rule, str(day)): (each.incidents, sorted(each.customers), each.messages) for (rule, day), each in days.items()}
    assert list(told.items()) == [
        (("a-slow", "2026-11-24"), (1, [], 0)),
        (("failing", "2026-11-24"), (2, ["a", "b", "c"], 6)),
        (("failing", "2026-11-25"), (1, ["a", "b"], 4)),
    ]


def test_incidents_of_two_sets_of_rules_are_the_same_when_they_overlap() -> None:
    before = [found(0, 60), found(100, 160), found(500, None), found(0, 60, component="search")]
    after = [found(60, 80), found(161, 200), found(900, 950)]
    told = difference(before, after)
    assert told.both == ((before[0], after[0]), (before[2], after[2]))
    assert told.only_before == (before[1], before[3])
    assert told.only_after == (after[1],)


def alert(at: float, status: str, *, key: str = "f-1", starts: float = 20) -> ProductEvent:
    """Returns what a hook says of an alert of the checkout."""
    said = {"starts_at": (NOON + timedelta(seconds=starts)).isoformat(), "ends_at": (NOON + timedelta(seconds=at)).isoformat()}
    data = {"component": "checkout", "key": key, "name": "Down", "status": status, **said}
    return event(f"{key}/{status}", type_=ALERT_REPORTED, at=NOON + timedelta(seconds=at), data=data, subject=None)


def test_an_alert_opens_and_ends_an_incident_of_those_who_used_its_component() -> None:
    on_alerts = RulesFile.model_validate(
        {
            "rules": [
                {"id": "alerts", "detector": "alert", "title": "{component}", "uses": {"events": ["com.example.request"], "within": "30s"}}
            ]
        }
    )
    backtest = Backtest(on_alerts)
    quiet = [each for at in range(60) for each in second(at, customers=3)]
    history = sorted([*quiet, alert(20, "firing"), alert(50, "resolved")], key=lambda each: each.time)
    backtest.follow(Come(each, each.time.timestamp()) for each in history)
    backtest.end()
    [found] = backtest.incidents
    assert (found.rule, found.started_at, found.ended_at) == ("alerts", START + 20, START + 50)
    assert {customer: touched.certainty for customer, touched in found.customers.items()} == dict.fromkeys(("c-0", "c-1", "c-2"), "likely")


def test_an_event_that_does_not_come_is_an_incident_since_it_was_due_until_it_comes() -> None:
    # Given a heartbeat every minute that stops for ten, and one that was never heard, while others go on
    rule = {"id": "beat", "detector": "absence", "title": "{component}", "events": ["com.example.request"], "every": "2m", "grace": "1m"}
    only = RulesFile.model_validate({"rules": [rule | {"only": ["export", "import"]}]})
    beats = [request(at, customer=None, component="export") for at in (*range(0, 600, 60), *range(1200, 1800, 60))]
    quiet = [request(at + 0.5, customer="c-1", component="checkout") for at in range(0, 1800, 10)]
    backtest = Backtest(only)
    backtest.follow(came(sorted([*beats, *quiet], key=lambda each: each.time)))
    backtest.end()
    never, stopped = backtest.incidents
    assert (never.component, never.started_at, never.opened_at, never.ended_at) == ("import", START + 120, START + 180, None)
    assert (stopped.component, stopped.started_at, stopped.opened_at, stopped.ended_at) == (
        "export",
        START + 660,
        START + 720,
        START + 1200,
    )
    assert stopped.why["unheard_seconds"] == 180
    assert (stopped.customers, stopped.messages) == ({}, 0)
    # and it is found although nobody said anything in between: as of when it was due
    alone = Backtest(only)
    alone.follow(came(beats))
    alone.end()
    assert [each.opened_at for each in alone.incidents if each.component == "export"] == [START + 720]


def test_time_comes_on_by_events_that_no_rule_asks_for() -> None:
    # Given a heartbeat that stops, and a step that does not follow, while only events come of which no rule asks
    beat = {"id": "beat", "detector": "absence", "title": "{component}", "events": ["com.example.beat"], "every": "2m", "grace": "1m"}
    step = {"events": ["com.example.paid"]}
    stall = {"id": "stall", "detector": "stall", "title": "x", "events": ["com.example.signup"], "expects": step, "within": "5m"}
    backtest = Backtest(RulesFile.model_validate({"rules": [beat | {"only": ["export"]}, stall]}))
    begun = [
        event("beat", subject=None, at=NOON, type_="com.example.beat", data={"component": "export"}),
        event("signup", subject="c-1", at=NOON, type_="com.example.signup", data={}),
    ]
    others = (event(str(at), subject="c-2", at=NOON + timedelta(seconds=at), type_="com.example.view", data={}) for at in range(1, 600))
    # When they are all that comes
    backtest.follow(came([*begun, *others]))
    # Then both are found when it was time, while the history goes on
    [missed], [risk] = backtest.incidents, backtest.risks
    began = NOON.timestamp()
    assert (missed.started_at, round(missed.opened_at)) == (began + 120, began + 180)
    assert (risk.rule, round(risk.raised_at.timestamp())) == ("stall", began + 300)


def test_risks_of_single_customers_are_raised_and_cleared_by_event_time() -> None:
    streak = {
        "id": "streak",
        "detector": "streak",
        "title": "x",
        "events": ["com.example.request"],
        "bad": {"data.ok": False},
        "window": "1h",
    }
    stall = {
        "id": "stall",
        "detector": "stall",
        "title": "x",
        "events": ["com.example.request"],
        "where": {"data.component": "signup"},
        "expects": {"events": ["com.example.request"], "where": {"data.component": "invited"}},
        "within": "30m",
    }
    # Given a customer who fails three times and is well again, one who fails and says nothing more, and one who goes no further
    fails = [request(at, ok=False, customer=name) for at in (10, 20, 30) for name in ("c-1", "c-2")]
    begins = [request(5, customer="c-3", component="signup"), request(6, customer="c-4", component="signup")]
    later = [
        request(60, customer="c-1"),
        request(100, customer="c-4", component="invited"),
        *(request(at, customer="c-9") for at in range(0, 7200, 60)),
    ]
    backtest = Backtest(RulesFile.model_validate({"rules": [streak, stall]}))
    backtest.follow(came(sorted([*fails, *begins, *later], key=lambda each: each.time)))
    backtest.end()
    found = {(each.rule, each.customer_id): each for each in backtest.risks}
    assert {key: each.reason for key, each in found.items()} == {
        ("streak", "c-1"): "recovered",
        ("streak", "c-2"): "unheard",
        ("stall", "c-3"): None,
    }
    assert (found["streak", "c-1"].raised_at.timestamp(), found["streak", "c-1"].began_at.timestamp()) == (START + 30, START + 10)
    assert 0 <= found["stall", "c-3"].raised_at.timestamp() - (START + 5 + 1800) <= 60
    assert backtest.incidents == []
