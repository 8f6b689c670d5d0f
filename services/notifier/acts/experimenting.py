"""Customers enter the experiments that concern what they would be told, and keep the arm that they were given."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from services.notifier.deciding.policy import Policy
from services.notifier.situation import Arm
from services.notifier.store import experiments
from shared.postgres import Tx


async def arms_of(tx: Tx, customers: Collection[str], policy: Policy) -> dict[str, Mapping[str, Arm]]:
    """Returns the arms that these customers, who must be locked, were given before; of nobody where there is no experiment."""
    if not policy.experiments:
        return {}
    known = await experiments.arms_of(tx, set(customers))
    return {customer: known.get(customer, {}) for customer in customers}


async def enter(tx: Tx, decided: Iterable[tuple[str, Mapping[str, Any]]]) -> list[tuple[str, str]]:
    """Notes the arms by which it was decided about customers: of each its id and the figures. Returns experiment and arm of who is new."""
    return await experiments.enter(tx, [(id_, why["experiment"], why["arm"]) for id_, why in decided if "experiment" in why])
