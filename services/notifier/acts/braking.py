"""Brakes stop a rule that goes too far, and no other: a person reads why, and releases it."""

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from services.notifier import metrics
from services.notifier.deciding.autonomy import Brakes
from services.notifier.deciding.braking import Normal, grown, too_much
from services.notifier.operators.notices import About
from services.notifier.permission import Mode, Scope, Switch
from services.notifier.situation import Situation
from services.notifier.store import gates, notices, switches
from services.notifier.store.gates import Row
from shared.postgres import Tx

log = logging.getLogger(__name__)


async def brake(tx: Tx, situations: Sequence[Situation], at: Sequence[Row], brakes: Brakes, thrown: Sequence[Switch]) -> list[Switch]:
    """Throws the brakes of rules whose audiences at these gates are not what they should be; returns those it has thrown."""
    stopped = {each.name for each in thrown if each.scope is Scope.RULE and each.mode in (Mode.BRAKE, Mode.OFF)}
    found: dict[str, tuple[str, dict[str, Any]]] = {}
    for gate in {each["id"]: each for each in at}.values():
        if gate["rule"] not in stopped | found.keys() and (why := await _too_large(tx, gate, brakes)):
            found[gate["rule"]] = why
    firsts = [each for each in situations if each.notification.gate == each.notification.incident_id is not None]
    rules = {each.rule for each in firsts if each.rule is not None} - stopped - found.keys()
    customers = [each.notification.customer_id for each in firsts if each.rule in rules]
    for rule, times in (await switches.repeated(tx, customers, rules, brakes.repeats_per, brakes.repeats)).items():
        found[rule] = "it tells the same customer again and again", {"times": times, "per_s": brakes.repeats_per.total_seconds()}
    return [await _throw(tx, rule, reason, why) for rule, (reason, why) in sorted(found.items())]


async def _too_large(tx: Tx, gate: Row, brakes: Brakes) -> tuple[str, dict[str, Any]] | None:
    if why := grown(gate["total"], gate["approved"], gate["forgiven"], brakes):
        return "its audience has grown since a person approved of it", why | {"gate": gate["id"]}
    if gate["total"] - gate["forgiven"] < brakes.at_least:
        return None
    row = await tx.fetchrow(gates.queries.normal, gate["rule"])
    assert row is not None  # noqa: S101  an aggregate has one row
    why = too_much(Normal(row["normal"], row["gates"]), row["lately"], brakes)
    return ("it tells far more customers than it normally does", why | {"gate": gate["id"]}) if why else None


async def _throw(tx: Tx, rule: str, reason: str, why: Mapping[str, Any]) -> Switch:
    switch = Switch(Scope.RULE, rule, Mode.BRAKE, reason, switches.OURSELVES)
    if await switches.throw(tx, switch, why):
        log.warning("the brake stops rule %s: %s", rule, reason)
        metrics.BRAKES.inc()
        text = f"Its brake is on: {reason}. `forewarn kill-switch show` says more, and lets it go on."
        await notices.tell(tx, About.BRAKES, f"Rule {rule} is stopped", text, unique=f"{rule} {await tx.fetchval('SELECT clock()')}")
    return switch
