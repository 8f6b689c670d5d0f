"""The channel hands mails to an SMTP server, each once, and says what the server's codes mean. `mail.py` composes it."""

import asyncio
import logging
import re
from collections.abc import Sequence
from enum import Enum, auto

from aiosmtplib import SMTP, SMTPException, SMTPResponseException

from services.notifier.audience import is_address, with_ascii_domain
from services.notifier.channels.email.connections import Connections
from services.notifier.channels.email.mail import Sender, compose, message_id
from services.notifier.channels.email.verp import ReturnPaths
from services.notifier.channels.given import Given
from services.notifier.channels.outcome import Delivered, Failed, Outcome, Refusal, Rendered, Retry, Trouble

log = logging.getLogger(__name__)

AT_ONCE = 12  # mails under way, and connections taken, of those that are given together
END_OF_DATA = 600.0  # seconds; RFC 5321, 4.5.3.2.6: whoever gives up earlier gets duplicates
NO_SUCH_ADDRESS = frozenset({"5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10"})  # RFC 3463, 3.2, and RFC 7505: about the recipient
BAD_SENDER = frozenset({"1.7", "1.8"})  # RFC 3463, 3.2: about the sender; Postfix says it as late as at RCPT
LOGIN_WANTED = 530  # RFC 4954, 6: may answer any command
_enhanced = re.compile(r"\s*([245]\.(\d{1,3}\.\d{1,3}))(?![\d.])").match  # RFC 2034: the text begins with it


def build(given: Given) -> "Email":
    """Returns the channel as the settings say."""
    settings, sender = given.settings, given.sender
    connections = Connections(
        settings.smtp_host,
        settings.smtp_port,
        own_name=sender.domain,
        username=settings.smtp_username,
        password=settings.smtp_password.get_secret_value(),
        tls=settings.smtp_tls,
        ca=settings.smtp_ca,
    )
    return Email(connections, sender, paths=settings.return_paths)


class Command(Enum):
    """The SMTP command after which the server refused, or the connection was lost."""

    BEFORE_RECIPIENT = auto()  # connection, EHLO, STARTTLS, AUTH, MAIL: it has not heard yet whom the message is for
    RECIPIENT = auto()  # RCPT
    DATA = auto()  # DATA and its end: the message may have arrived


class Email:
    """The channel `email`."""

    name = "email"
    at_once = AT_ONCE
    together = 1

    def __init__(
        self, connections: Connections, sender: Sender, end_of_data: float = END_OF_DATA, paths: ReturnPaths | None = None
    ) -> None:
        """`end_of_data`: seconds for the server to take the message. `paths` makes return paths; else mails return to the sender."""
        self._connections, self._sender, self._end_of_data, self._paths = connections, sender, end_of_data, paths

    def message_id(self, notification_id: str) -> str:
        return message_id(notification_id, self._sender)

    async def run(self) -> None:
        """Closes, until cancelled, connections that nobody uses."""
        await self._connections.run()

    async def send(self, messages: Sequence[Rendered]) -> list[Outcome]:
        """Tries each once, so many side by side, each over a connection of its own. Raises nothing, unless it is cancelled."""
        free = asyncio.Semaphore(AT_ONCE)
        return await asyncio.gather(*(self._send_alone(message, free) for message in messages))

    async def _send_alone(self, message: Rendered, free: asyncio.Semaphore) -> Outcome:
        """Returns an outcome whatever happens, so that nothing in one message takes the others their outcomes."""
        async with free:
            try:
                return await self._send_one(message)
            except Exception as error:
                log.exception("a try to send %s raised; the customer may have it", message.id)
                return Retry(None, Trouble.UNKNOWN, type(error).__name__)

    async def _send_one(self, message: Rendered) -> Outcome:
        """Tries once; a connection that went stale while nobody used it does not count as a try."""
        raw = self._composed(message)
        while isinstance(raw, bytes):
            try:
                client, used = await self._connections.take()
            except (SMTPException, OSError, ValueError) as error:
                return judged(error, Command.BEFORE_RECIPIENT)
            try:
                outcome = not_taken(client, message) or await self._hand_over(client, message, raw)
            except BaseException:
                client.close()
                raise
            if isinstance(outcome, Retry) and outcome.uncertain:
                client.close()  # an answer to this message may still come, and would be read as one to the next
            await self._connections.give_back(client, clean=isinstance(outcome, Delivered))
            if not (used and went_stale(client, outcome)):
                return outcome
        return raw

    def _return_path(self, message: Rendered) -> str:
        return self._paths.return_path(message.id, message.address) if self._paths else self._sender.address

    def _composed(self, message: Rendered) -> bytes | Outcome:
        """Returns the mail before any server is asked, or why there is none."""
        if not is_address(message.address):  # aiosmtplib would take the part of it that is one
            return Failed(Refusal.UNSUPPORTED, "not an address")
        try:
            return compose(message, self._sender)
        except Exception as error:
            log.exception("no mail can be made of %s", message.id)
            return Retry(None, Trouble.MALFORMED, type(error).__name__)

    async def _hand_over(self, client: SMTP, message: Rendered, raw: bytes) -> Outcome:
        options, encoding = ((), "ascii") if _is_plain(message.address) else (("SMTPUTF8",), "utf-8")
        command = Command.BEFORE_RECIPIENT
        try:
            await client.mail(self._return_path(message), options=options)
            command = Command.RECIPIENT
            await client.rcpt(with_ascii_domain(message.address), encoding=encoding)
            command = Command.DATA
            response = await client.data(raw, timeout=self._end_of_data)
        except (SMTPException, OSError, ValueError) as error:
            return judged(error, command)
        return Delivered(described(response.code, response.message))


def not_taken(client: SMTP, message: Rendered) -> Failed | None:
    """Returns why this server takes no mail to such an address; None when it may. It marks no address: another server may take it."""
    if not _is_plain(message.address) and not client.supports_extension("smtputf8"):
        return Failed(Refusal.UNSUPPORTED, "the server takes no SMTPUTF8 address")
    return None


def judged(error: Exception, command: Command) -> Retry | Failed:
    """Returns what an error of a try means, by the command it came at."""
    match error:
        case SMTPResponseException(code=code, message=said):
            return answered(code, said, command)
        case OSError():  # refused, lost or timed out: aiosmtplib's exceptions for those are OSErrors too
            return Retry(None, Trouble.UNKNOWN if command is Command.DATA else Trouble.UNREACHABLE, type(error).__name__)
        case _ if command is Command.DATA:
            return Retry(None, Trouble.UNKNOWN, type(error).__name__)
        case _:  # the server offers no STARTTLS, no login that we know, or our configuration fits no server
            return Retry(None, Trouble.RELAY, type(error).__name__)


def answered(code: int, said: str, command: Command) -> Retry | Failed:
    """Returns what a refusal means. Before RCPT, and wherever it speaks of the sender, the relay refuses us and not the customer.

    After that 5xx means never, and the recipient's codes that there is no such address; anything else means not now. What is no
    refusal at all, where the message is on its way, says nothing of whether it arrived.
    """
    detail, found = described(code, said), _enhanced(said)
    if command is Command.DATA and not 400 <= code < 600:
        return Retry(None, Trouble.UNKNOWN, detail)
    if command is Command.BEFORE_RECIPIENT or code == LOGIN_WANTED or (found and found[2] in BAD_SENDER):
        return Retry(None, Trouble.RELAY, detail)
    if not 500 <= code < 600:
        return Retry(None, Trouble.DEFERRED, detail)
    return Failed(Refusal.ADDRESS if found and found[1] in NO_SUCH_ADDRESS else Refusal.REFUSED, detail)


def went_stale(client: SMTP, outcome: Outcome) -> bool:
    """Says whether the server had only closed a connection that nobody used for a while."""
    return isinstance(outcome, Retry) and not outcome.uncertain and not client.is_connected


def described(code: int, said: str) -> str:
    """Returns the codes alone: servers often repeat the address, which must stand in no ledger and no log."""
    found = _enhanced(said)
    return f"{code} {found[1]}" if found else str(code)


def _is_plain(address: str) -> bool:
    """Says whether every server takes it; RFC 6531 (SMTPUTF8) is for the others. A domain has always an ASCII form."""
    return address.rpartition("@")[0].isascii()
