"""A person who is to approve of an audience has its message sent to themselves first."""

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace

from services.notifier.audience import Contact, is_address
from services.notifier.channels.outcome import Rendered, Retry
from services.notifier.channels.registry import Route
from services.notifier.deciding.policy import Policy
from services.notifier.lanes import REPLY
from services.notifier.permission import Permission
from services.notifier.store import approvals
from services.notifier.wording.sealing import Write
from services.notifier.wording.texts import as_words
from shared.events import identity
from shared.postgres import Database, Tx
from shared.timers import Due, pause_after, schedule

log = logging.getLogger(__name__)

PROOF = "proof"  # due rows of messages to people who are to approve
TRIES = 5


def address_of(person: str, policy: Policy) -> str | None:
    """Returns where a person reads proofs: as notifications.yml says, or their name when that is an address."""
    address = policy.autonomy.reviewers.get(person, person)
    return address if is_address(address) else None


async def prove(tx: Tx, approval_id: str, person: str) -> None:
    """Has the message of the approval sent to this person, once more each time."""
    now = await tx.fetchval("SELECT clock()")
    await schedule(tx, PROOF, {json.dumps([approval_id, person, now.isoformat()]): now})


@dataclass(frozen=True)
class Proofs:
    """Sends proofs by e-mail. No ledger knows them; one whose outcome is unknown is not sent again."""

    database: Database
    channels: Mapping[str, Route]
    policy: Policy
    write: Write

    async def send(self, due: Due) -> None:
        """Sends one (it is work for `shared/timers.py`)."""
        approval_id, person, _ = json.loads(due.ref)
        address, email = address_of(person, self.policy), self.channels.get("email")
        message = await self._message(approval_id, address, due.ref) if address and email else None
        outcome = await email.queue.bring(message, REPLY) if email and message else None
        async with self.database.transaction() as tx:
            if isinstance(outcome, Retry) and not outcome.uncertain and due.attempts < TRIES:
                await due.again(tx, due.now + pause_after(due.attempts))
                return
            await due.settle(tx)
        log.info("the proof of approval %s: %s", approval_id, type(outcome).__name__ if outcome else "there was nothing to send")

    async def _message(self, approval_id: str, address: str, unique: str) -> Rendered | None:
        """Returns what the first who waits would read: it has nobody's link to opt out. None when nobody waits any more."""
        async with self.database.transaction() as tx:
            found = await approvals.approval(tx, approval_id)
            waits = await approvals.first(tx, found) if found else None
        if not found or not waits:
            return None
        about = replace(waits.notification, id=identity("proof", unique), customer_id="")
        words = as_words(found["subject"], found["body"])
        return self.write(replace(waits, notification=about, permission=Permission(words=words)), Contact("email", address), ())
