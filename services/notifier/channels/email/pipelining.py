"""Mails go over one connection, and the commands that announce the next go with the end of the one before it (RFC 2920).

Where the server does not offer that, each command waits for the answer to the one before. What becomes of a mail is the same.
"""

import re
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from aiosmtplib import SMTPException, SMTPReadTimeoutError

from services.notifier.audience import with_ascii_domain
from services.notifier.channels.email.answers import CLOSING, NO_ANSWER, Answer, Command, answered, described, judged
from services.notifier.channels.email.wire import Wire
from services.notifier.channels.outcome import Delivered, Failed, Outcome, Refusal

END_OF_DATA = 600.0  # seconds; RFC 5321, 4.5.3.2.6: whoever gives up earlier gets duplicates
COMMAND = 60.0  # seconds for the answer to any other command
PATIENCE = 5.0  # seconds without an answer, after which what waits behind it goes over another connection
REFUSALS = 5  # of us and not of a recipient, in a row, after which the server is not asked about what waits
MAILS = 100  # a connection; many servers do not like more

GO_ON = 354
RESET, DOT = b"RSET\r\n", b".\r\n"
TAKEN = {Command.BEFORE_RECIPIENT: (250,), Command.RECIPIENT: (250, 251), Command.DATA: (GO_ON,)}
_stray_line_end = re.compile(rb"\r\n|\r|\n").sub


@dataclass(frozen=True, slots=True, eq=False)
class Mail:
    """A mail ready to be handed over: what announces it, and itself as DATA wants it."""

    id: str
    commands: tuple[bytes, bytes, bytes]  # MAIL, RCPT and DATA
    data: bytes
    plain: bool  # every server takes its address; RFC 6531 (SMTPUTF8) is for the others


@dataclass(frozen=True, slots=True)
class Limits:
    """The seconds that a server may take, and how often in a row it may refuse us."""

    command: float = COMMAND
    end_of_data: float = END_OF_DATA
    patience: float = PATIENCE
    refusals: int = REFUSALS


def ready(id_: str, sender: str, recipient: str, raw: bytes) -> Mail:
    """Returns the mail for this recipient, who is an address (`is_address`), and the only one."""
    plain = recipient.rpartition("@")[0].isascii()  # a domain has always an ASCII form
    options = "" if plain else " SMTPUTF8"
    commands = f"MAIL FROM:<{sender}>{options}\r\n", f"RCPT TO:<{with_ascii_domain(recipient)}>\r\n", "DATA\r\n"
    mail, rcpt, data = (each.encode() for each in commands)
    return Mail(id_, (mail, rcpt, data), stuffed(raw), plain)


def stuffed(raw: bytes) -> bytes:
    """Returns what follows DATA: lines that end in CRLF, dots at their start doubled, and the final dot (RFC 5321, 4.5.2).

    No line end is left that one server takes for one and another does not: with it a mail could end inside another.
    """
    if not raw.count(b"\r\n") == raw.count(b"\n") == raw.count(b"\r"):
        raw = _stray_line_end(b"\r\n", raw)
    if not raw.endswith(b"\r\n"):
        raw += b"\r\n"
    first = b"." if raw.startswith(b".") else b""
    return b"".join((first, raw.replace(b"\r\n.", b"\r\n.."), b".\r\n"))


class Conversation:
    """Hands mails over on one connection, as long as that lasts.

    It takes a mail from the waiting ones when it announces it, and puts it back when the connection was lost before the mail
    was handed over: with its final dot the server may have it.
    """

    def __init__(self, wire: Wire, limits: Limits, waiting: deque[Mail], settle: Callable[[Mail, Outcome], None]) -> None:
        self._wire, self._limits, self._waiting, self._settle = wire, limits, waiting, settle
        self._pipelined = "pipelining" in wire.extensions
        self._proved = wire.mails > 0  # it has brought mails: losing it says nothing of the next one
        self._broken = False  # nothing more can be said on it
        self.hung = False  # the first mail of a new connection had no answer in time

    async def bring(self) -> None:
        """Settles each mail that the server was asked about; ends when none waits or the connection is done."""
        mail = self._announce()
        while mail is not None:
            outcome, before_next = await self._asked(mail)
            if self._broken:
                self._lost(mail, outcome)
                return
            if outcome is None:
                mail = await self._hand_over(mail)
            else:
                self._finished(mail, outcome)
                mail = await self._clear(before_next)

    # ── steps of a mail ──────────────────────────────────────────────────────────────────────

    def _announce(self, first: bytes = b"", answers: int = 0) -> Mail | None:
        """Sends what comes first, and with it the commands of the next mail, if there is one that this server takes."""
        mail = self._next()
        if mail is not None and self._pipelined:
            first, answers = b"".join((first, *mail.commands)), answers + len(mail.commands)
        if first:
            self._wire.write(first, answers)
        return mail

    def _next(self) -> Mail | None:
        while self._waiting and self._wire.mails < MAILS:
            mail = self._waiting.popleft()
            if mail.plain or "smtputf8" in self._wire.extensions:
                self._wire.mails += 1
                return mail
            # It marks no address: another server may take it.
            self._settle(mail, Failed(Refusal.UNSUPPORTED, "the server takes no SMTPUTF8 address"))
        return None

    async def _asked(self, mail: Mail) -> tuple[Outcome | None, bytes]:
        """Returns the outcome if there is one before the mail is handed over, and what then has to be said before the next.

        No outcome on a connection that holds: the server waits for the mail.
        """
        outcome, heard, command = None, list[int](), Command.BEFORE_RECIPIENT
        try:
            for command, line in zip(TAKEN, mail.commands, strict=True):
                if not self._pipelined:
                    self._wire.write(line, 1)
                answer = await self._wire.answer(self._limits.command)
                heard.append(answer.code)
                if outcome is None and answer.code not in TAKEN[command]:
                    outcome = self._refused(answer, command)
                if self._broken or (outcome is not None and not self._pipelined):
                    break
        except (SMTPException, OSError) as error:
            self._broken = True
            outcome = outcome or self._broken_off(error, command)
        return outcome, b"" if outcome is None else self._reset(heard)

    def _refused(self, answer: Answer, command: Command) -> Outcome | None:
        """Returns what a refusal means; None when the server only ends a connection that has served long enough."""
        self._broken = answer.code in (CLOSING, NO_ANSWER)
        return None if answer.code == CLOSING and self._proved else answered(answer, command)

    def _broken_off(self, error: Exception, command: Command) -> Outcome | None:
        """Returns what an end without an answer means; None when it only ends a connection that has served before."""
        if self._proved:
            return None
        self.hung = isinstance(error, SMTPReadTimeoutError)
        return judged(error, command)

    def _reset(self, heard: list[int]) -> bytes:
        """Returns what ends a mail that was refused. Where DATA was let through all the same, a lone dot does (RFC 2920, 3.1).

        Not where a server took the recipient: it might bring an empty mail. Then the connection is given up.
        """
        if GO_ON not in heard[2:]:
            return RESET
        self._broken = self._broken or heard[1] < 400
        return DOT

    async def _hand_over(self, mail: Mail) -> Mail | None:
        """Sends the mail, and returns the next, which was announced with it. While a server takes its time, that one waits elsewhere."""
        following = self._announce(mail.data, 1)
        patience, patient = self._limits.patience, self._limits.end_of_data - self._limits.patience
        try:
            try:
                answer = await self._wire.answer(min(patience, self._limits.end_of_data))
            except SMTPReadTimeoutError:
                if patient <= 0:
                    raise
                self._put_back(following)
                following = None
                answer = await self._wire.answer(patient)
        except (SMTPException, OSError) as error:
            self._finished(mail, judged(error, Command.END))
            self._lost(following)
            return None
        self._finished(mail, Delivered(described(answer)) if answer.code == 250 else answered(answer, Command.END))
        # After what is neither yes nor no, an answer to this mail may still come, and would be read as one to the next.
        in_step = answer.code == 250 or (400 <= answer.code < 600 and answer.code != CLOSING)
        if in_step and not self._broken:
            return following
        self._lost(following)
        return None

    async def _clear(self, before_next: bytes) -> Mail | None:
        """Makes the connection fit for the next mail, which is announced at once, and returned."""
        following = self._announce(before_next, 1)
        try:
            cleared = (await self._wire.answer(self._limits.command)).code == 250 or before_next == DOT
        except (SMTPException, OSError):
            cleared = False
        if cleared:
            return following
        self._lost(following)
        return None

    # ── ends ─────────────────────────────────────────────────────────────────────────────────

    def _finished(self, mail: Mail, outcome: Outcome) -> None:
        self._proved = True
        self._settle(mail, outcome)

    def _put_back(self, following: Mail | None) -> None:
        """Lets another connection bring what was announced on this one, which is of no use any more once its own mail is settled."""
        if following is not None:
            self._broken = True
            self._waiting.appendleft(following)

    def _lost(self, mail: Mail | None, outcome: Outcome | None = None) -> None:
        """Gives the connection up. A mail that has no outcome was not handed over: it waits again."""
        self._wire.close()
        if mail is not None and outcome is not None:
            self._settle(mail, outcome)
        elif mail is not None:
            self._waiting.appendleft(mail)
