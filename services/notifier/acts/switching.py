"""People throw switches and release them, and move rules along the steps of autonomy."""

import logging

from services.notifier.deciding.policy import Policy
from services.notifier.permission import Mode, Scope, Step, Switch, one_back
from services.notifier.store import gates, releases, switches
from services.notifier.store.releases import Released
from shared.postgres import Tx

log = logging.getLogger(__name__)


async def turn(tx: Tx, switch: Switch, *, thrown: bool) -> bool:
    """Throws or releases a switch as a person says; returns whether that changed anything. What it held is decided anew."""
    if thrown:
        changed = await switches.throw(tx, switch, {})
    else:
        changed = await switches.release(tx, switch)
        if changed and switch.mode is Mode.BRAKE:
            await tx.execute(gates.queries.forgive, switch.name)
        if changed:
            await releases.release(tx, Released(None))
    if changed:
        log.warning("switch %s (%s) is %s", switches.subject_of(switch), switch.mode, "thrown" if thrown else "released")
    return changed


async def step_to(tx: Tx, rule: str, step: Step, reason: str, by: str) -> None:
    """Sets the step of a rule. What waits of it is decided anew."""
    await tx.execute(switches.queries.set_step, rule, step, reason, by)
    await switches.log(tx, by, f"set step {step}", f"{Scope.RULE} {rule}", reason)
    for row in await tx.fetch(gates.queries.waiting_gates_of, rule):
        await releases.release(tx, Released(row["gate"]))


async def set_back(tx: Tx, rule: str, policy: Policy, reason: str) -> Step:
    """Sets a rule back by one step, since it was wrong; returns the step it has now."""
    old = await tx.fetchval(switches.queries.step_of, rule)
    step = one_back(Step(old) if old is not None else policy.autonomy.of(rule).step)
    await step_to(tx, rule, step, reason, switches.OURSELVES)
    return step
