"""A mail that came back is read: a bounce (RFC 3464, or one of the older forms), a complaint (RFC 5965), or neither. Pure.

The beginning of a mail is read, and no more: reports stand before what they return. Nothing here trusts an address in it;
`matching.py` says which notification it is about.
"""

import email
import email.message
import logging
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from email.policy import compat32
from enum import StrEnum
from itertools import islice

from flufl.bounce import all_failures

Message = email.message.Message
logging.getLogger("flufl.bounce").propagate = False  # it quotes what it read

READ = 256 << 10  # octets of a mail that are read
LINE = 998  # octets of a line (RFC 5322, 2.1.1): the heuristics of flufl.bounce are quadratic in it
GUESSED = 32 << 10  # octets that are given to them
PARTS = 100  # of a mail that are looked at
PLACES = 50  # addresses, ids and recipients of a mail that are looked at

NO_SUCH_ADDRESS = frozenset({"5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1"})  # RFC 3463, 3.2 and 3.3, RFC 7505: about the recipient
FULL = "5.2.2"  # RFC 3463: the mailbox is full, which some servers call permanent
COMPLAINTS = frozenset({"abuse", "fraud", "opt-out", "opt-out-list"})  # Feedback-Type (RFC 5965, 7.3, and its drafts)
DELIVERED_TO = ("To", "Cc", "Delivered-To", "X-Original-To", "Envelope-To", "X-Envelope-To", "Apparently-To")

_status = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?![\d.])").search
_message_id = re.compile(r"<([^<>\s]{1,400})>").search
_address = re.compile(r"[^\s<>,;:\"()]{1,400}@[^\s<>,;:\"()]{1,255}").findall


class Kind(StrEnum):
    """The kinds of what comes back: a closed list, also a metric's label."""

    ADDRESS = "address"  # a server says that there is no such address, or not any more
    REFUSED = "refused"  # a server refuses this message for good
    TRANSIENT = "transient"  # given up after a trouble that may pass: the mailbox is full, the server was away
    COMPLAINT = "complaint"  # the recipient called it spam


class Ignored(StrEnum):
    """The reasons why a mail in the mailbox of bounces says nothing of ours: a closed list, also a metric's label."""

    AUTO_REPLY = "auto_reply"  # a vacation note and the like (RFC 3834)
    DELAYED = "delayed"  # the server still tries
    DELIVERED = "delivered"  # a receipt
    NO_COMPLAINT = "no_complaint"  # feedback that is none: not spam after all, a failed signature
    NO_REPORT = "no_report"  # something else: a person's mail, spam
    UNREADABLE = "unreadable"  # no mail can be made of it
    UNMATCHED = "unmatched"  # of a mail that is not ours, or not any more


@dataclass(frozen=True, slots=True)
class Report:
    """What a report says, and all by which it may be matched."""

    kind: Kind
    code: str = ""  # of RFC 3463, or what kind of feedback it is; never an address
    return_paths: tuple[str, ...] = ()  # where it came to, and the Return-Path of what it returns
    message_ids: tuple[str, ...] = ()  # of what it returns, without <>
    recipients: tuple[str, ...] = ()  # which addresses it says it is about


def read(raw: bytes) -> Report | Ignored:
    """Returns what a mail says. Never raises, whatever it is."""
    try:
        return _read(raw[:READ])
    except Exception:  # noqa: BLE001  the parser raises a dozen kinds of errors for what hostile senders make, RecursionError among them
        return Ignored.UNREADABLE


def _read(raw: bytes) -> Report | Ignored:
    mail = email.message_from_bytes(raw, policy=compat32)
    parts = list(islice(mail.walk(), PARTS))
    for part in parts:
        match part.get_content_type():
            case "message/feedback-report":
                return _complaint(mail, parts, _blocks(part))
            case "message/delivery-status" | "message/global-delivery-status":
                return _bounce(mail, parts, _blocks(part))
    return _guessed(raw, mail, parts)


# ── RFC 5965 ─────────────────────────────────────────────────────────────────────────────────


def _complaint(mail: Message, parts: list[Message], blocks: list[Message]) -> Report | Ignored:
    fields = [block for block in blocks if block.get("Feedback-Type")]
    sort = _text(fields[0], "Feedback-Type").strip().lower() if fields else ""
    if sort not in COMPLAINTS:
        return Ignored.NO_COMPLAINT
    said_from = _addresses(fields, "Original-Mail-From")
    return Report(
        Kind.COMPLAINT, sort, (*said_from, *_return_paths(mail, parts)), _message_ids(parts), _addresses(fields, "Original-Rcpt-To")
    )


# ── RFC 3464 ─────────────────────────────────────────────────────────────────────────────────


def _bounce(mail: Message, parts: list[Message], blocks: list[Message]) -> Report | Ignored:
    """Returns what the report says of the recipient it says most about: our mails have one."""
    of_recipients = [block for block in blocks if block.get("Action")]
    actions = [_text(block, "Action").strip().lower() for block in of_recipients]
    failed = [block for block, action in zip(of_recipients, actions, strict=True) if action == "failed"]
    if not failed:
        return Ignored.DELAYED if "delayed" in actions else Ignored.DELIVERED if actions else Ignored.NO_REPORT
    kind, code = min(
        (judged(_text(block, "Status"), _text(block, "Diagnostic-Code")) for block in failed), key=lambda each: _WEIGHT[each[0]]
    )
    recipients = (*_addresses(failed, "Original-Recipient"), *_addresses(failed, "Final-Recipient"))
    return Report(kind, code, _return_paths(mail, parts), _message_ids(parts), tuple(dict.fromkeys(recipients)))


_WEIGHT = {Kind.ADDRESS: 0, Kind.REFUSED: 1, Kind.TRANSIENT: 2}


def judged(status: str, diagnostic: str = "") -> tuple[Kind, str]:
    """Returns what codes mean. The server's own words (`Diagnostic-Code`) say more than a status that says only «other» (x.0.0, x.1.0)."""
    found = _status(status[:LINE])
    own = _status(diagnostic[:LINE])
    if found is None or (own is not None and own[1] == found[1] and found[3] == "0"):
        found = own or found
    if found is None:
        return Kind.REFUSED, ""
    code = found[0]
    if code in NO_SUCH_ADDRESS:
        return Kind.ADDRESS, code
    return (Kind.TRANSIENT if found[1] == "4" or code == FULL else Kind.REFUSED), code


# ── older forms ──────────────────────────────────────────────────────────────────────────────


def _guessed(raw: bytes, mail: Message, parts: list[Message]) -> Report | Ignored:
    """Returns what flufl.bounce finds in a mail that is no report: which form of which server it is. Its codes stand in the text."""
    temporary, permanent = all_failures(email.message_from_bytes(_shortened(raw), policy=compat32))
    recipients = tuple(sorted(each.decode("ascii", "replace") for each in (permanent or temporary)))[:PLACES]
    if recipients:
        kind, code = judged("", _text_of(parts)) if permanent else (Kind.TRANSIENT, "")
        return Report(kind, code, _return_paths(mail, parts), _message_ids(parts) or _quoted_id(parts), recipients)
    return Ignored.AUTO_REPLY if _answers_by_itself(mail) else Ignored.NO_REPORT


def _shortened(raw: bytes) -> bytes:
    return b"\n".join(line[:LINE] for line in raw[:GUESSED].splitlines())


def _answers_by_itself(mail: Message) -> bool:
    """Says whether it says of itself that a machine answered (RFC 3834, 5), or an older header does."""
    said = _text(mail, "Auto-Submitted").partition(";")[0].strip().lower()
    older = ("X-Autoreply", "X-Autorespond", "X-Auto-Response-Suppress")
    return said not in ("", "no") or any(mail.get(name) for name in older) or _text(mail, "Precedence").strip().lower() == "auto_reply"


def _text_of(parts: Iterable[Message]) -> str:
    """Returns the line with the first code in what a server wrote in words."""
    texts = (part.get_payload(decode=True) for part in parts if part.get_content_maintype() == "text")
    whole = next((text for text in texts if isinstance(text, bytes)), b"")[:GUESSED].decode("latin-1")
    return next((line[:LINE] for line in whole.splitlines() if _status(line[:LINE])), "")


def _quoted_id(parts: Iterable[Message]) -> tuple[str, ...]:
    """Returns the Message-ID of what is quoted in the text itself."""
    texts = (part.get_payload(decode=True) for part in parts if part.get_content_maintype() == "text")
    lines = [line for text in texts if isinstance(text, bytes) for line in text[:GUESSED].decode("latin-1").splitlines()]
    said = (line for line in lines if line.lstrip("> \t")[:11].lower() == "message-id:")
    return tuple(found[1] for line in said if (found := _message_id(line[:LINE])))[:PLACES]


# ── by which it is matched ───────────────────────────────────────────────────────────────────


def _return_paths(mail: Message, parts: Iterable[Message]) -> tuple[str, ...]:
    """Returns to whom the report came, and whom the returned mail names as its sender's return path."""
    here = (found for name in DELIVERED_TO for found in _in(mail.get_all(name, [])))
    there = (found for returned in _returned(parts) for found in _in(returned.get_all("Return-Path", [])))
    return tuple(dict.fromkeys((*islice(here, PLACES), *islice(there, PLACES))))


def _message_ids(parts: Iterable[Message]) -> tuple[str, ...]:
    ids = (_message_id(_text(returned, "Message-ID")[:LINE]) for returned in _returned(parts))
    return tuple(found[1] for found in ids if found)[:PLACES]


def _returned(parts: Iterable[Message]) -> Iterator[Message]:
    """Yields the mails that are returned, or their headers alone."""
    for part in parts:
        match part.get_content_type():
            case "message/rfc822" | "message/global":
                yield from _blocks(part)
            case "text/rfc822-headers" | "message/rfc822-headers" | "message/global-headers":
                held = part.get_payload(decode=True)
                if isinstance(held, bytes):
                    yield email.message_from_bytes(held, policy=compat32)
                else:
                    yield from _blocks(part)


def _addresses(blocks: Iterable[Message], name: str) -> tuple[str, ...]:
    """Returns the addresses of a field, whose type (`rfc822;`, RFC 3464, 2.3.1) stands before them."""
    return tuple(islice((found for block in blocks for found in _in(block.get_all(name, []))), PLACES))


def _in(values: Iterable[object]) -> Iterator[str]:
    for value in values:
        yield from _address(str(value)[: 4 * LINE])


def _blocks(part: Message) -> list[Message]:
    held = part.get_payload()
    return [each for each in held[:PARTS] if isinstance(each, Message)] if isinstance(held, list) else []


def _text(message: Message, name: str) -> str:
    return str(message.get(name, ""))
