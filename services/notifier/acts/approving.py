"""People approve of an audience or reject it, have a few told first, edit the words, and take customers out.

What a person decides must be what they saw: `seen` names the words and the audience, and a decision about others is refused.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from services.notifier.deciding.policy import Policy
from services.notifier.permission import Standing
from services.notifier.store import approvals, deliveries, gates, ledger, releases, switches
from services.notifier.store.approvals import Row, queries
from services.notifier.store.releases import Released
from services.notifier.wording.sealing import Write, seal_of
from services.notifier.wording.texts import Text, as_words
from shared.postgres import Tx


@dataclass(frozen=True, slots=True)
class Refused:
    """It cannot be done so: how the approval stands, or what is to be seen by now."""

    detail: str
    current: str


@dataclass(frozen=True)
class Desk:
    """Where people decide about audiences. Each act returns None, or why it was refused: then nothing may be kept."""

    policy: Policy
    write: Write

    async def seen(self, tx: Tx, found: Row) -> str:
        """Returns what names the words and the audience as they are now."""
        return f"{found['version']}-{(await self._seal(tx, found))[:16]}"

    async def approve(self, tx: Tx, found: Row, seen: str, by: str, reason: str) -> Refused | None:
        """Has all of them told. Above the limit the first person's consent waits for another one's."""
        found, refused = await self._locked(tx, found, seen)
        if refused:
            return refused
        waiting = await tx.fetchrow(queries.waits, found["gate"], found["round"])
        _, directory = await switches.steps(tx, [])
        customers = waiting["waiting"] if waiting else 0
        if customers > self.policy.autonomy.two_people.of(directory) and (found["first_by"] is None or found["first_saw"] != seen):
            await tx.execute(queries.agree_first, found["id"], by, seen)
            await _log(tx, by, "approved as the first of two", found, reason, {"customers": customers})
            return None
        if found["first_by"] == by and found["first_saw"] == seen:
            return Refused("two different people must agree", "waiting")
        seal = await self._seal(tx, found)
        await tx.execute(queries.decide, found["id"], Standing.APPROVED, by, reason, seal)
        await tx.execute(queries.pass_round, found["gate"], found["round"])
        await _log(tx, by, "approved", found, reason, {"customers": customers})
        await releases.release(tx, Released(found["gate"]))
        return None

    async def approve_first(self, tx: Tx, found: Row, seen: str, by: str, reason: str) -> Refused | None:
        """Has the first few told; the others go on waiting."""
        first = await tx.fetch(queries.single_out, found["gate"], found["round"], self.policy.autonomy.first)
        found, refused = await self._locked(tx, found, seen)
        if refused:
            return refused
        await deliveries.hasten(tx, notifications=[row["id"] for row in first])
        await _log(tx, by, "approved the first", found, reason, {"customers": len(first)})
        return None

    async def reject(self, tx: Tx, found: Row, by: str, reason: str) -> Refused | None:
        """Has none of them told, nor whoever enters this audience later."""
        found, refused = await self._locked(tx, found, None)
        if refused:
            return refused
        await tx.execute(queries.decide, found["id"], Standing.REJECTED, by, reason, None)
        await _log(tx, by, "rejected", found, reason, {})
        await releases.release(tx, Released(found["gate"]))
        return None

    async def reword(self, tx: Tx, found: Row, words: Text | None, by: str, reason: str) -> Refused | None:
        """Gives the audience words of its own, which are to be approved as any."""
        found, refused = await self._locked(tx, found, None)
        if refused:
            return refused
        await tx.execute(queries.reword, found["gate"], words.subject if words else None, words.body if words else None)
        await gates.changed(tx, [found["gate"]])
        await _log(tx, by, "edited the words", found, reason, {})
        return None

    async def remove(self, tx: Tx, found: Row, customers: Sequence[str], by: str, reason: str) -> Refused | None:
        """Takes customers out of the audience: they are not told."""
        rows = await tx.fetch(queries.whom_of_gate, found["gate"], list(customers))
        waiting = await ledger.take_out(tx, [row["id"] for row in rows])
        found, refused = await self._locked(tx, found, None)
        if refused:
            return refused
        await gates.changed(tx, [found["gate"]])
        await deliveries.hasten(tx, notifications=waiting)
        await _log(tx, by, "took customers out", found, reason, {"customers": len(waiting)})
        return None

    async def _locked(self, tx: Tx, found: Row, seen: str | None) -> tuple[Row, Refused | None]:
        """Returns the approval as it stands and will stand until `tx` ends; refused when it waits no more, or is not as it was seen."""
        await tx.fetchrow(gates.queries.gate_to_change, found["gate"])
        now = await approvals.approval(tx, found["id"])
        assert now is not None  # noqa: S101  a gate is deleted with its approvals, and we hold it
        if now["standing"] != Standing.WAITING:
            return now, Refused("it does not wait for a decision", now["standing"])
        if seen is not None and (current := await self.seen(tx, now)) != seen:
            return now, Refused("the words or the audience have changed: look again", current)
        return now, None

    async def _seal(self, tx: Tx, found: Row) -> str:
        if (any_of_them := await approvals.first(tx, found)) is not None:
            return seal_of(self.write, any_of_them, as_words(found["subject"], found["body"]))
        return sha256().hexdigest()


async def _log(tx: Tx, by: str, act: str, found: Row, reason: str, figures: Mapping[str, Any]) -> None:
    await switches.log(tx, by, act, f"gate {found['gate']}", reason, {"approval": found["id"], **figures})
