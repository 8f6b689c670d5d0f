"""Rules are read from a file: mistakes are named with their place, and a fingerprint says what changes the count."""

from itertools import takewhile
from pathlib import Path
from typing import Any

import pytest

from services.monitor.rules.file import RulesFile
from services.monitor.rules.ratio import RatioRule
from shared.configuration.files import ConfigError, load
from tests.unit.monitor.builders import rule

RULES = """\
rules:
  - id: failing
    title: "{component} is failing"
    events: [com.example.request]
    bad: {data.ok: false}
    open: {ratio: 0.05}
    resolve: {ratio: 0.01}
"""


@pytest.mark.parametrize(
    ("before", "after", "line", "says"),
    [
        ("title:", "titel:", 2, "titel"),
        ("ratio: 0.05", "ratio: 1.5", 6, "less than or equal to 1"),
        ("resolve: {ratio: 0.01}", "resolve: {ratio: 0}", 7, "greater than 0"),
        ("resolve: {ratio: 0.01}", "resolve: {ratio: 0.06}", 2, "resolve.ratio is above open.ratio"),
        ("{data.ok: false}", "{time: 3}", 5, "time: a field is data.<name>, type, source or subject"),
        ("{data.ok: false}", "{data.ms: {above: }}", 5, "above says nothing"),
        ("{data.ok: false}", "{data.ms: {over: 3}}", 5, "over"),
        ("{data.ok: false}", "{}", 5, "at least 1 item"),
        ('"{component} is failing"', '"{name} is failing"', 3, "only {component} is filled in"),
        ("id: failing", "id: Failing!", 2, "should match pattern"),
        ("events: [com.example.request]", "events: []", 4, "at least 1 item"),
        ("bad:", "window: 4s\n    bad:", 5, "a window is between 5 s and 24 h"),
        ("resolve: {ratio: 0.01}", "resolve: {ratio: 0.01, events: 0}", 7, "greater than or equal to 1"),
        ("bad:", "symptom: Slow!\n    bad:", 5, "should match pattern"),
        ("bad:", "component: component\n    bad:", 2, "component: a field is data.<name>"),
    ],
)
def test_a_mistake_is_named_with_its_file_and_line(before: str, after: str, line: int, says: str, tmp_path: Path) -> None:
    path = tmp_path / "rules.yml"
    path.write_text(RULES.replace(before, after))
    with pytest.raises(ConfigError) as error:
        load(path, RulesFile)
    assert f"{path}:{line}: " in str(error.value)
    assert says in str(error.value)


COUNT = RULES.replace("open: {ratio: 0.05}", "detector: count\n    open: {count: 20}").replace("ratio: 0.01", "count: 4")
BURN = RULES.replace("open: {ratio: 0.05}", "detector: burn\n    objective: 99.9").replace("ratio: 0.01", "calm: 10m")
DISTINCT = RULES.replace("open: {ratio: 0.05}", "detector: distinct\n    open: {customers: 20}").replace("ratio: 0.01", "customers: 4")

PERCENTILE = (
    RULES.replace("open: {ratio: 0.05}", "detector: percentile\n    number: data.latency_ms\n    open: {at_least: 800}")
    .replace("ratio: 0.01", "below: 600")
    .replace("    bad: {data.ok: false}\n", "")
)


@pytest.mark.parametrize(
    ("text", "before", "after", "line", "says"),
    [
        (PERCENTILE, "below: 600", "below: 801", 2, "resolve.below is above open.at_least"),
        (PERCENTILE, "number: data.latency_ms", "number: latency", 2, "a field is data.<name>"),
        (PERCENTILE, "open: {at_least: 800}", "percentile: 100\n    open: {at_least: 800}", 7, "less than 100"),
        (COUNT, "detector: count", "detector: counts", 2, "there is no such detector: it is ratio, "),
        (COUNT, "detector: count", "detector: [count]", 2, "there is no such detector"),
        (COUNT, "count: 4", "count: 21", 2, "resolve.count is above open.count"),
        (COUNT, "{count: 20}", "{count: 20, ratio: 0.05}", 7, "ratio"),
        (COUNT, "{count: 20}", "{count: 0}", 7, "greater than or equal to 1"),
        (COUNT, "{count: 4}", "{count: 4, events: -1}", 8, "greater than or equal to 0"),
        (COUNT, "detector: count", "detector: ratio", 7, "ratio"),  # a rule for ratios with counts
        (COUNT, "    detector: count\n", "", 6, "ratio"),  # the same, where none is named
        (BURN, "objective: 99.9", "objective: 100", 7, "less than 100"),
        (BURN, "objective: 99.9", "objective: 80", 2, "this never opens: over 30 days it would take 288% of events that are bad"),
        (BURN, "objective: 99.9", "objective: 99.9\n    period: 1d", 8, "between 7 and 90 days"),
        (BURN, "objective: 99.9", "objective: 99.9\n    window: 1h", 8, "window"),
        (DISTINCT, "customers: 4", "customers: 21", 2, "resolve.customers is above open.customers"),
        (DISTINCT, "{customers: 20}", "{customers: 20, count: 5}", 7, "count"),
        (DISTINCT, "{customers: 20}", "{}", 7, "customers"),
    ],
)
def test_a_mistake_in_a_rule_of_another_kind_is_named_with_its_file_and_line(
    text: str, before: str, after: str, line: int, says: str, tmp_path: Path
) -> None:
    path = tmp_path / "rules.yml"
    path.write_text(text)
    load(path, RulesFile)
    path.write_text(text.replace(before, after))
    with pytest.raises(ConfigError) as error:
        load(path, RulesFile)
    assert f"{path}:{line}: " in str(error.value)
    assert says in str(error.value)


def test_a_rule_that_names_no_detector_is_judged_by_the_ratio(tmp_path: Path) -> None:
    path = tmp_path / "rules.yml"
    path.write_text(
        RULES
        + "".join(
            text.removeprefix("rules:\n").replace("id: ", f"id: {number}-")
            for number, text in enumerate((COUNT, DISTINCT, BURN, PERCENTILE))
        )
    )
    assert [rule.detector for rule in load(path, RulesFile).rules] == ["ratio", "count", "distinct", "burn", "percentile"]


def test_two_rules_with_one_id_are_a_mistake(tmp_path: Path) -> None:
    path = tmp_path / "rules.yml"
    path.write_text(RULES + RULES.removeprefix("rules:\n"))
    with pytest.raises(ConfigError, match="two rules have the same id"):
        load(path, RulesFile)


def test_the_shipped_rules_are_read_as_they_are_promised() -> None:
    rules = load(Path(__file__).parents[3] / "deploy/config/rules.yml", RulesFile)
    failing = next(each for each in rules.rules if isinstance(each, RatioRule) and each.id == "checkout-failing")
    assert (failing.width, failing.counting.buckets) == (1, 15)
    assert (failing.open.ratio, failing.open.events, failing.open.customers) == (0.05, 50, 10)
    assert (failing.resolve.ratio, failing.resolve.calm.total_seconds(), failing.impact.at_least) == (0.01, 10, 2)
    assert (failing.evidence, failing.resolve.silent.total_seconds()) == (50, 900)
    assert {each.id: each.symptom for each in rules.components} == {"checkout-failing": "failing", "responding-slowly": "slow"}


def test_opening_and_resolving_at_the_same_ratio_is_allowed() -> None:
    assert rule(open={"ratio": 0.05}, resolve={"ratio": 0.05}).resolve.ratio == 0.05


@pytest.mark.parametrize(("window", "width", "buckets"), [("5s", 1, 5), ("15s", 1, 15), ("29s", 1, 29), ("30s", 2, 15), ("1h", 240, 15)])
def test_a_window_is_covered_by_buckets_of_whole_seconds(window: str, width: int, buckets: int) -> None:
    cut = rule(window=window)
    assert (cut.width, cut.counting.buckets) == (width, buckets)
    assert cut.width * cut.counting.buckets >= cut.window.total_seconds()


def test_an_end_needs_as_many_events_as_an_opening_unless_the_rule_says_otherwise() -> None:
    assert rule().evidence == 50
    assert rule(resolve={"ratio": 0.01, "events": 7}).evidence == 7


# ── what decides counting ────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "changes",
    [
        {"window": "16s"},
        {"window": "1h"},
        {"events": ["com.example.request", "com.example.job"]},
        {"where": {"subject": {"present": True}}},
        {"bad": {"data.ok": 0}},
        {"bad": {"data.latency_ms": {"above": 1}}},
        {"component": "data.service"},
    ],
)
def test_a_change_of_what_is_counted_changes_the_fingerprint(changes: dict[str, Any]) -> None:
    assert rule(**changes).fingerprint != rule().fingerprint


@pytest.mark.parametrize(
    "changes",
    [
        {"title": "trouble with {component}"},
        {"severity": "low"},
        {"symptom": "slow"},
        {"open": {"ratio": 0.5, "events": 7, "customers": 0}},
        {"resolve": {"ratio": 0.001, "events": 7, "calm": "1h", "silent": "1h"}},
        {"impact": {"at_least": 1}},
        {"component": "data.component"},
        {"events": ["com.example.request", "com.example.request"]},
        {"window": "0h15s"},
    ],
)
def test_a_change_of_words_and_thresholds_or_of_how_it_is_written_does_not(changes: dict[str, Any]) -> None:
    assert rule(**changes).fingerprint == rule().fingerprint


def test_a_fingerprint_is_the_same_on_any_machine_for_ever() -> None:
    both = rule(bad={"data.ok": True, "data.latency_ms": {"above": 5000}})
    assert both.fingerprint == rule(bad={"data.latency_ms": {"above": 5000}, "data.ok": True}).fingerprint
    assert rule().fingerprint == "a1481ee8afcd"


def test_the_rules_that_the_shipped_file_offers_are_right_as_well(tmp_path: Path) -> None:
    lines = (Path(__file__).parents[3] / "deploy/config/rules.yml").read_text().splitlines()
    block = takewhile(bool, lines[lines.index("  #") :])  # up to the next empty line
    offered = [line.replace("# ", "", 1) for line in block if line.startswith("  # ")]
    path = tmp_path / "rules.yml"
    path.write_text("\n".join(["rules:", *offered]) + "\n")
    offered_kinds = ["count", "distinct", "percentile", "burn", "absence", "surge", "alert"]
    assert [rule.detector for rule in load(path, RulesFile).rules] == offered_kinds
