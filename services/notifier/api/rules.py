"""Each rule's step of autonomy and its record: whom it told, and what came of it. People move a rule along the steps."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel

from services.notifier.acts.switching import step_to
from services.notifier.api.switches import Reason
from services.notifier.deciding.policy import Policy
from services.notifier.permission import Step
from services.notifier.store.rules import queries
from shared.answers import Cursor, Name, Page, page_of
from shared.api import Body, Caller, Db, Role, allow, position_of
from shared.postgres import Tx


class RuleView(BaseModel):
    """A rule of monitor, as far as it has had anything told. The record is of its latest hundred audiences."""

    rule: str
    step: Step
    reason: str | None  # why a person, or a false alarm, has set this step; null: notifications.yml says it
    by: str | None
    changed_at: datetime | None
    audiences: int  # incidents, or days of advice
    customers: int  # in them
    told: int  # of them, counted when an incident ends
    wrote_in: int  # of those, who wrote in all the same
    false_alarms: int
    complaints: int
    opt_outs: int  # that its messages caused
    helped: int  # customers who said that what they were told helped
    not_helped: int  # or that it did not
    normal: int | None  # the median audience
    latest_at: datetime | None


class Stepping(Body):
    """A person moves a rule to a step."""

    step: Step
    reason: Reason


class SteppedView(BaseModel):
    """The step that a rule has from now on."""

    rule: str
    step: Step
    reason: str
    by: str


def router_of(policy: Policy) -> APIRouter:
    """Makes the routes; `policy` says at which step a rule is that nobody has moved."""
    router = APIRouter(prefix="/v1/rules", tags=["consent"])

    @router.get("", dependencies=[allow(Role.AGENT)])
    async def list_rules(database: Db, limit: Annotated[int, Query(ge=1, le=500)] = 100, cursor: Cursor = None) -> Page[RuleView]:
        """Returns the rules that have had an audience, or a step of their own, by name."""
        async with database.transaction() as tx:
            return await _listed(tx, policy, position_of(cursor) or "", limit)

    @router.put("/{rule}/step")
    async def put_step(database: Db, rule: Name, who: Annotated[Caller, allow(Role.OPERATOR)], said: Stepping) -> SteppedView:
        """Moves a rule to a step of autonomy; what waits for an approval and needs none at that step is told."""
        async with database.transaction() as tx:
            await step_to(tx, rule, said.step, said.reason, who.person)
        return SteppedView(rule=rule, step=said.step, reason=said.reason, by=who.person)

    return router


async def _listed(tx: Tx, policy: Policy, after: str, limit: int) -> Page[RuleView]:
    return await page_of(
        tx,
        queries.rules,
        after,
        limit=limit,
        view=lambda row: RuleView(**{**row, "step": row["step"] or policy.autonomy.of(row["rule"]).step}),
        position=lambda item: item.rule,
    )
