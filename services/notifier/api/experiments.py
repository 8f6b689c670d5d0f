"""People compare what became of those who were told with those who were held out."""

from collections.abc import Mapping
from datetime import datetime

from fastapi import APIRouter
from pydantic import BaseModel

from services.notifier.deciding.experiment import Experiment
from services.notifier.deciding.intervals import Rate, difference, wilson
from services.notifier.deciding.policy import Policy
from services.notifier.notification import Kind
from services.notifier.situation import Arm
from services.notifier.store.experiments import Counted, measure
from shared.api import Db, Role, allow


class RateView(BaseModel):
    """A part of the customers of an arm; the true rate is between `low` and `high` in 95 of 100 cases (Wilson's interval)."""

    count: int
    of: int
    rate: float
    low: float
    high: float


class DifferenceView(BaseModel):
    """How much larger the rate of those held out is; when 0 is not between `low` and `high`, telling makes a difference."""

    rate: float
    low: float
    high: float


class ArmView(BaseModel):
    """What became of the customers of one arm."""

    arm: Arm
    people: int
    since: datetime | None  # when the first of them entered
    told: RateView | None  # something that the experiment concerns; null: nobody is in this arm
    wrote_in: RateView | None  # who opened a ticket in time, of those whose time is over
    opted_out: RateView | None  # of what it is about, since they entered


class ExperimentView(BaseModel):
    """One experiment of notifications.yml."""

    name: str
    kinds: list[Kind]
    share: float  # of the accounts, that are held out
    ended: bool
    wrote_in_within_s: float
    arms: list[ArmView]
    wrote_in: DifferenceView | None  # held out beside told; null: nothing to compare yet
    opted_out: DifferenceView | None


class ExperimentsView(BaseModel):
    """All of them, as notifications.yml has them."""

    items: list[ExperimentView]


def router_of(policy: Policy) -> APIRouter:
    """Makes the route; `policy` says which experiments there are."""
    router = APIRouter(prefix="/v1/experiments", tags=["notifier"])

    @router.get("", dependencies=[allow(Role.AGENT)])
    async def list_experiments(database: Db) -> ExperimentsView:
        """Returns the experiments, each with both arms side by side. The intervals take customers for independent of one another."""
        async with database.connection() as tx:
            return ExperimentsView(items=[_of(each, await measure(tx, each)) for each in policy.experiments])

    return router


def _of(experiment: Experiment, counted: Mapping[Arm, Counted]) -> ExperimentView:
    told, held_out = counted[Arm.TOLD], counted[Arm.HELD_OUT]
    return ExperimentView(
        name=experiment.name,
        kinds=list(experiment.kinds),
        share=experiment.share,
        ended=experiment.ended,
        wrote_in_within_s=experiment.wrote_in_within.total_seconds(),
        arms=[_arm(arm, each) for arm, each in counted.items()],
        wrote_in=_apart(wilson(held_out.wrote_in, held_out.observed), wilson(told.wrote_in, told.observed)),
        opted_out=_apart(wilson(held_out.opted_out, held_out.people), wilson(told.opted_out, told.people)),
    )


def _arm(arm: Arm, counted: Counted) -> ArmView:
    return ArmView(
        arm=arm,
        people=counted.people,
        since=counted.since,
        told=_shown(wilson(counted.told, counted.people)),
        wrote_in=_shown(wilson(counted.wrote_in, counted.observed)),
        opted_out=_shown(wilson(counted.opted_out, counted.people)),
    )


def _shown(rate: Rate | None) -> RateView | None:
    return RateView(count=rate.count, of=rate.of, rate=rate.rate, low=rate.low, high=rate.high) if rate else None


def _apart(held_out: Rate | None, told: Rate | None) -> DifferenceView | None:
    if held_out is None or told is None:
        return None
    rate, low, high = difference(held_out, told)
    return DifferenceView(rate=rate, low=low, high=high)
