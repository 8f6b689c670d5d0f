"""The table of risks: one row each time one was raised."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from pathlib import Path
from typing import Any

import asyncpg

from services.monitor.risk.finding import Reason, Span, moment
from services.monitor.risk.life import Raised, RiskRow
from services.monitor.rules.customers import CustomerRule
from services.monitor.rules.health import HealthRule
from services.monitor.rules.renewal import RenewalRule
from shared.postgres import Queries, Tx

ACT = "act_on_risk"  # the kind of the due rows; each names a risk

queries = Queries(Path(__file__).with_suffix(".sql"))

COLUMNS = [field.name for field in fields(RiskRow)]


@dataclass(frozen=True, slots=True)
class OpenRisk:
    """The part of an open risk that a folding instance must know."""

    id: str
    customer_id: str
    rule: str
    fingerprint: str
    partition: int
    span: Span


@dataclass(frozen=True, slots=True)
class NewRisk:
    """One risk that is to be raised, and the partition where its customer is judged."""

    rule: CustomerRule | HealthRule | RenewalRule
    customer_id: str
    partition: int
    raised: Raised


async def open_risks(tx: Tx, partitions: Collection[int]) -> list[OpenRisk]:
    """Returns the open risks that the owner of these partitions judges."""
    found = []
    for row in await tx.fetch(queries.open_risks, list(partitions)):
        span = Span(row["began_at"].timestamp(), row["last_at"].timestamp())
        found.append(OpenRisk(row["id"], row["customer_id"], row["rule"], row["fingerprint"], row["partition"], span))
    return found


async def latest_risks(tx: Tx, pairs: Sequence[tuple[str, str]]) -> dict[tuple[str, str], RiskRow]:
    """Returns the latest risk of each of these customers by that rule, of those that had one."""
    customers, rules = [customer for customer, _ in pairs], [rule for _, rule in pairs]
    rows = [risk_of(row) for row in await tx.fetch(queries.latest_risks, customers, rules)]
    return {(row.customer_id, row.rule): row for row in rows}


async def raise_risks(tx: Tx, new: Sequence[NewRisk], at: datetime) -> list[RiskRow]:
    """Raises risks; returns those that were not known: a replay raises nothing again."""
    if not new:
        return []
    columns = [list(column) for column in zip(*map(_row, new), strict=True)]
    return [risk_of(row) for row in await tx.fetch(queries.raise_risks, *columns, at)]


def _row(new: NewRisk) -> tuple[Any, ...]:
    rule, finding = new.rule, new.raised.finding
    return (
        new.raised.risk_id,
        new.customer_id,
        rule.id,
        rule.fingerprint,
        rule.version,
        new.partition,
        rule.title,
        finding.score,
        finding.contributions,
        json.dumps(finding.evidence),
        None if rule.action is None else rule.action.model_dump(exclude_none=True),
        moment(finding.span.began),
        moment(finding.span.last),
        rule.shadow,
    )


async def clear_risks(tx: Tx, gone: Mapping[str, Reason], at: datetime) -> list[RiskRow]:
    """Clears risks, each for its reason; returns those that were open."""
    if not gone:
        return []
    return [risk_of(row) for row in await tx.fetch(queries.clear_risks, list(gone), list(gone.values()), at)]


async def risks_open(tx: Tx) -> dict[str, float]:
    """Returns how many risks are open, by rule; of a rule that has none it says nothing."""
    return {row["rule"]: float(row["risks"]) for row in await tx.fetch(queries.size_of_risks)}


def risk_of(row: asyncpg.Record) -> RiskRow:
    """Returns a risk, of a row with all its columns."""
    return RiskRow(**{name: row[name] for name in COLUMNS})


async def risk(tx: Tx, query: str, *values: object) -> RiskRow | None:
    """Returns the risk that the query returns, if it returns one."""
    row = await tx.fetchrow(query, *values)
    return None if row is None else risk_of(row)
