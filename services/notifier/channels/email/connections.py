"""A pool of connections to one SMTP server: as many as are needed, up to twelve, each closed when it is idle for 20 s."""

import asyncio
import logging
import time
from typing import Literal

from aiosmtplib import SMTP, SMTPException

from services.notifier.channels.email.pipelining import COMMAND, MAILS
from services.notifier.channels.email.wire import Wire
from shared.connecting.tls import Files, Renewed

log = logging.getLogger(__name__)

Tls = Literal["none", "starttls", "tls"]

CONNECT = 10.0  # seconds for a connection and its greeting
AT_ONCE = 12  # connections of one process to one server
IDLE = 20.0  # seconds unused before a connection is closed


class Connections:
    """Hands out a connection to one sender at a time."""

    def __init__(
        self,
        host: str,
        port: int,
        *,
        own_name: str,
        username: str = "",
        password: str = "",
        tls: Tls = "none",
        ca: str = "",
        connect: float = CONNECT,
        command: float = COMMAND,
    ) -> None:
        """`own_name`: what we call ourselves in EHLO. `ca`: PEM file of those we trust to sign the server's certificate, or the system's.

        `connect`, `command`: seconds to wait for an answer.
        """
        self._host, self._port, self._own_name = host, port, own_name
        self._login = {"username": username, "password": password} if username else {}
        self._tls, self._connect, self._command = tls, connect, command
        self._context = Renewed(Files(ca)) if tls != "none" else None
        self._room = asyncio.Semaphore(AT_ONCE)
        self._idle: list[tuple[Wire, float]] = []
        self._away = False

    @property
    def has_room(self) -> bool:
        """Says whether a connection can be had without waiting for another to be given back."""
        return not self._room.locked()

    async def take(self) -> Wire:
        """Returns a connection; give it back. Raises SMTPException, OSError or ValueError when the server cannot be reached."""
        await self._room.acquire()
        try:
            while self._idle:
                wire, _ = self._idle.pop()
                if wire.is_quiet:
                    return wire
                wire.close()
            return await self._connected()
        except BaseException:
            self._room.release()
            raise

    async def _connected(self) -> Wire:
        """Returns a new connection. An operator reads once that the server is away, and once that it is back."""
        try:
            wire = await self._connect_anew()
        except (SMTPException, OSError, ValueError) as error:
            if not self._away:
                log.warning("the mail server %s:%d is away: %s", self._host, self._port, error)
            self._away = True
            raise
        if self._away:
            log.warning("the mail server %s:%d is back", self._host, self._port)
        self._away = False
        return wire

    async def _connect_anew(self) -> Wire:
        client = SMTP(
            hostname=self._host,
            port=self._port,
            local_hostname=self._own_name,
            timeout=self._command,
            use_tls=self._tls == "tls",
            start_tls=self._tls == "starttls",
            tls_context=self._context,
            **self._login,  # type: ignore[arg-type]
        )
        await client.connect(timeout=self._connect)
        try:
            if client.is_ehlo_or_helo_needed:
                await client.ehlo()
            return Wire.of(client)
        except BaseException:
            client.close()
            raise

    def give_back(self, wire: Wire) -> None:
        """Keeps it for the next mail, if it is still good."""
        self._room.release()
        if wire.is_quiet and wire.mails < MAILS:
            self._idle.append((wire, time.monotonic()))
        else:
            wire.close()

    async def run(self) -> None:
        """Closes, until cancelled, what nobody used for a while; then all that is idle."""
        try:
            while True:
                await asyncio.sleep(IDLE / 4)
                self._close_older_than(time.monotonic() - IDLE)
        finally:
            self._close_older_than(float("inf"))

    def _close_older_than(self, moment: float) -> None:
        for wire, since in list(self._idle):
            if since < moment:
                self._idle.remove((wire, since))
                wire.close()
