"""Alerts of one component: what is known of them does not depend on the order, and decides when their incident opens and ends."""

import random
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.monitor.fold.partition import Partition
from services.monitor.fold.watch import NOT_OURS, REFUSED, TAKEN
from services.monitor.incidents.alerts import ANEW, KEPT, KEPT_FOR, Alert, Alerts, firing_of, joined, kept, said, step, why_of
from services.monitor.incidents.life import Changed, Decision, Opened, Resolved, State
from services.monitor.rules.alert import AlertRule
from services.monitor.rules.file import RulesFile
from services.monitor.store.series import Stored
from shared.configuration.files import ConfigError, load
from shared.events import FoldedAlert
from tests.flow.monitor_alerts import alert, used
from tests.unit.monitor.builders import HORIZON, START

MOMENTS = st.integers(0, 30).map(float)
ALERTS = st.lists(
    st.builds(
        lambda key, since, lasts, said_at: folded(key, since, since + lasts if lasts is not None else None, said_at=said_at),
        st.sampled_from("abc"),
        st.sampled_from([0.0, 5.0]),
        st.none() | MOMENTS,
        MOMENTS,
    ),
    max_size=12,
)


def rule(**changes: Any) -> AlertRule:
    return AlertRule.model_validate({"id": "alerts", "detector": "alert", "title": "{component} has trouble", **changes})


RULE = rule()


def folded(key: str = "a", since: float = 0.0, until: float | None = None, *, said_at: float | None = None, **words: str) -> FoldedAlert:
    """Returns a report; times are seconds into the story."""
    ends_at = None if until is None else START + until
    at = START + (max(since, until or 0.0) if said_at is None else said_at)
    given = {"rule": "alerts", "component": "checkout", "fingerprint": RULE.fingerprint, "key": key, "said_at": at, **words}
    return FoldedAlert.model_validate({**given, "starts_at": START + since, "ends_at": ends_at})


def through(*reports: FoldedAlert, alerts: Alerts | None = None, now: float = 1000.0) -> tuple[Alerts, list[Decision]]:
    """Returns what is known after these reports, and what they decided."""
    alerts, decisions = alerts or Alerts(), []
    for each in reports:
        alerts, decision = step(RULE, "checkout", alerts, each, START + now)
        decisions += [decision] if decision else []
    return alerts, decisions


def kinds(decisions: Sequence[Decision]) -> list[type]:
    return [type(each) for each in decisions]


# ── what is known ────────────────────────────────────────────────────────────────────────────


@given(ALERTS, st.randoms(use_true_random=False), st.data())
def test_whatever_comes_twice_and_in_any_order_comes_to_the_same(
    reports: list[FoldedAlert], dice: random.Random, data: st.DataObject
) -> None:
    once = joined((), map(said, reports))
    again = [*reports, *data.draw(st.lists(st.sampled_from(reports), max_size=5))] if reports else []
    dice.shuffle(again)
    cut = data.draw(st.integers(0, len(again)))
    first, second = joined((), map(said, again[:cut])), joined((), map(said, again[cut:]))
    assert joined((), map(said, again)) == joined(first, second) == joined(second, first) == joined(once, once) == once


@given(ALERTS, st.randoms(use_true_random=False))
def test_an_incident_is_open_in_the_end_whenever_an_alert_fires(reports: list[FoldedAlert], dice: random.Random) -> None:
    shuffled = list(reports)
    dice.shuffle(shuffled)
    for order in (reports, shuffled):
        alerts, decisions = through(*order)
        assert (alerts.incident_id is not None) == bool(firing_of(alerts))
        ids = [each.incident_id for each in decisions if not isinstance(each, Changed)]
        assert len(ids) == 2 * len(set(ids)) - (alerts.incident_id is not None)  # each opens once, and ends once
    assert through(*reports)[0].known == through(*shuffled)[0].known


def test_an_end_counts_also_when_the_beginning_comes_after_it() -> None:
    for order in ([folded(), folded(until=9)], [folded(until=9), folded()]):
        alerts, _ = through(*order)
        assert firing_of(alerts) == []


def test_an_alert_with_the_same_start_fires_again_when_that_is_said_long_after_its_end() -> None:
    before, _ = through(folded(), folded(until=60))
    again = folded(said_at=60 + ANEW)
    assert through(again, alerts=before)[1] == []
    later = folded(said_at=60 + ANEW + 1)
    alerts, [opened] = through(later, alerts=before, now=5000)
    assert isinstance(opened, Opened)
    assert opened.started_at == START + 60  # since its end at the earliest
    first = through(folded())[1][0]
    assert opened.incident_id != first.incident_id
    ended, [resolved] = through(folded(until=2000), alerts=alerts, now=5000)
    assert isinstance(resolved, Resolved)
    assert (resolved.resolved_at, ended.incident_id) == (START + 2000, None)


# ── what is decided ──────────────────────────────────────────────────────────────────────────


def test_the_first_that_fires_opens_and_the_last_that_ends_resolves() -> None:
    alerts, decisions = through(folded("a", 5), folded("b", 7), folded("a", 5), folded("a", 5, 20), folded("b", 7, 15))
    assert kinds(decisions) == [Opened, Changed, Changed, Resolved]
    opened, resolved = decisions[0], decisions[-1]
    assert isinstance(opened, Opened)
    assert isinstance(resolved, Resolved)
    assert (opened.started_at, resolved.resolved_at) == (START + 5, START + 20)
    assert [each.why["firing"] for each in decisions] == [1, 2, 1, 0]
    assert {each.incident_id for each in decisions} == {opened.incident_id}
    assert alerts.incident_id is None
    # and one that begins later opens another
    _, [other] = through(folded("a", 30), alerts=alerts)
    assert isinstance(other, Opened)
    assert other.incident_id != opened.incident_id


def test_the_id_is_that_of_the_trouble_whoever_finds_it() -> None:
    ids = {through(folded(said_at=at))[1][0].incident_id for at in (0.0, 3.0, 500.0)}
    assert len(ids) == 1


def test_an_alert_of_a_clock_that_is_ahead_starts_and_ends_now() -> None:
    _, decisions = through(folded("a", 50), folded("a", 50, 90), now=10)
    opened, resolved = decisions
    assert isinstance(opened, Opened)
    assert isinstance(resolved, Resolved)
    assert (opened.started_at, resolved.resolved_at) == (START + 10, START + 10)


def test_no_more_than_so_many_are_known_and_the_ended_go_first() -> None:
    ended = [said(folded(f"e{number}", number, number + 1)) for number in range(KEPT)]
    fires = [said(folded(f"f{number}", number)) for number in range(3)]
    left = kept(joined(ended, fires), START + KEPT)
    assert len(left) == KEPT
    assert {each.key for each in (*ended, *fires)} - {each.key for each in left} == {"e0", "e1", "e2"}
    many = [said(folded(f"f{number}", number)) for number in range(KEPT + 2)]
    assert {each.key for each in many} - {each.key for each in kept(joined((), many), START)} == {"f0", "f1"}


def test_an_ended_alert_is_forgotten_in_time_and_one_that_fires_is_not() -> None:
    known = joined((), [said(folded("a", 0, 10)), said(folded("b", 0))])
    assert [each.key for each in kept(known, START + 10 + KEPT_FOR)] == ["a", "b"]
    assert [each.key for each in kept(known, START + 11 + KEPT_FOR)] == ["b"]


def test_why_names_the_alerts_and_of_many_the_first() -> None:
    alerts, _ = through(folded("a", 5, name="Down", summary="it is down", url="https://example.org", severity="page"), folded("b"))
    why = why_of(RULE, firing_of(alerts))
    assert why["alerts"] == [
        {"name": "without a name", "since": "2026-11-24T12:00:00+00:00"},
        {
            "name": "Down",
            "since": "2026-11-24T12:00:05+00:00",
            "severity": "page",
            "summary": "it is down",
            "url": "https://example.org",
        },
    ]
    many, _ = through(*(folded(f"a{number}") for number in range(50)))
    why = why_of(RULE, firing_of(many))
    assert (why["firing"], len(why["alerts"])) == (50, 10)


def test_words_of_any_length_make_no_large_row() -> None:
    long: dict[str, Any] = {"name": "n" * 255, "severity": "s" * 255, "summary": "t" * 1000, "url": "https://example.org/" + "u" * 1900}
    alerts, _ = through(*(folded(f"{number}".rjust(255, "k"), **long) for number in range(KEPT)))
    assert len(msgspec.msgpack.encode(alerts)) < 300_000
    assert len(msgspec.json.encode(why_of(RULE, firing_of(alerts)))) < 10_000
    assert "url" not in why_of(RULE, firing_of(alerts))["alerts"][0]


# ── what is stored ───────────────────────────────────────────────────────────────────────────


def test_rows_of_versions_that_knew_no_alerts_are_read_and_rows_of_later_versions_too() -> None:
    older = msgspec.msgpack.encode(({60: {0: [1, 1, 1, 60.5]}}, 61.0, State(60)))
    assert msgspec.msgpack.decode(older, type=Stored).alerts == Alerts()
    known = Alerts((Alert("a", 1.0, 2.0, 3.0, 4.0, ("n", "s", "t", "u")),), "i-1", 5.0, 6.0)
    packed = msgspec.msgpack.decode(msgspec.msgpack.encode(Stored({}, 0.0, State(), known)))
    packed[3].append("of a later version")
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(packed), type=Stored).alerts == known


# ── what the fold tells ──────────────────────────────────────────────────────────────────────


def partition(of: AlertRule, components: int = 10) -> Partition:
    return Partition(of.asks, HORIZON, components)


@pytest.mark.parametrize(
    "wrong",
    [
        {"key": ""},
        {"key": None},
        {"key": "k" * 256},
        {"key": 7},
        {"status": "pending"},
        {"status": None},
        {"starts_at": "yesterday"},
        {"starts_at": "2026-11-24T12:00:00"},
        {"starts_at": 1795514410},
        {"starts_at": "1970-01-01T00:00:00Z"},
        {"starts_at": "2126-01-01T00:00:00Z"},
        {"component": ""},
        {"component": None},
        {"component": ["checkout"]},
    ],
)
def test_what_is_no_alert_that_can_be_is_unmatched(wrong: dict[str, Any]) -> None:
    of, made = partition(rule()), alert()
    assert of.fold([msgspec.structs.replace(made, data={**made.data, **wrong})], START + 60) == [NOT_OURS]
    assert of.alerts.take_told() == []
    assert of.account.unmatched == 1


def test_an_alert_is_told_each_time_it_comes_with_when_it_was_written() -> None:
    of = partition(rule())
    assert of.fold([alert(), alert()], START + 60, lambda row: START + 50 + row) == [TAKEN, TAKEN]
    for written in (START + 200, 0.0, -0.001, 1e15):  # of a clock that is ahead, or none at all
        assert of.fold([alert(until=70)], START + 80, {0: written}.__getitem__) == [TAKEN]
    told = of.alerts.take_told()
    assert [(each.starts_at, each.ends_at, each.said_at) for each in told] == [
        (START, None, START + 50),
        (START, None, START + 51),
        *([(START, START + 70, START + 80)] * 4),
    ]
    assert of.alerts.take_told() == []
    assert (of.account.read, of.account.counted, of.account.duplicate) == (6, 6, 0)


def test_no_other_event_is_looked_at_and_without_a_rule_on_alerts_no_alert_is() -> None:
    assert partition(rule()).fold([used("c-1", 1)], START + 60) == [NOT_OURS]
    assert not partition(rule()).asks_for(used("c-1", 1))
    assert partition(rule()).asks_for(alert())
    nobody = Partition([], HORIZON)
    assert nobody.fold([alert()], START + 60) == [NOT_OURS]
    assert not nobody.asks_for(alert())


def test_a_component_that_is_one_too_many_is_refused() -> None:
    of = partition(rule(), components=2)
    assert of.fold([alert(component=f"part-{number}") for number in range(3)], START + 60) == [TAKEN, TAKEN, REFUSED]
    assert of.fold([alert(component="part-0", until=5)], START + 60) == [TAKEN]


def test_whom_a_firing_alert_names_is_known_by_its_start_whatever_is_said_again() -> None:
    of = partition(rule())
    watch = of.watches["alerts"]

    def affected() -> list[tuple[str, float, int]]:
        return [(who, tally.first, tally.count) for who, tally in watch.affected("checkout", None, START, START + 1e6)]

    of.fold([alert(since=5, until=9, customer="c-2"), alert(since=5, customer="c-1"), alert(since=5, customer="c-1")], START + 60)
    assert affected() == [("c-1", START + 5, 1)]
    of.fold([alert("a2", since=20, customer="c-1"), alert(since=5, customer="c-1")], START + 60)
    assert affected() == [("c-1", START + 20, 1)]


def test_every_use_is_known_with_its_customer_and_is_judged_by_nobody() -> None:
    of = partition(rule(uses={"events": ["com.example.request"], "where": {"data.ok": True}, "within": "1m"}))
    assert of.fold([used("c-1", 1), used("c-2", 2, "search"), used("c-1", 3)], START + 60) == [TAKEN] * 3
    uses = of.watches["alerts:uses"]
    assert [(who, tally.count) for who, tally in uses.affected("checkout", None, START, START + 60)] == [("c-1", 2)]


def test_what_alerts_a_rule_looks_at_is_its_fingerprint_and_whom_it_touches_is_not() -> None:
    assert rule().fingerprint == rule(severity="low", uses={"events": ["x"]}, resolve={"silent": "9h"}).fingerprint
    others = [rule(alerts={"data.name": "Down"}), rule(component="data.part"), rule(only=["checkout"])]
    assert len({each.fingerprint for each in (rule(), *others)}) == 4


SHIPPED = Path(__file__).parents[3] / "deploy/config/rules.yml"


def example() -> str:
    """Returns the shipped rules with the example of a rule on alerts in force."""
    rules, comment, rest = SHIPPED.read_text().partition("  # - id: checkout-alerts")
    return rules + re.sub("^  # ", "  ", comment + rest, flags=re.MULTILINE)


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        ("within: 15m", "within: 4s", "it is between 5 s and 24 h"),
        ("within: 15m", "within: 25h", "it is between 5 s and 24 h"),
        ("within: 15m", "window: 15m", "window"),
        ("events: [com.example.request]\n      within", "events: []\n      within", "at least 1 item"),
        ("{data.name:", "{name:", "name: a field is data.<name>"),
        ("resolve: {silent: 5h}", "resolve: {calm: 5m}", "calm"),
        ("severity: high\n    alerts", "bad: {data.ok: false}\n    alerts", "bad"),
    ],
)
def test_the_example_of_the_shipped_file_is_a_rule_and_a_mistake_in_it_is_named(before: str, after: str, says: str, tmp_path: Path) -> None:
    path = tmp_path / "rules.yml"
    path.write_text(example())
    *_, last = load(path, RulesFile).components
    assert isinstance(last, AlertRule)
    assert last.uses is not None
    assert before in example()
    path.write_text(example().replace(before, after))
    with pytest.raises(ConfigError) as error:
        load(path, RulesFile)
    assert says in str(error.value)
