"""Who takes part in which experiment, in which arm, and what became of them."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from services.notifier.deciding.experiment import Experiment
from services.notifier.situation import Arm
from shared.postgres import Queries, Tx

queries = Queries(Path(__file__).with_suffix(".sql"))


@dataclass(frozen=True, slots=True)
class Counted:
    """What became of the customers of one arm."""

    people: int
    told: int  # something that the experiment concerns
    observed: int  # customers whose time to write in is over
    wrote_in: int  # of these, who opened a ticket within it
    opted_out: int
    since: datetime | None  # when the first of them entered


NOBODY = Counted(0, 0, 0, 0, 0, None)


async def arms_of(tx: Tx, customer_ids: Collection[str]) -> dict[str, dict[str, Arm]]:
    """Returns the arms that customers were given, by customer and experiment."""
    found: dict[str, dict[str, Arm]] = {}
    for row in await tx.fetch(queries.arms_of, sorted(customer_ids)):
        found.setdefault(row["customer_id"], {})[row["experiment"]] = Arm(row["arm"])
    return found


async def enter(tx: Tx, arms: Collection[tuple[str, str, str]]) -> list[tuple[str, str]]:
    """Gives customers their arms: of each the customer, the experiment and the arm. Returns experiment and arm of those who are new."""
    rows = await tx.fetch(queries.enter, *map(list, zip(*arms, strict=True))) if arms else []
    return [(row["experiment"], row["arm"]) for row in rows]


async def write_in(tx: Tx, opened: Collection[tuple[str, datetime]]) -> None:
    """Notes who opened tickets, and when."""
    if opened:
        await tx.execute(queries.write_in, *map(list, zip(*opened, strict=True)))


async def measure(tx: Tx, experiment: Experiment) -> Mapping[Arm, Counted]:
    """Returns what became of both arms."""
    rows = await tx.fetch(queries.measure, experiment.name, list(experiment.kinds), experiment.purposes, experiment.wrote_in_within)
    found = {Arm(row["arm"]): row for row in rows}
    return {arm: Counted(**{name: row[name] for name in Counted.__slots__}) if (row := found.get(arm)) else NOBODY for arm in Arm}
