"""Calls endpoints: signs, respects each destination's circuit, and makes at most one call a try."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta

import httpx2

from services.notifier import metrics
from services.notifier.channels.webhook.circuits import Circuits
from services.notifier.channels.webhook.endpoint import Endpoint
from services.notifier.channels.webhook.payload import probe_of
from shared.webhooks.addresses import Network
from shared.webhooks.calling import Answer, NoAnswer, post
from shared.webhooks.guard import Resolve, guarded_client, resolved
from shared.webhooks.signing import signed

WITHIN = 15.0  # seconds for the connection, the call and its answer in all
PROBING = 8.0  # seconds for a test call: a person waits for what comes of it


class Caller:
    """Calls endpoints with the secrets that are derived from `master`. `own`: networks that may be reached although not public."""

    def __init__(
        self, master: str, own: Sequence[Network] = (), *, clear: bool = False, within: float = WITHIN, resolve: Resolve = resolved
    ) -> None:
        self.master, self.clear = master, clear
        self._within, self._circuits = within, Circuits()
        self._client: httpx2.AsyncClient = guarded_client(own, resolve)

    async def call(self, endpoint: Endpoint, message_id: str, body: bytes, now: datetime) -> Answer | NoAnswer | timedelta:
        """Calls it once; returns how long to wait, instead, while its circuit is open."""
        paused = self._circuits.wait(endpoint.url, now)
        if paused is not None:
            metrics.ENDPOINT_CALLS.labels("paused").inc()
            return paused
        said = await self._post(endpoint, message_id, body, now, self._within)
        taken = isinstance(said, Answer) and said.taken
        self._circuits.learn(endpoint.url, now, taken=taken)
        metrics.ENDPOINT_CALLS.labels("taken" if taken else "refused" if isinstance(said, Answer) else "no_answer").inc()
        return said

    async def probe(self, endpoint: Endpoint, probe_id: str, now: datetime) -> Answer | NoAnswer:
        """Makes the signed test call that an endpoint must take before it is registered or enabled."""
        return await self._post(endpoint, probe_id, probe_of(endpoint.customer_id, now), now, min(self._within, PROBING))

    async def run(self) -> None:
        """Closes the connections when it is cancelled."""
        try:
            await asyncio.Event().wait()
        finally:
            await self.close()

    async def close(self) -> None:
        await self._client.aclose()

    async def _post(self, endpoint: Endpoint, id_: str, body: bytes, now: datetime, within: float) -> Answer | NoAnswer:
        return await post(self._client, endpoint.url, body, signed(endpoint.keys(self.master, now), id_, now, body), within)
