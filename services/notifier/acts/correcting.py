"""What was told wrongly of an incident is told right, to exactly those who were told it, once each, a thousand at a time."""

import json
from dataclasses import dataclass

from services.notifier.notification import Draft, Kind, correction_id
from services.notifier.store import ledger, switches
from services.notifier.store.corrections import Correction, queries
from shared.erasing import hold
from shared.events import identity
from shared.postgres import Database, Tx
from shared.timers import Due, schedule

CORRECTION = "correction"  # due rows of corrections whose customers are still to be looked through
PIECE = 1000  # customers a transaction


async def correct(tx: Tx, incident_id: str, subject: str, body: str, by: str) -> str:
    """Has those who were told of the incident told these words; returns the correction's id. Saying it again changes nothing."""
    id_ = identity(incident_id, "correction", subject, body)
    if await tx.fetchval(queries.correct, id_, incident_id, subject, body, by):
        await _go_on(tx, id_, "")
        await switches.log(tx, by, "corrected", f"gate {incident_id}", subject, {"correction": id_})
    return id_


@dataclass(frozen=True)
class Correcting:
    """Writes down whom a correction is for, a piece at a time."""

    database: Database
    at_most: int = PIECE

    async def correct(self, due: Due) -> None:
        """Does one piece, which ends with the due row of the next (it is work for `shared/timers.py`)."""
        id_, after = json.loads(due.ref)
        async with self.database.transaction() as tx:
            await hold(tx)  # nobody is erased between what is read of them and what is written down
            await due.settle(tx)
            row = await tx.fetchrow(queries.correction, id_)
            if row is None:
                return
            said = Correction(id_, row["incident_id"], row["subject"], row["body"], row["at"])
            told = await tx.fetch(queries.told_wrongly, said.incident_id, after, self.at_most)
            await ledger.write_down(tx, [_draft(said, each["customer_id"], each["hops"]) for each in told])
            await tx.execute(queries.corrected, id_, len(told), not told)
            if told:
                await _go_on(tx, id_, told[-1]["customer_id"])


async def _go_on(tx: Tx, id_: str, after: str) -> None:
    await schedule(tx, CORRECTION, {json.dumps([id_, after]): await tx.fetchval("SELECT clock()")})


def _draft(said: Correction, customer_id: str, hops: int) -> Draft:
    return Draft(
        id=correction_id(said.id, customer_id),
        customer_id=customer_id,
        kind=Kind.CORRECTION,
        about_at=said.at,
        cause_id=None,
        cause_hops=hops,
        incident_id=said.incident_id,
        subject=said.subject,
        body=said.body,
    )
