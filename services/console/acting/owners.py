"""Asks the services that own things over their REST, on behalf of a person: bounded in time and connections, and never raising."""

import asyncio
from collections.abc import Mapping
from typing import Any

import httpx2
import msgspec

from services.console.acting.acts import Owner
from services.console.acting.outcome import Done, Refused, does_not_answer, refused
from services.console.settings import ConsoleSettings
from shared.http.callers import ACTING_FOR

WITHIN_S = 5.0  # for a whole answer
CONNECTIONS = 20  # to one owner at once
# Nothing has left for the owner when one of these is raised.
NOT_SENT = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout)


class Owners:
    """Holds a client for each owner, opened when it is first asked."""

    def __init__(self, settings: ConsoleSettings, transports: Mapping[str, httpx2.AsyncBaseTransport] | None = None) -> None:
        """Takes `transports` for owners that are not reached by the network, as tests have them."""
        self._settings, self._transports = settings, transports or {}
        self._clients: dict[str, httpx2.AsyncClient] = {}

    async def ask(
        self,
        owner: Owner,
        method: str,
        path: str,
        *,
        person: str,
        form_id: str = "",
        body: Mapping[str, Any] | None = None,
        within: float = WITHIN_S,
    ) -> Done | Refused:
        """Asks one owner on behalf of the person; the form's id makes the same question again the same act."""
        headers = {ACTING_FOR: person} | ({"Idempotency-Key": form_id} if form_id else {})
        try:
            async with asyncio.timeout(within):
                answer = await self._client(owner).request(method, path, json=body, headers=headers)
        except NOT_SENT:
            return does_not_answer(owner, form_id, reached=False)
        except httpx2.InvalidURL:
            return Refused(422, f"{owner} knows nothing of that name.")
        except (httpx2.HTTPError, TimeoutError):
            return does_not_answer(owner, form_id, reached=True)
        said = _said(answer.content)
        return Done(said) if answer.is_success else refused(owner, answer.status_code, said, form_id)

    def _client(self, owner: Owner) -> httpx2.AsyncClient:
        if owner not in self._clients:
            self._clients[owner] = httpx2.AsyncClient(
                base_url=getattr(self._settings, f"{owner}_url"),
                headers={"Authorization": f"Bearer {self._settings.console_token.get_secret_value()}"},
                timeout=WITHIN_S,
                limits=httpx2.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS),
                transport=self._transports.get(owner),
                trust_env=False,  # no proxy of the environment comes between services
            )
        return self._clients[owner]

    async def run(self) -> None:
        """Runs until cancelled, and then ends the connections."""
        try:
            await asyncio.Event().wait()
        finally:
            await self.close()

    async def close(self) -> None:
        """Ends the connections; asking again opens new ones."""
        clients, self._clients = self._clients, {}
        for client in clients.values():
            await client.aclose()


def _said(content: bytes) -> Mapping[str, Any]:
    """Returns the object that an answer is; empty when it is none, as from a proxy that has its own pages."""
    try:
        said = msgspec.json.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return {}
    return said if isinstance(said, dict) else {}
