"""Customers enter the experiments that concern what they would be told, and keep the arm that they were given."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, TypeVar

from services.notifier.deciding.policy import Policy
from services.notifier.store import experiments
from services.notifier.store.deliveries import Found
from shared.postgres import Tx

Key = TypeVar("Key")


async def with_arms(tx: Tx, found: dict[Key, Found], policy: Policy) -> dict[Key, Found]:
    """Returns the same with the arms that their customers, who must be locked, were given before."""
    if not policy.experiments:
        return found
    arms = await experiments.arms_of(tx, {each.situation.notification.customer_id for each in found.values()})
    return {
        key: replace(each, situation=replace(each.situation, arms=arms.get(each.situation.notification.customer_id, {})))
        for key, each in found.items()
    }


async def enter(tx: Tx, decided: Iterable[tuple[str, Mapping[str, Any]]]) -> list[tuple[str, str]]:
    """Notes the arms by which it was decided about customers: of each its id and the figures. Returns experiment and arm of who is new."""
    return await experiments.enter(tx, [(id_, why["experiment"], why["arm"]) for id_, why in decided if "experiment" in why])
