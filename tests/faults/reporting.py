"""Compares what `forewarn report` prints, and what the console holds, with a recount straight from the topics.

The recount reads the topics from their beginning and shares no code with the console. The command runs as an operator runs it.
"""

import json
import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from deploy.local.processes import child, ended_well
from shared.cloudevents import Undecodable, read_fact
from shared.events import FACT_OF, Fact, NotificationDelivered, NotificationFailed, NotificationSuppressed, Topic
from tests.faults.stack import TOKEN, Stack
from tests.recount import Recount, Recounted, recount
from tests.topics import everything_in

TOPICS = (Topic.CUSTOMERS, Topic.INCIDENTS, Topic.NOTIFICATIONS, Topic.TICKETS)
EVERYTHING = "800d"
ENOUGH = 1e-6  # relative, of figures that are no counts
ANSWERS_WITHIN = 60.0  # seconds
SHOWN = 5  # rows of those that differ

Row = tuple[object, ...]

HELD = {
    "affected": "SELECT incident_id, customer_id FROM console.impact WHERE first_seen_at IS NOT NULL",
    "told": "SELECT incident_id, customer_id, told_at FROM console.impact WHERE told_at IS NOT NULL",
    "notifications": "SELECT id, status FROM console.notifications",
    "tickets": "SELECT id, status, incident_id FROM console.tickets",
}


@dataclass
class Comparison:
    """Says how much was compared, and a sentence for each figure and each kind of row that differs."""

    sentences: list[str]
    incidents: int = 0
    figures: int = 0  # that are there: of nothing there is none

    def take(self, what: str, printed: Mapping[str, Any], counted: Recounted) -> None:
        self.figures += sum(figure is not None for figure in counted.values())
        self.sentences += unlike(what, printed, counted)


async def compared(stack: Stack) -> Comparison:
    """Compares every figure of every incident and of the whole period, and the rows that they are counted from. Everything is at rest."""
    facts = [fact for topic in TOPICS for fact in await _facts(stack, topic)]
    counted = recount(facts)
    found = Comparison([], incidents=len(counted.incidents))
    for what, rows in _recounted(facts, counted).items():
        found.sentences += unlike_rows(what, [tuple(row.values()) for row in await stack.rows(HELD[what])], rows)
    for incident in sorted(counted.incidents):
        found.take(f"incident {incident}", await _report(stack, "--incident", incident), counted.of_incident(incident))
    printed = await _report(stack, "--since", EVERYTHING)
    since, until = (datetime.fromisoformat(printed[name]) for name in ("since", "until"))
    found.take("everything", printed, counted.of_period(since, until))
    return found


def unlike(what: str, printed: Mapping[str, Any], counted: Recounted) -> Iterator[str]:
    """Yields a sentence for each figure that is not the one recounted, or that only one of both has. Pure."""
    figures = {name: figure for name, figure in printed.items() if name not in ("incident_id", "since", "until")}
    for name in sorted(figures.keys() | counted.keys()):
        if name not in figures or name not in counted or not _same(figures[name], counted[name]):
            yield f"{what}: `forewarn report` says {name} = {figures.get(name, 'nothing')}, the topics {counted.get(name, 'nothing')}"


def unlike_rows(what: str, held: Sequence[Row], recounted: set[Row]) -> Iterator[str]:
    """Yields a sentence for rows that the console lacks, that it has and the topics do not, and that it has twice. Pure."""
    wrong = {
        "lacks": recounted - set(held),
        "has beside them": set(held) - recounted,
        "has twice": {row for row, times in Counter(held).items() if times > 1},
    }
    for how, rows in wrong.items():
        if rows:
            yield f"{what}: the console {how} {len(rows)} rows, {sorted(rows, key=str)[:SHOWN]}"


def _same(printed: float | int | None, counted: float | int | None) -> bool:
    if isinstance(printed, float) or isinstance(counted, float):
        return printed is not None and counted is not None and math.isclose(printed, counted, rel_tol=ENOUGH, abs_tol=1e-9)
    return printed == counted


async def _facts(stack: Stack, topic: Topic) -> list[Fact]:
    """Returns the facts of a topic; probes and what does not decode are none."""
    found, now = [], datetime.now(UTC)
    for record in await everything_in(topic, stack.kafka.bootstrap):
        try:
            fact = read_fact(record.value, record.headers, now, FACT_OF)
        except Undecodable:
            continue
        if fact is not None:
            found.append(fact)
    return found


async def _report(stack: Stack, *about: str) -> dict[str, Any]:
    """Returns what `forewarn report --json` prints. Raises `Failed` with its words when it does not answer."""
    environment = {"FOREWARN_OPERATOR_TOKEN": TOKEN.format(role="operator"), "FOREWARN_CONSOLE_URL": stack.members["console"].url}
    log = _fresh(stack.config.parent / "report.log")
    async with child("deploy.local.cli", "report", "--json", *about, environment=environment, log=log) as command:
        await ended_well(command, ANSWERS_WITHIN)
    printed: dict[str, Any] = json.loads(log.read_text().splitlines()[-1])
    return printed


def _fresh(log: Path) -> Path:
    log.unlink(missing_ok=True)
    return log


def _recounted(facts: Sequence[Fact], counted: Recount) -> dict[str, set[Row]]:
    """Returns the rows that the console must hold, by the names in HELD."""
    return {
        "affected": set(counted.affected),
        "told": {(*pair, at) for pair, at in counted.told.items()},
        "notifications": _settled(facts),
        "tickets": {(id_, each.state.status, each.state.incident_id) for id_, each in counted.tickets.items()},
    }


def _settled(facts: Sequence[Fact]) -> set[Row]:
    """Returns each notification with how it was settled last; what was delivered stays delivered."""
    status: dict[str, str] = {}
    for fact in facts:
        match fact:
            case NotificationDelivered(data=data):
                status[data.notification_id] = "delivered"
            case NotificationFailed(data=data) if status.get(data.notification_id) != "delivered":
                status[data.notification_id] = "failed"
            case NotificationSuppressed(data=data) if data.reason != "erased":
                status.setdefault(data.notification_id, "suppressed")
    return set(status.items())
