"""Switches that are thrown, steps of autonomy, and the log of who did what about them."""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from services.notifier.permission import Mode, Scope, Step, Switch
from shared.postgres import Queries, Tx

queries = Queries(Path(__file__).with_suffix(".sql"))

OURSELVES = "forewarn"  # who throws brakes and takes steps back


async def thrown(tx: Tx, rules: Collection[str]) -> list[Switch]:
    """Returns the switches that count for what these rules say: their own, and those of all and of channels. They stay locked."""
    rows = await tx.fetch(queries.thrown, sorted(rules))
    return [Switch(Scope(row["scope"]), row["name"], Mode(row["mode"]), row["reason"], row["by"]) for row in rows]


async def throw(tx: Tx, switch: Switch, why: Mapping[str, Any]) -> bool:
    """Throws a switch, and notes who did and why; returns whether it was not thrown already."""
    new = await tx.fetchrow(queries.throw, switch.scope, switch.name, switch.mode, switch.reason, switch.by, dict(why))
    if new is None:
        return False
    await log(tx, switch.by, f"threw {switch.mode}", subject_of(switch), switch.reason, why)
    return True


async def release(tx: Tx, switch: Switch) -> bool:
    """Releases a switch; `switch` says who does and why. Returns whether it was thrown."""
    old = await tx.fetchrow(queries.release, switch.scope, switch.name, switch.mode)
    if old is None:
        return False
    await log(tx, switch.by, f"released {switch.mode}", subject_of(switch), switch.reason, {"thrown_at": old["at"].isoformat()})
    return True


async def steps(tx: Tx, rules: Collection[str]) -> tuple[dict[str, Step], int]:
    """Returns the steps that rules have earned or lost, and how many customers the directory has (an estimate)."""
    row = await tx.fetchrow(queries.steps, sorted(rules))
    assert row is not None  # noqa: S101  it selects from nothing
    return {rule: Step(step) for rule, step in row["steps"].items()}, row["directory"]


async def log(tx: Tx, by: str, act: str, subject: str, reason: str, figures: Mapping[str, Any] | None = None) -> None:
    await tx.execute(queries.log, by, act, subject, reason, dict(figures or {}))


async def repeated(tx: Tx, customers: Sequence[str], rules: Collection[str], per: object, times: int) -> dict[str, int]:
    """Returns those of these rules that have told one of these customers of so many incidents lately, and how often."""
    rows = await tx.fetch(queries.repeats, list(customers), sorted(rules), per, times) if customers and rules else []
    return {row["rule"]: row["times"] for row in rows}


def subject_of(switch: Switch) -> str:
    """Returns what the log calls it."""
    return f"{switch.scope} {switch.name}".strip()
