"""A mail is read as the one that the standard library's `EmailMessage` composes, and its body keeps the limits of MIME."""

import email
import email.policy
import re
from dataclasses import replace
from email.headerregistry import Address
from email.message import EmailMessage, MIMEPart
from email.policy import EmailPolicy

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from services.notifier.channels.email.mail import SUBJECT, TEXT, Sender, as_html, compose, display_name, printable
from services.notifier.channels.email.parts import LONGEST, SMALL, encoded
from services.notifier.channels.outcome import Rendered
from shared.events.lines import cut, one_line
from tests.builders import NOON

SHOP = Sender("Shop", "support@example.com")
MESSAGE = Rendered("n-1", "opened", "ada@example.org", "Ada", "checkout is failing", "Hello\n", date=NOON)
SPECIAL = ["", " ", "\t", ".", "=", "=20", "-- ", "From ", "\n", "\r", "\r\n", "\n\n", "\0", "\x0b", "\x85", "\u2028", "\ufeff", "\ud800"]
LONG = ["a" * 74, "a" * 75, "ä" * 40, "x" * 997, "x" * 998, "x " * 499, "x" * 999, "漢" * 400]
PIECES = [*SPECIAL, *LONG, "ä", "€", "漢", "😀", "e\u0301", "<p>", "&amp;", "https://example.com/?a=1&b=2.", "\n--=_0123456789abcdef--\n"]
TEXTS = st.lists(st.sampled_from(PIECES) | st.text(max_size=90), max_size=25).map("".join)
LETTERS = st.characters(categories=["L", "N"])
WORDS = st.lists(st.text(LETTERS, min_size=1, max_size=20), min_size=1, max_size=8).map(" ".join)
NAMES = st.text(LETTERS, max_size=9)  # of a longer one, in two encoded words, Python's parser leaves the space between them


def by_the_standard_library(message: Rendered) -> EmailMessage:
    """Returns the mail as `EmailMessage` composes it, with no headers but those of its body."""
    subject, text = one_line(message.subject, SUBJECT), printable(cut(message.text, TEXT))
    mail = EmailMessage(EmailPolicy(linesep="\r\n", max_line_length=998, cte_type="7bit"))
    mail.set_content(text)
    mail.add_alternative(as_html(subject, text), subtype="html")
    return mail


def parsed(raw: bytes) -> EmailMessage:
    return email.message_from_bytes(raw, policy=email.policy.default)


def said(mail: EmailMessage) -> list[tuple[str, str | None, str, bool]]:
    """Returns what a mail program reads of each part: its type, its charset and its text; and whether it is sent as it is."""
    return [
        (each.get_content_type(), each.get_content_charset(), lines(each), each["Content-Transfer-Encoding"] == "7bit")
        for each in mail.iter_parts()
    ]


def lines(part: MIMEPart) -> str:
    return str(part.get_content()).replace("\r\n", "\n")


@given(TEXTS, TEXTS)
@example("", "")
@example("x" * 1200, "x" * 1200)
@example("", "x" * 2 * SMALL)
@example("", "ä b c d e f g\n" * 100)
@example("", "ä" * (SMALL + 1))
@example("", "漢" * TEXT)
def test_a_body_is_read_as_that_of_the_standard_library(subject: str, text: str) -> None:
    message = replace(MESSAGE, subject=subject, text=text)
    ours, theirs = parsed(compose(message, SHOP)), parsed(by_the_standard_library(message).as_bytes())
    assert ours.get_content_type() == theirs.get_content_type() == "multipart/alternative"
    assert ours["MIME-Version"] == theirs["MIME-Version"]
    assert said(ours) == said(theirs)
    assert not any(each.defects for each in ours.walk())


@given(NAMES, WORDS)
def test_headers_are_read_as_those_of_the_standard_library(name: str, subject: str) -> None:
    message = replace(MESSAGE, name=name, subject=subject)
    composed = by_the_standard_library(message)
    composed["From"] = Address(SHOP.name, addr_spec=SHOP.address)
    composed["To"] = Address(display_name(name), addr_spec=message.address)
    composed["Subject"] = one_line(subject, SUBJECT)
    composed["Message-ID"] = f"<{message.id}@example.com>"
    composed["Date"] = message.date
    ours, theirs = parsed(compose(message, SHOP)), parsed(composed.as_bytes())
    for each in set(composed) - {"Content-Type"}:
        assert str(ours[each]) == str(theirs[each])


@given(TEXTS, TEXTS)
def test_lines_of_a_body_keep_the_limits(subject: str, text: str) -> None:
    body = compose(replace(MESSAGE, subject=subject, text=text), SHOP).partition(b"\r\n\r\n")[2]
    assert body.isascii()
    assert re.search(rb"\r(?!\n)|(?<!\r)\n", body) is None
    assert max(map(len, body.split(b"\r\n"))) <= LONGEST


@given(st.lists(st.sampled_from([" ", "\t", "a", ".", "=", "ä", "\n", "From "]) | st.just("a" * 60), min_size=1, max_size=200).map("".join))
@example("a" * 74 + " \nä")
@example("a" * 74 + "\t\nä")
@example("ä" + "a" * 68 + " ")
def test_quoted_lines_have_76_characters_at_most_and_end_in_none_that_is_lost(text: str) -> None:
    encoding, raw = encoded(text)
    if encoding == b"7bit":
        return
    for line in raw.split(b"\r\n"):
        assert len(line) <= 76
        assert not line.endswith((b" ", b"\t"))


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("", b"7bit"),
        ("x" * (LONGEST - 2), b"7bit"),
        ("x" * LONGEST, b"7bit"),
        ("x" * (LONGEST + 1), b"quoted-printable"),
        ("x" * 3 * SMALL, b"quoted-printable"),
        ("Störung", b"quoted-printable"),
        ("ää" + "x" * 24, b"quoted-printable"),
        ("äää" + "x" * 22, b"base64"),
        ("漢字", b"base64"),
        ("ä" + "x" * SMALL, b"base64"),
        ("ä" + "x" * (SMALL - 1), b"quoted-printable"),
    ],
)
def test_a_text_is_sent_as_it_is_where_that_is_possible_and_else_in_what_is_shorter(text: str, encoding: bytes) -> None:
    assert encoded(text)[0] == encoding


def test_the_same_words_make_the_same_mail_octet_for_octet() -> None:
    assert compose(MESSAGE, SHOP) == compose(MESSAGE, SHOP)


def test_no_text_ends_the_part_it_stands_in() -> None:
    first = compose(MESSAGE, SHOP)
    boundary = parsed(first).get_boundary()
    forged = parsed(compose(replace(MESSAGE, text=f"Hello\n--{boundary}--\nbye\n"), SHOP))
    assert [each.get_content_type() for each in forged.iter_parts()] == ["text/plain", "text/html"]
    assert "bye" in str(forged.get_body(("plain",)))
