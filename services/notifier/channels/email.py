"""Mail through an SMTP server: one try, and what the server's codes mean. Composing is `mail.py`, connections are `connections.py`."""

import re
from collections.abc import Sequence

from aiosmtplib import SMTP, SMTPException, SMTPResponseException

from services.notifier.audience import is_address, to_ascii
from services.notifier.channels.connections import Connections
from services.notifier.channels.mail import UTF8, Sender, compose, message_id
from services.notifier.channels.outcome import Delivered, Failed, Message, Outcome, Refusal, Retry, Trouble

END_OF_DATA = 600.0  # seconds; RFC 5321, 4.5.3.2.6: whoever gives up earlier gets duplicates
_enhanced = re.compile(r"\b[245]\.\d{1,3}\.\d{1,3}\b").search


class Email:
    """The channel `email`."""

    name = "email"

    def __init__(self, connections: Connections, sender: Sender, end_of_data: float = END_OF_DATA) -> None:
        """`end_of_data`: seconds to wait for the server to take the message."""
        self._connections, self._sender, self._end_of_data = connections, sender, end_of_data

    def message_id(self, notification_id: str) -> str:
        return message_id(notification_id, self._sender)

    async def send(self, message: Message) -> Outcome:
        """Tries once; a connection that went stale while nobody used it does not count as a try."""
        while True:
            try:
                client, used = await self._connections.take()
            except (SMTPException, OSError, ValueError) as error:
                return Retry(None, Trouble.UNREACHABLE, type(error).__name__)
            try:
                outcome = await self._hand_over(client, message)
            except BaseException:
                client.close()
                raise
            await self._connections.give_back(client, clean=isinstance(outcome, Delivered))
            if used and went_stale(client, outcome):
                continue
            return outcome

    async def _hand_over(self, client: SMTP, message: Message) -> Outcome:
        handing_over = False
        try:
            raw, options, encoding = self._raw(client, message)
            await client.mail(self._sender.address, options=options)
            await client.rcpt(_ascii_domain(message.address), encoding=encoding)
            handing_over = True
            response = await client.data(raw, timeout=self._end_of_data)
        except (SMTPException, OSError, ValueError) as error:
            return judged(error, handing_over=handing_over)
        return Delivered(str(response.code))

    def _raw(self, client: SMTP, message: Message) -> tuple[bytes, Sequence[str], str]:
        """The mail as bytes, and the options and encoding its address needs.

        Raises ValueError when that is no address, UnicodeError when it is one this server does not take.
        """
        if not is_address(message.address):  # aiosmtplib would take the part of it that is one
            raise ValueError
        mail = compose(message, self._sender)
        if message.address.rpartition("@")[0].isascii():
            return mail.as_bytes(), (), "ascii"
        if not client.supports_extension("smtputf8"):
            raise UnicodeError
        return mail.as_bytes(policy=UTF8), ("SMTPUTF8",), "utf-8"


def judged(error: Exception, *, handing_over: bool) -> Retry | Failed:
    """What an error of a try means; `handing_over`: DATA had begun, so the mail may have arrived."""
    match error:
        case UnicodeError():  # RFC 6531 would allow it, and this server does not speak that
            return Failed(Refusal.ADDRESS, "the server takes no SMTPUTF8 address")
        case SMTPResponseException(code=code, message=said):
            return answered(code, said)
        case ValueError():
            return Failed(Refusal.ADDRESS, "not an address")
        case _:
            return Retry(None, Trouble.UNKNOWN if handing_over else Trouble.UNREACHABLE, type(error).__name__)


def answered(code: int, said: str) -> Retry | Failed:
    """What a refusal means: 5xx never, and 5.1.x that there is no such address (RFC 3463, 3.2); anything else not now."""
    detail = described(code, said)
    if 500 <= code < 600:
        return Failed(Refusal.ADDRESS if detail[4:].startswith("5.1.") else Refusal.REFUSED, detail)
    return Retry(None, Trouble.DEFERRED, detail)


def went_stale(client: SMTP, outcome: Outcome) -> bool:
    """Whether the server had only closed a connection that nobody used for a while."""
    return isinstance(outcome, Retry) and not outcome.uncertain and not client.is_connected


def described(code: int, said: str) -> str:
    """The codes alone: servers like to repeat the address, and that has no business in a ledger or a log."""
    enhanced = _enhanced(said)
    return f"{code} {enhanced.group()}" if enhanced else str(code)


def _ascii_domain(address: str) -> str:
    local, _, domain = address.rpartition("@")
    return f"{local}@{to_ascii(domain)}"
