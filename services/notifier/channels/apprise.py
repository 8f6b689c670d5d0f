"""The channel `apprise`: any service that the library Apprise knows, by a URL of the operator's own. It is for operators alone.

Its URLs hold logins and lead anywhere, so that none may come from a customer. The library is optional: `pip install forewarn[apprise]`.
https://github.com/caronc/apprise
"""

import asyncio
import importlib
import logging
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from services.notifier.channels.outcome import Delivered, Failed, Outcome, Refusal, Rendered, Retry, Trouble
from services.notifier.channels.posting import each
from shared.configuration.files import ConfigError

SUBJECT, TEXT = 200, 4000  # characters; each service cuts further


class Apprise:
    """The channel. Raises ConfigError when the library is not installed."""

    name = "apprise"
    at_once = 4
    together = 1
    ladder: tuple[timedelta, ...] | None = None
    ttl: timedelta | None = None

    def __init__(self) -> None:
        try:
            self._library: Any = importlib.import_module("apprise")
        except ModuleNotFoundError:
            raise ConfigError("operators: the channel apprise needs the library of that name: pip install forewarn[apprise]") from None
        logging.getLogger("apprise").setLevel(logging.CRITICAL)  # it would log parts of URLs, and answers

    def usable(self, address: str) -> bool:
        """Says whether it is a URL of a service that Apprise knows."""
        return bool(self._library.Apprise().add(address))

    async def run(self) -> None:
        """Runs until cancelled: it holds nothing between sends."""
        await asyncio.Event().wait()

    def message_id(self, notification_id: str) -> str:
        return notification_id

    async def send(self, messages: Sequence[Rendered]) -> list[Outcome]:
        """Tries each once, side by side. Raises nothing, unless it is cancelled."""
        return await each(messages, self._send)

    async def _send(self, message: Rendered) -> Outcome:
        service = self._library.Apprise()
        if not service.add(message.address):
            return Failed(Refusal.UNSUPPORTED, "no URL of Apprise")
        told = await service.async_notify(
            title=message.subject[:SUBJECT],
            body=message.text.strip()[:TEXT] or message.subject,
            body_format=self._library.NotifyFormat.TEXT,
        )
        # Apprise says no more than whether it worked.
        return Delivered() if told else Retry(None, Trouble.DEFERRED, "refused or away")
