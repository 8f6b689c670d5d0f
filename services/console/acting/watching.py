"""Asks notifier every two seconds what people allow, so that every page shows it and none waits for an answer."""

import asyncio
import logging
from dataclasses import replace
from datetime import UTC, datetime

from services.console.acting.acts import Owner
from services.console.acting.outcome import Done
from services.console.acting.owners import Owners
from services.console.frame.consent import LOOKED_AT, Consent, consent_of
from services.console.live.changes import FRAME, changed, enter
from shared.postgres import TRANSIENT, Database

log = logging.getLogger(__name__)

EVERY_S = 2.0
PATIENCE_S = 1.5
PERSON = "console"  # in whose name notifier is asked, since the answer is for whoever looks
CONSENT = "consent"  # the key that pages about approvals, switches and steps wait for
PATHS = ("/v1/switches", f"/v1/approvals?standing=waiting&limit={LOOKED_AT}")


class Watch:
    """Keeps what notifier said last; while it does not answer that stands, with the moment since when."""

    def __init__(self, owners: Owners, database: Database) -> None:
        self._owners, self._database = owners, database
        self._asking = asyncio.Lock()  # an older answer never replaces a newer one
        self.latest = Consent()

    async def run(self) -> None:
        """Runs until cancelled."""
        while True:
            try:
                await self.look()
            except TRANSIENT as error:
                log.warning("open pages do not hear of switches and approvals for a moment: %s", error)
            await asyncio.sleep(EVERY_S)

    async def look(self) -> None:
        """Asks now, as after an act; open pages hear of it when something has changed."""
        async with self._asking:
            before = self.latest
            self.latest = await self._asked()
            if self.latest != before:
                async with self._database.transaction() as tx:
                    await enter(tx)
                    await changed(tx, [FRAME, CONSENT])

    async def _asked(self) -> Consent:
        asked = (self._owners.ask(Owner.NOTIFIER, "GET", path, person=PERSON, within=PATIENCE_S) for path in PATHS)
        switches, approvals = await asyncio.gather(*asked)
        if isinstance(switches, Done) and isinstance(approvals, Done):
            return consent_of(switches.answer, approvals.answer)
        return self.latest if self.latest.lost_at else replace(self.latest, lost_at=datetime.now(UTC))  # noqa: TID251  since when pages say it
