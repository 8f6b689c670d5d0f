"""Customers in trouble: the latest that each rule has said of each."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from services.console.store.rows import columns, value_of
from shared.postgres import Queries, Tx

queries = Queries(Path(__file__).with_name("risks.sql"))

Pair = tuple[str, str]  # customer and rule


@dataclass(frozen=True, slots=True)
class Risk:
    """One customer's trouble by one rule."""

    customer_id: str
    rule: str
    score: float
    contributions: dict[str, float]
    evidence: list[str]
    raised_at: datetime
    cleared_at: datetime | None = None
    reason: str | None = None
    title: str = ""
    action: dict[str, Any] | None = None  # what the rule asks whoever acts to do
    risk_id: str | None = None  # by which monitor knows it; older versions did not say
    by: str | None = None  # the person who cleared it
    shadow: bool = False  # of a rule on trial: nothing is done about it
    action_status: str | None = None  # asked, answered or failed; None: nothing was said of it yet
    action_answer: str = ""  # what a webhook answered


async def known(tx: Tx, customers: Collection[str]) -> dict[Pair, Risk]:
    """Returns the risks of these customers."""
    rows = await tx.fetch(queries.risks_of, list(customers))
    return {(row["customer_id"], row["rule"]): value_of(row, Risk) for row in rows}


async def save(tx: Tx, risks: Iterable[Risk]) -> None:
    """Writes the risks as they are now."""
    await tx.execute(queries.save_risks, *columns(map(_row, risks)))


def _row(each: Risk) -> tuple[object, ...]:
    evidence = msgspec.json.encode(each.evidence).decode()
    said = each.customer_id, each.rule, each.score, each.contributions, evidence, each.raised_at, each.cleared_at, each.reason
    return *said, each.title, each.action, each.risk_id, each.by, each.shadow, each.action_status, each.action_answer
