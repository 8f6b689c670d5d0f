"""A pool of connections to one SMTP server: as many as there are mails under way, each closed when it is idle for 20 s."""

import asyncio
import logging
import time
from typing import Literal

from aiosmtplib import SMTP, SMTPException

from shared.connecting.tls import Files, Renewed

log = logging.getLogger(__name__)

Tls = Literal["none", "starttls", "tls"]

CONNECT = 10.0  # seconds for a connection and its greeting
COMMAND = 60.0  # seconds for the answer to a command; the end of DATA takes longer
IDLE = 20.0  # seconds unused before a connection is closed
MAILS = 100  # a connection; many servers do not like more


class Connections:
    """Hands out a connection to one sender at a time. Give each back, or close it."""

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
        self._idle: list[tuple[SMTP, float]] = []
        self._mails: dict[SMTP, int] = {}
        self._away = False

    async def take(self) -> tuple[SMTP, bool]:
        """Returns a connection, and whether it was used before. Raises SMTPException or OSError when the server cannot be reached."""
        while self._idle:
            client, _ = self._idle.pop()
            if client.is_connected:
                return client, True
            self._forget(client)
        client = await self._connected()
        self._mails[client] = 0
        return client, False

    async def _connected(self) -> SMTP:
        """Returns a new connection. An operator reads once that the server is away, and once that it is back."""
        try:
            client = await self._connect_anew()
        except (SMTPException, OSError, ValueError) as error:
            if not self._away:
                log.warning("the mail server %s:%d is away: %s", self._host, self._port, error)
            self._away = True
            raise
        if self._away:
            log.warning("the mail server %s:%d is back", self._host, self._port)
        self._away = False
        return client

    async def _connect_anew(self) -> SMTP:
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
        except BaseException:
            client.close()
            raise
        return client

    async def give_back(self, client: SMTP, *, clean: bool) -> None:
        """Keeps it for the next mail, if it is still good; when the last mail did not go through it is reset before."""
        self._mails[client] = self._mails.get(client, 0) + 1
        if client.is_connected and not clean:
            try:
                await client.rset()
            except (SMTPException, OSError):
                client.close()
        if client.is_connected and self._mails[client] < MAILS:
            self._idle.append((client, time.monotonic()))
        else:
            self._forget(client)

    async def run(self) -> None:
        """Closes, until cancelled, what nobody used for a while; then all that is idle."""
        try:
            while True:
                await asyncio.sleep(IDLE / 4)
                self._close_older_than(time.monotonic() - IDLE)
        finally:
            self._close_older_than(float("inf"))

    def _close_older_than(self, moment: float) -> None:
        for client, since in list(self._idle):
            if since < moment:
                self._idle.remove((client, since))
                self._forget(client)

    def _forget(self, client: SMTP) -> None:
        self._mails.pop(client, None)
        client.close()
