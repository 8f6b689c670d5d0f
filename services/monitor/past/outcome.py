"""What a backtest found, as a value and as one JSON object. Pure."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from services.monitor.fold.partition import Account
from services.monitor.incidents.candidates import Standing
from services.monitor.incidents.found import Day, Difference, Found, by_day
from services.monitor.incidents.muting import Muted
from services.monitor.incidents.suspecting import Suspected
from services.monitor.past.pieces import Refusals
from services.monitor.past.tickets import Compared
from services.monitor.risk.life import RiskRow

COUNTED = (
    "messages: one to each customer touched when an incident opens, and one more when it ends;"
    " caps, consents, quiet hours and approvals of notifications.yml are not reckoned with"
)
LISTED = 500  # days of a rule, and incidents, of each set of rules that are kept at most …
RULES = 300  # … rules …
LARGEST = 400_000  # … and characters of all, since an answer over HTTP has 1 MiB
NOTHING = {"incidents": 0, "customers": 0, "messages": 0}


@dataclass(frozen=True)
class Outcome:
    """What was found in one history by the rules that are tried, and by today's; None: they are not asked."""

    rules: str  # the file
    begins: float  # event time of the first event, seconds since the epoch; 0 without any
    ends: float  # of the latest
    account: Account
    refusals: Refusals
    found: Sequence[Found]
    today: Sequence[Found] | None
    difference: Difference | None
    tickets: Compared | None
    risks: Sequence[RiskRow] = ()  # of single customers
    risks_today: Sequence[RiskRow] | None = None
    muted: Sequence[Muted] = ()  # what opened no incident by the rules that are tried
    of_rules: Mapping[str, Compared] = field(default_factory=dict)  # the incidents of each rule that found any, beside tickets
    candidates: Sequence[Suspected] = ()  # what complaints alone showed
    candidates_today: Sequence[Suspected] | None = None


def as_object(outcome: Outcome) -> dict[str, Any]:
    """Returns all of it, and the customers with their evidence."""
    tickets, difference, today = outcome.tickets, outcome.difference, outcome.today
    return {
        "rules": outcome.rules,
        "counted": COUNTED,
        "history": {
            "begins_at": _iso(outcome.begins) if outcome.account.read else None,
            "ends_at": _iso(outcome.ends) if outcome.account.read else None,
            "events": asdict(outcome.account),
            "refused": dict(outcome.refusals.reasons),
        },
        "days": _days(by_day(outcome.found)),
        "incidents": [_whole(each) for each in outcome.found],
        "risks": [_risk(each) for each in outcome.risks],
        "candidates": [_candidate(each) for each in outcome.candidates],
        "muted": [_muted(each) for each in outcome.muted],
        "today": None
        if today is None
        else {
            "days": _days(by_day(today)),
            "incidents": [_whole(each) for each in today],
            "risks": [_risk(each) for each in outcome.risks_today or ()],
            "candidates": [_candidate(each) for each in outcome.candidates_today or ()],
        },
        "difference": difference
        and {
            "both": [[before.id, after.id] for before, after in difference.both],
            "only_today": [each.id for each in difference.only_before],
            "only_tried": [each.id for each in difference.only_after],
        },
        "tickets": None if tickets is None else asdict(tickets) | {"precision": tickets.precision},
    }


def without_customers(outcome: Outcome) -> dict[str, Any]:
    """Returns what may be kept: customers as numbers, the figures of each rule, and of days and incidents the latest, within LARGEST."""
    whole, rules, latest = as_object(outcome), _by_rule(outcome)[:RULES], LISTED
    while len(json.dumps(told := _told(whole, rules, latest))) > LARGEST and latest:
        latest //= 2
    return told


def _told(whole: Mapping[str, Any], rules: Sequence[dict[str, Any]], latest: int) -> dict[str, Any]:
    today, difference = whole["today"], whole["difference"]
    return {
        **whole,
        "by_rule": rules,
        **_latest(whole, latest),
        "today": today and _latest(today, latest),
        "difference": difference and {name: len(ids) for name, ids in difference.items()},
        "muted": len(whole["muted"]),
    }


def _latest(of: Mapping[str, Any], latest: int) -> dict[str, Any]:
    days, incidents = of["days"], of["incidents"]
    listed = incidents[len(incidents) - min(latest, len(incidents)) :]
    return {
        "found": len(incidents),
        "days": days[len(days) - min(latest, len(days)) :],
        "incidents": [each | {"customers": len(each["customers"])} for each in listed],
        "risks": risks_by_rule(of["risks"])[:RULES],
        "candidates": candidates_by_rule(of["candidates"])[:RULES],
    }


def risks_by_rule(risks: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Returns for each rule on single customers how many risks it raised, of how many customers, and how many are open at the end."""
    found: dict[str, list[Mapping[str, Any]]] = {}
    for each in risks:
        found.setdefault(each["rule"], []).append(each)
    return [
        {
            "rule": rule,
            "raised": len(own),
            "customers": len({each["customer_id"] for each in own}),
            "open": sum(each["cleared_at"] is None for each in own),
        }
        for rule, own in sorted(found.items())
    ]


def candidates_by_rule(candidates: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Returns for each rule on complaints how many candidates it found, how many an incident took in, and how many calmed down."""
    found: dict[str, Counter[str]] = {}
    for each in candidates:
        found.setdefault(each["rule"], Counter())[each["status"]] += 1
    return [
        {"rule": rule, "found": of.total(), "merged": of[Standing.MERGED], "withdrawn": of[Standing.WITHDRAWN]}
        for rule, of in sorted(found.items())
    ]


def _by_rule(outcome: Outcome) -> list[dict[str, Any]]:
    """Returns for each rule that found something what it comes to, beside what today's rule of that name does."""
    tried, today = _of_rules(outcome.found), _of_rules(outcome.today or ())
    rules = []
    for rule in sorted(tried.keys() | today.keys()):
        beside = outcome.of_rules.get(rule)
        rules.append(
            {
                "rule": rule,
                **tried.get(rule, NOTHING),
                "borne_out": beside and beside.borne_out,
                "precision": beside and beside.precision,
                "missed": beside and beside.missed,
                "today": None if outcome.today is None else today.get(rule, NOTHING),
            }
        )
    return rules


def _of_rules(found: Sequence[Found]) -> dict[str, dict[str, int]]:
    whole: dict[str, Day] = {}
    for each in found:
        whole.setdefault(each.rule, Day()).add(each)
    return {rule: {"incidents": of.incidents, "customers": len(of.customers), "messages": of.messages} for rule, of in whole.items()}


def _days(days: Mapping[tuple[str, date], Day]) -> list[dict[str, Any]]:
    return [
        {"rule": rule, "day": str(day), "incidents": of.incidents, "customers": len(of.customers), "messages": of.messages}
        for (rule, day), of in days.items()
    ]


def _whole(found: Found) -> dict[str, Any]:
    return {
        "id": found.id,
        "rule": found.rule,
        "component": found.component,
        "started_at": _iso(found.started_at),
        "opened_at": _iso(found.opened_at),
        "ended_at": None if found.ended_at is None else _iso(found.ended_at),
        "status": "open" if found.ended_at is None else "resolved",
        "severity": found.severity,
        "rules": sorted(found.rules),
        "why": found.why,
        "messages": found.messages,
        "customers": [
            {"customer_id": customer, "first_seen_at": _iso(of.first), "last_seen_at": _iso(of.last), "count": of.count}
            for customer, of in sorted(found.customers.items())
        ],
    }


def _candidate(each: Suspected) -> dict[str, Any]:
    return {
        "id": each.id,
        "rule": each.rule,
        "component": each.component,
        "started_at": _iso(each.started_at),
        "found_at": _iso(each.found_at),
        "last_at": _iso(each.last_at),
        "ended_at": None if each.ended_at is None else _iso(each.ended_at),
        "status": each.status,
        "merged_into": each.merged_into,
        "customers": each.customers,
        "why": each.why,
    }


def _muted(each: Muted) -> dict[str, Any]:
    return {
        "by": each.by.by,
        "id": each.by.id,
        "rule": each.rule,
        "component": each.component,
        "started_at": each.started_at.isoformat(),
        "at": each.at.isoformat(),
    }


def _risk(row: RiskRow) -> dict[str, Any]:
    return {
        "id": row.id,
        "rule": row.rule,
        "customer_id": row.customer_id,
        "score": row.score,
        "contributions": row.contributions,
        "evidence": row.evidence,
        "raised_at": row.raised_at.isoformat(),
        "cleared_at": None if row.cleared_at is None else row.cleared_at.isoformat(),
        "reason": row.reason,
    }


def _iso(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat()
