"""A backtest of thirty days finds what was injected, each once, and next to nothing else."""

from collections.abc import Iterator
from heapq import merge

from services.monitor.backtest import Backtest, Come, Said
from services.monitor.incidents.found import Found
from services.monitor.rules.file import RulesFile
from tests.builders import NOON
from tests.month import DAY, INJECTED, MINUTE, SILENT, Trouble, month, written

RULES = RulesFile.model_validate(
    {
        "rules": [
            {
                "id": "share",
                "title": "{component} is failing",
                "events": ["com.example.request"],
                "only": ["checkout", "search", "login"],
                "bad": {"data.ok": False},
                "window": "15m",
                "open": {"ratio": 0.15, "events": 10, "customers": 3},
                "resolve": {"ratio": 0.05, "events": 5, "calm": "20m"},
            },
            {
                "id": "jobs",
                "detector": "count",
                "title": "jobs of {component} fail",
                "events": ["com.example.job"],
                "only": ["billing"],
                "bad": {"data.ok": False},
                "window": "30m",
                "open": {"count": 5, "customers": 3},
                "resolve": {"count": 2, "calm": "30m"},
            },
            {
                "id": "many",
                "detector": "distinct",
                "title": "{component} fails for many",
                "events": ["com.example.request"],
                "only": ["checkout"],
                "bad": {"data.ok": False},
                "window": "15m",
                "open": {"customers": 6},
                "resolve": {"customers": 2, "calm": "20m"},
            },
            {
                "id": "slow",
                "detector": "percentile",
                "title": "{component} is slow",
                "events": ["com.example.request"],
                "only": ["search"],
                "number": "data.latency_ms",
                "window": "30m",
                "open": {"at_least": 800, "events": 15, "customers": 3},
                "resolve": {"below": 500, "events": 5, "calm": "20m"},
            },
            {
                "id": "objective",
                "detector": "burn",
                "title": "{component} spends its budget",
                "events": ["com.example.request"],
                "only": ["beta"],
                "bad": {"data.ok": False},
                "objective": 97,
                "open": {"events": 50, "customers": 5},
            },
            {
                "id": "missing",
                "detector": "absence",
                "title": "{component} did not come",
                "events": ["com.example.exported"],
                "only": ["export"],
                "every": "1d",
                "grace": "1h",
            },
            {"id": "said", "detector": "alert", "title": "{component}", "only": ["mail"]},
            {"id": "complaints", "detector": "surge", "title": "customers complain of {component}"},
        ]
    }
)
MONTH = NOON.timestamp()
LATER = MONTH + 40 * DAY


COMPLAINED = next(each for each in INJECTED if each.complaints)


def history(seed: int) -> Iterator[Come | Said]:
    """Yields events and tickets in order of their times."""
    events, tickets = (Come(each, LATER) for each in month(seed)), (Said(each, each.time.timestamp()) for each in written(seed))
    return merge(events, tickets, key=lambda each: (each.fact if isinstance(each, Said) else each.event).time)


def about(found: Found, trouble: Trouble) -> bool:
    """Says whether an incident is about the trouble: found while it lasted; what failed shortly before may be part of it."""
    began, opened = found.started_at - MONTH, found.opened_at - MONTH
    return found.component == trouble.component and trouble.begins - 15 * MINUTE <= began and trouble.begins < opened < trouble.ends


def test_all_that_was_injected_is_found_once_by_a_rule_and_at_most_two_others() -> None:
    backtest = Backtest(RULES)
    backtest.follow(history(7), 60.0)
    backtest.end()
    of = {trouble: [each for each in backtest.incidents if about(each, trouble)] for trouble in INJECTED}
    for trouble, found in of.items():
        delays = ", ".join(f"{each.rule} after {(each.opened_at - MONTH - trouble.begins) / MINUTE:.1f} min" for each in found)
        print(f"day {trouble.begins / DAY:4.1f} {trouble.component:<9} {delays or 'not found'}")
    # each is found, by a rule once: also the one that flaps
    assert [trouble for trouble, found in of.items() if not found] == []
    assert [(trouble, found) for trouble, found in of.items() if len({each.rule for each in found}) < len(found)] == []
    [complained_of] = [each for each in backtest.candidates if each.merged_into]
    by = {each.rule for found in of.values() for each in found} | {complained_of.rule}
    assert by == {rule.id for rule in RULES.rules}  # a detector of each kind found one
    # the one that customers complain of is found by half the evidence that it takes else, and touches who wrote, too
    [weak] = of[COMPLAINED]
    assert (weak.id, weak.rule, weak.why["half_evidence"]) == (complained_of.merged_into, "jobs", True)
    assert {f"w-{number}" for number in range(COMPLAINED.complaints)} & weak.customers.keys()
    assert [each for each in backtest.candidates if each is not complained_of] == []
    # and next to nothing else: deploys are too short, and silence is no trouble
    others = [each for each in backtest.incidents if not any(about(each, trouble) for trouble in INJECTED)]
    assert len(others) <= 2, others
    component, begins, ends = SILENT
    assert [each for each in others if each.component == component and begins <= each.opened_at - MONTH < ends] == []
    # and all are over, but for the one whose component died: silence is no evidence that it is well
    still = [each for each in backtest.incidents if each.ended_at is None]
    assert [(each.rule, about(each, INJECTED[-1])) for each in still] == [("share", True)]
    assert backtest.account.late == 0
