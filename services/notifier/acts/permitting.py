"""What people allow of notifications is read when they are decided about, in the same transaction and for many at once.

A rule that goes too far is stopped here, before it tells anybody else: the brake is a switch that a person releases.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from services.notifier.acts import braking
from services.notifier.deciding.decision import Hold, Waiting
from services.notifier.deciding.policy import Policy
from services.notifier.operators.notices import About
from services.notifier.permission import Gate, Permission, Scope, Standing, Step
from services.notifier.situation import Situation
from services.notifier.store import gates, notices, switches
from services.notifier.store.gates import Row
from services.notifier.wording.sealing import Write, seal_of
from services.notifier.wording.texts import as_words
from shared.postgres import Tx

log = logging.getLogger(__name__)


async def of(tx: Tx, situations: Sequence[Situation], policy: Policy, write: Write) -> dict[str, Permission]:
    """Returns what people allow, by notification. Nobody approves, enters an audience or releases a switch until `tx` ends.

    The notifications must be locked already: whoever changes an audience locks them before its gate.
    """
    rules = {rule for each in situations if (rule := each.rule) is not None}
    thrown = await switches.thrown(tx, rules)
    steps, directory = await switches.steps(tx, rules)
    at_gates = await _gates_of(tx, situations)
    audiences: list[Row] = [gate for gate, _ in at_gates.values()]
    thrown += await braking.brake(tx, situations, audiences, policy.autonomy.brakes, thrown)
    standings = await _standings(tx, at_gates, situations, policy, write)
    permissions = {}
    for each in situations:
        rule, found = each.rule, at_gates.get(each.notification.id)
        freedom = policy.autonomy.of(rule or "")
        theirs = tuple(switch for switch in thrown if switch.scope is not Scope.RULE or switch.name == rule)
        step = steps.get(rule, freedom.step) if rule is not None else Step.AUTO
        if found is None:
            permissions[each.notification.id] = Permission(step, theirs)
            continue
        row, number = found
        standing, expires_at = standings.get((row["id"], number), (None, None))
        audience = row["audience"] if number == row["round"] else row["total"]  # an earlier round was a large one
        gate = Gate(row["id"], number, audience, freedom.up_to(directory), standing, expires_at)
        permissions[each.notification.id] = Permission(step, theirs, gate, as_words(row["subject"], row["body"]))
    return permissions


async def permitted(tx: Tx, situations: Sequence[Situation], policy: Policy, write: Write) -> list[Situation]:
    """Returns the situations, in order, with what people allow."""
    permissions = await of(tx, situations, policy, write)
    return [replace(each, permission=permissions[each.notification.id]) for each in situations]


async def ask(tx: Tx, held: Sequence[tuple[Situation, object]], policy: Policy) -> None:
    """Has people asked for what was decided to wait for them, unless they were."""
    waiting = {
        (gate.id, gate.round): gate
        for situation, decided in held
        if isinstance(decided, Hold) and decided.reason is Waiting.UNAPPROVED and (gate := situation.permission.gate) is not None
    }
    for asked in await gates.ask(tx, list(waiting.values()), policy.autonomy.expires_after):
        log.warning("an audience waits for approval: %s", asked)
        await switches.log(tx, switches.OURSELVES, "asked for approval", f"approval {asked}", "")
        await notices.tell(
            tx, About.APPROVALS, "An audience waits for approval", f"`forewarn approvals show {asked}` says whom.", unique=asked
        )


async def _gates_of(tx: Tx, situations: Sequence[Situation]) -> dict[str, tuple[Row, int]]:
    """Returns by notification its gate, locked, and the round it is in."""
    ids = [each.notification.id for each in situations if each.notification.gate is not None]
    if not ids:
        return {}
    places = {row["id"]: (row["gate"], row["round"]) for row in await tx.fetch(gates.queries.rounds_of, ids)}
    rows = {row["id"]: row for row in await tx.fetch(gates.queries.locked, sorted({gate for gate, _ in places.values()}))}
    return {id_: (rows[gate], number) for id_, (gate, number) in places.items() if gate in rows}


async def _standings(
    tx: Tx, at_gates: Mapping[str, tuple[Row, int]], situations: Sequence[Situation], policy: Policy, write: Write
) -> dict[tuple[str, int], tuple[Standing, Any]]:
    """Returns how the approvals stand; one whose words have changed since is void."""
    rounds = sorted({(row["id"], number) for row, number in at_gates.values() if number})
    if not rounds:
        return {}
    rows = await tx.fetch(gates.queries.standings, *map(list, zip(*rounds, strict=True)))
    any_of = {(at[0]["id"], at[1]): (each, at[0]) for each in situations if (at := at_gates.get(each.notification.id)) is not None}
    standings: dict[tuple[str, int], tuple[Standing, Any]] = {}
    for row in rows:
        place = row["gate"], row["round"]
        standing, expires_at = Standing(row["status"]), row["expires_at"]
        situation, gate = any_of[place]
        if standing is Standing.APPROVED and row["words"] != seal_of(write, situation, as_words(gate["subject"], gate["body"])):
            standing, expires_at = Standing.WAITING, situation.now + policy.autonomy.expires_after
            await tx.execute(gates.queries.void, row["id"], policy.autonomy.expires_after)
            await switches.log(tx, switches.OURSELVES, "voided approval", f"gate {row['gate']}", "the words have changed")
        standings[place] = standing, expires_at
    return standings
