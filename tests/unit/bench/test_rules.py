"""The rules that the benchmark runs with are what their figures say: twelve of nearly every kind, and fifty of which one matches."""

import yaml

from bench.monitor.stage import ONE, TWELVE
from bench.monitor.throughput import FIFTY, of_which_one_matches
from services.monitor.rules.file import RulesFile

REQUEST = "com.example.request"


def read(text: str) -> RulesFile:
    return RulesFile.model_validate(yaml.safe_load(text))


def test_twelve_rules_of_many_kinds_three_of_them_on_customers_look_at_requests() -> None:
    rules = read(TWELVE)
    assert (len(rules.rules), len(rules.customers)) == (12, 3)
    said = yaml.safe_load(TWELVE)["rules"]
    assert all(REQUEST in (rule.get("events") or rule["uses"]["events"]) for rule in said)
    kinds = {rule.get("detector", "ratio") for rule in said}
    assert kinds == {"ratio", "count", "distinct", "percentile", "burn", "absence", "alert", "streak", "silence", "decline"}


def test_of_fifty_rules_one_is_that_of_the_run_with_one() -> None:
    [one] = read(ONE).components
    fifty = read(of_which_one_matches(FIFTY)).components
    assert len(fifty) == FIFTY
    assert [rule.id for rule in fifty for each in rule.asks if REQUEST in each.counting.events] == [one.id]
