"""A server's answer becomes the outcome of a try, by the command that it answers. Pure."""

import re
from dataclasses import dataclass
from enum import Enum, auto

from aiosmtplib import SMTPResponseException

from services.notifier.channels.outcome import Failed, Refusal, Retry, Trouble

NO_SUCH_ADDRESS = frozenset({"5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10"})  # RFC 3463, 3.2, and RFC 7505: about the recipient
BAD_SENDER = frozenset({"1.7", "1.8"})  # RFC 3463, 3.2: about the sender; Postfix says it as late as at RCPT
LOGIN_WANTED = 530  # RFC 4954, 6: may answer any command
CLOSING = 421  # RFC 5321, 3.8: may answer any command, and the server closes the connection
NO_ANSWER = -1  # what the server said is no answer of SMTP
_enhanced = re.compile(r"\s*([245]\.(\d{1,3}\.\d{1,3}))(?![\d.])").match  # RFC 2034: the text begins with it


class Command(Enum):
    """The part of an SMTP conversation in which the server refused, or the connection was lost."""

    BEFORE_RECIPIENT = auto()  # connection, EHLO, STARTTLS, AUTH, MAIL: it has not heard yet whom the message is for
    RECIPIENT = auto()  # RCPT
    DATA = auto()  # DATA: it has heard nothing of the message itself
    END = auto()  # the message and its final dot: it may have arrived


@dataclass(frozen=True, slots=True)
class Answer:
    """The code of an answer, and its text without the codes of its lines."""

    code: int
    said: str = ""


def judged(error: Exception, command: Command) -> Retry | Failed:
    """Returns what an error of a try means, by the command it came at."""
    match error:
        case SMTPResponseException(code=code, message=said):
            return answered(Answer(code, said), command)
        case _ if command is Command.END:
            return Retry(None, Trouble.UNKNOWN, type(error).__name__)
        case OSError():  # refused, lost or timed out: aiosmtplib's exceptions for those are OSErrors too
            return Retry(None, Trouble.UNREACHABLE, type(error).__name__)
        case _:  # the server offers no STARTTLS, no login that we know, or our configuration fits no server
            return Retry(None, Trouble.RELAY, type(error).__name__)


def answered(answer: Answer, command: Command) -> Retry | Failed:
    """Returns what a refusal means. Before RCPT, and wherever it speaks of the sender, the relay refuses us and not the customer.

    After that 5xx means never, and the recipient's codes that there is no such address; anything else means not now. What is no
    refusal at all, where the message is on its way, says nothing of whether it arrived.
    """
    code, detail, found = answer.code, described(answer), _enhanced(answer.said)
    if command is Command.END and not 400 <= code < 600:
        return Retry(None, Trouble.UNKNOWN, detail)
    if command is Command.BEFORE_RECIPIENT or code == LOGIN_WANTED or (found and found[2] in BAD_SENDER):
        return Retry(None, Trouble.RELAY, detail)
    if not 500 <= code < 600:
        return Retry(None, Trouble.DEFERRED, detail)
    return Failed(Refusal.ADDRESS if found and found[1] in NO_SUCH_ADDRESS else Refusal.REFUSED, detail)


def described(answer: Answer) -> str:
    """Returns the codes alone: servers often repeat the address, which must stand in no ledger and no log."""
    found = _enhanced(answer.said)
    return f"{answer.code} {found[1]}" if found else str(answer.code)
