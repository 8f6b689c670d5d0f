"""A notifier whose customers have endpoints, and what asks it over REST; endpoints are real servers on this machine."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from services.notifier.channels.outcome import Outcome, Rendered, Words
from services.notifier.channels.webhook.caller import Caller
from services.notifier.channels.webhook.channel import Webhook
from services.notifier.channels.webhook.replaying import Replaying
from services.notifier.store.endpoints import REPLAY
from shared.settings import Settings
from shared.webhooks.addresses import networks_of
from tests.fakes import do_due
from tests.flow.notifier_stage import Stage, impact, opened, stage
from tests.hooks import Sink

MASTER = "a master of 32 characters, or so"
OWN = "127.0.0.0/8"


@dataclass
class Hooks:
    """The stage, and the channel as it is wired there."""

    on: Stage
    channel: Webhook

    async def ask(self, method: str, path: str = "", body: Any = None, key: str | None = None) -> Any:
        """Asks as an operator. `key`: an Idempotency-Key."""
        async with self.on.client("operator-token") as client:
            return await client.request(method, f"/v1/endpoints{path}", json=body, headers={"Idempotency-Key": key} if key else {})

    async def registered(self, to: Sink, customer_id: str = "c-1") -> dict[str, Any]:
        """Registers an endpoint; returns it, with its secret."""
        answer = await self.ask("POST", "", {"customer_id": customer_id, "url": to.url})
        assert answer.status_code == 201, answer.text
        to.calls.clear()
        shown: dict[str, Any] = answer.json()
        return shown

    async def endpoint(self) -> dict[str, Any]:
        """Returns the one endpoint as it is listed."""
        [item] = (await self.ask("GET")).json()["items"]
        found: dict[str, Any] = item
        return found

    async def told(self, incident_id: str = "i-1") -> str:
        """Has something to tell c-1, of whom no address is known; returns its id."""
        await self.on.hear(opened(self.on.now, incident_id), impact(self.on.now, "c-1", incident_id=incident_id))
        [row] = await self.on.rows("SELECT id FROM notifications WHERE incident_id = $1", incident_id)
        return str(row["id"])

    def message(self, id_: str, to: Sink, text: str = "Hello") -> Rendered:
        words = Words("Trouble", text)
        return Rendered(id_, "opened", to.url, "Ada", "Trouble", text, "i-1", words=words, date=self.on.now)

    async def send(self, id_: str, to: Sink, text: str = "Hello") -> Outcome:
        [outcome] = await self.channel.send([self.message(id_, to, text)])
        return outcome

    async def replays(self) -> int:
        """Does what is due of replays."""
        return await do_due(self.on.service.database, REPLAY, self.on.service.due[REPLAY])


@asynccontextmanager
async def hooks(settings: Settings, within: float = 5.0, **own: Any) -> AsyncIterator[Hooks]:
    given = {"webhook_secret": MASTER, "webhook_networks": OWN, "webhook_clear": True, **own}
    async with stage(settings, **given) as on:
        caller = Caller(MASTER, networks_of(OWN), clear=True, within=within)
        await on.know("c-1", contacts=[])
        replaying = on.service.due[REPLAY].handle
        assert isinstance(replaying, Replaying)
        try:
            yield Hooks(on, Webhook(on.service.database, caller))
        finally:
            await caller.close()
            await replaying.caller.close()
