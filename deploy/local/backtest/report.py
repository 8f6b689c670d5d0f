"""Says what a backtest found in lines for people. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from services.monitor.incidents.candidates import Standing
from services.monitor.incidents.found import Day, Found, by_day
from services.monitor.incidents.muting import Muted
from services.monitor.past.outcome import COUNTED, Outcome
from services.monitor.past.tickets import Compared
from services.monitor.risk.life import RiskRow
from shared.observing.printable import printable

LINE = "{:<32} {:<10} {:>9} {:>9} {:>9}   {:>9} {:>9} {:>9}"  # of the table
WIDTH = 60  # characters of the time line
LISTED = 50  # incidents under one title
NAME = 24  # characters of a rule's name beside it
LATE = 0.01  # the share of late events above which it is said that the history is not in order


# ── for people ───────────────────────────────────────────────────────────────────────────────


def as_lines(outcome: Outcome) -> Iterator[str]:
    """Yields a table per rule and day, a time line, the incidents, the difference to today's rules, and what tickets say."""
    yield from _history(outcome)
    yield ""
    yield from _table(outcome)
    yield COUNTED
    if outcome.risks or outcome.risks_today:
        yield ""
        yield from _risks(outcome)
    if outcome.candidates or outcome.candidates_today:
        yield ""
        yield from _candidates(outcome)
    if outcome.found or outcome.today:
        yield ""
        yield from _time_line(outcome)
    if outcome.muted:
        yield ""
        yield from _muted(outcome.muted)
    for title, found in _lists(outcome):
        yield ""
        yield f"{title}:"
        yield from map(_incident, found[:LISTED])
        if len(found) > LISTED:
            yield f"  and {len(found) - LISTED:,} more; --json has all"
    if outcome.tickets is not None:
        yield ""
        yield from _tickets(outcome.tickets)


def _history(outcome: Outcome) -> Iterator[str]:
    account, refused = outcome.account, outcome.refusals.reasons
    span = f", {_moment(outcome.begins)} to {_moment(outcome.ends)}" if account.read else ""
    yield (
        f"{account.read:,} events{span}: {account.counted - account.late:,} counted, {account.late:,} too late,"
        f" {account.duplicate:,} duplicates, {account.unmatched:,} no rule asks for, {account.dead:,} of too many components"
    )
    if account.late > LATE * max(account.counted, 1):
        yield "Many events are too late: the history is not in the order in which things happened. Sort it, or raise the horizon."
    if refused:
        yield f"{refused.total():,} are no events: {', '.join(f'{count:,} {reason}' for reason, count in refused.most_common())}"
        yield from (f"  {example}" for example in outcome.refusals.examples)


def _table(outcome: Outcome) -> Iterator[str]:
    days, today = by_day(outcome.found), by_day(outcome.today or ())
    yield LINE.format("", "", f"{outcome.rules[-29:]:>29}", "", "", "today's rules" if outcome.today is not None else "", "", "").rstrip()
    heads = ("incidents", "customers", "messages")
    yield LINE.format("rule", "day (UTC)", *heads, *(heads if outcome.today is not None else ("", "", ""))).rstrip()
    for rule, day in sorted(days.keys() | today.keys()):
        others = _figures(today.get((rule, day))) if outcome.today is not None else ("", "", "")
        yield LINE.format(printable(rule, 32), str(day), *_figures(days.get((rule, day))), *others).rstrip()
    if not days and not today:
        yield "no incident"


def _figures(day: Day | None) -> tuple[str, str, str]:
    return (f"{day.incidents:,}", f"{len(day.customers):,}", f"{day.messages:,}") if day else ("0", "0", "0")


def _risks(outcome: Outcome) -> Iterator[str]:
    """Yields a line for each rule on single customers: how many risks it raised, of whom, and how many are open at the end."""
    tried, today = _by_rule(outcome.risks), _by_rule(outcome.risks_today or ())
    yield "risks of single customers:"
    for rule in sorted(tried.keys() | today.keys()):
        beside = f"; by today's rules {_raised(today.get(rule, []))}" if outcome.risks_today is not None else ""
        yield f"  {printable(rule, 32)}: {_raised(tried.get(rule, []))}{beside}"


def _by_rule(risks: Sequence[RiskRow]) -> dict[str, list[RiskRow]]:
    found: dict[str, list[RiskRow]] = {}
    for each in risks:
        found.setdefault(each.rule, []).append(each)
    return found


def _raised(risks: Sequence[RiskRow]) -> str:
    customers, still = len({each.customer_id for each in risks}), sum(each.open for each in risks)
    return f"{len(risks):,} raised, of {customers:,} customers, {still:,} still open"


def _candidates(outcome: Outcome) -> Iterator[str]:
    """Yields what complaints alone showed: an incident took it in, or nobody would have been told without a person."""
    beside = f"; by today's rules {len(outcome.candidates_today):,}" if outcome.candidates_today is not None else ""
    yield f"candidates, which tell nobody until a person approves them: {len(outcome.candidates):,}{beside}"
    for each in outcome.candidates[:LISTED]:
        what = f"{printable(each.rule, NAME)} of {printable(each.component, 60)}"
        became = {Standing.MERGED: f"belonged to incident {each.merged_into}", Standing.WITHDRAWN: "calmed down"}.get(each.status, "waits")
        yield f"  {what}: {each.customers:,} customers wrote since {_moment(each.started_at)}, {became}"
    if len(outcome.candidates) > LISTED:
        yield f"  and {len(outcome.candidates) - LISTED:,} more; --json has all"


def _muted(muted: Sequence[Muted]) -> Iterator[str]:
    """Yields what opened no incident, by what muted it."""
    yield "muted, by maintenance or by the incident of what the component hangs on:"
    for each in muted[:LISTED]:
        what = f"{printable(each.rule, NAME)} of {printable(each.component, 60)}"
        yield f"  {what}: began {_moment(each.started_at.timestamp())}, muted by {each.by.by} {printable(each.by.id, 60)}"
    if len(muted) > LISTED:
        yield f"  and {len(muted) - LISTED:,} more; --json has all"


def _time_line(outcome: Outcome) -> Iterator[str]:
    """Yields a row for each rule, and below it one of today's: # is a time in which an incident was open."""
    begins, ends = _moment(outcome.begins), _moment(outcome.ends)
    yield f"{'':<{NAME}} {'':<6} {begins}{ends:>{WIDTH - len(begins)}}"
    for rule in sorted({each.rule for each in (*outcome.found, *(outcome.today or ()))}):
        yield f"{printable(rule, NAME):<{NAME}} {'tried':<6} {_bar(rule, outcome.found, outcome)}"
        if outcome.today is not None:
            yield f"{'':<{NAME}} {'today':<6} {_bar(rule, outcome.today, outcome)}"


def _bar(rule: str, found: Sequence[Found], outcome: Outcome) -> str:
    length = max(outcome.ends - outcome.begins, 1.0)

    def place(at: float) -> int:
        return min(max(int((at - outcome.begins) / length * WIDTH), 0), WIDTH - 1)

    cells = ["."] * WIDTH
    for each in found:
        if each.rule == rule:
            first, last = place(each.started_at), place(outcome.ends if each.ended_at is None else each.ended_at)
            cells[first : last + 1] = "#" * (last + 1 - first)
    return "".join(cells)


def _lists(outcome: Outcome) -> Iterator[tuple[str, Sequence[Found]]]:
    """Yields the incidents under their titles: all of them when there is nothing to compare with."""
    if outcome.difference is None:
        yield from [("incidents", outcome.found)] if outcome.found else []
        return
    both = [after for _, after in outcome.difference.both]
    titles = ("found by both", both), ("no longer found", outcome.difference.only_before), ("only found now", outcome.difference.only_after)
    yield from ((title, found) for title, found in titles if found)


def _incident(found: Found) -> str:
    ended = "still open" if found.ended_at is None else f"resolved {_moment(found.ended_at)}"
    others = "".join(f" and {printable(rule, NAME)}" for rule in sorted(found.rules - {found.rule}))
    where = f"{printable(found.rule, NAME)}{others} of {printable(found.component, 60)}"
    return (
        f"  {where}: began {_moment(found.started_at)}, found {found.opened_at - found.started_at:,.0f} s later, {ended}, {found.severity},"
        f" {len(found.customers):,} customers: {_why(found.why)}"
    )


def _why(why: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {figure}" for name, figure in why.items() if isinstance(figure, int | float) and name != "window_seconds")


def _tickets(of: Compared) -> Iterator[str]:
    precision = "none to judge" if of.precision is None else f"{of.precision:.0%}"
    yield f"{of.tickets:,} tickets came in this time"
    yield f"  precision: {precision} ({of.borne_out:,} of {of.incidents:,} incidents, about which a customer whom they touch wrote)"
    yield f"  {of.wrote:,} of {of.touched:,} customers touched wrote, from an incident's start until a day after its end"
    yield f"  misses: {of.missed:,} of {of.about:,} tickets about a component of these rules, whose customer no incident of it touched"


def _moment(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S")
