"""Header fields follow RFC 5322 and RFC 2047 to the letter; Python's own parser reads them back."""

import email
import email.header
import email.policy
import re
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notifier.channels.email import headers
from services.notifier.channels.email.mail import SUBJECT, THREAD, Sender, compose, display_name, sender_of
from services.notifier.channels.outcome import Rendered
from shared.events.lines import one_line
from tests.builders import NOON

SHOP = Sender("Shop", "support@example.com")
MESSAGE = Rendered(
    "n-1", "opened", "ada@example.org", "Ada", "checkout is failing", "Hello\n", "i-1", None, "https://example.com/u/t", date=NOON
)

WORDS = st.text(
    st.characters(codec="utf-8")
    | st.sampled_from('abc ,;:@<>()[]"\\.=?_äß€😀\u00a0\u200b\r\n\t\0\u2028')
    | st.characters(categories=["Lo", "So"]),
    max_size=400,
) | st.sampled_from(
    ["=?utf-8?q?x?=", "a  b", '"', "\\", "x" * 300, "ä" * 300, "😀" * 300, "a " * 150, "=" * 200, "Dr. Ada", "Lovelace, Ada"]
)


def head(raw: bytes) -> bytes:
    return raw.partition(b"\r\n\r\n")[0] + b"\r\n"


def field(raw: bytes, name: str) -> str:
    """Returns the field's value as it was written, unfolded."""
    found = re.search(rb"^%s: ?((?:.*\r\n[ \t])*.*)\r\n" % name.encode(), head(raw), re.MULTILINE)
    assert found is not None, name
    return found[1].decode().replace("\r\n", "")


def parsed(raw: bytes) -> EmailMessage:
    return email.message_from_bytes(raw, policy=email.policy.default)


def keeps_the_limits(raw: bytes) -> None:
    for line in head(raw).removesuffix(b"\r\n").split(b"\r\n"):
        assert b"\n" not in line
        assert b"\r" not in line
        assert line.strip(), "no line is blank"
        assert len(line) <= 998
        words = re.findall(rb"=\?utf-8\?[bq]\?[^? ]*\?=", line)
        assert all(len(word) <= 75 for word in words)
        assert len(line) <= 76 or not words
        for word in words:
            email.header.decode_header(word.decode())[0][0].decode("utf-8")  # each has whole characters


@given(subject=WORDS)
def test_a_subject_is_read_as_it_was_said_and_keeps_the_limits(subject: str) -> None:
    raw = compose(replace(MESSAGE, subject=subject), SHOP)
    keeps_the_limits(raw)
    assert str(parsed(raw)["Subject"]) == one_line(subject, SUBJECT)


@given(name=WORDS)
def test_a_name_is_read_as_it_was_said_and_keeps_the_limits(name: str) -> None:
    raw = compose(replace(MESSAGE, name=name), SHOP)
    keeps_the_limits(raw)
    [to] = parsed(raw)["To"].addresses
    assert to.addr_spec == "ada@example.org"
    phrase = field(raw, "To").removesuffix("<ada@example.org>")
    if phrase.count("=?") > 1:  # Python's parser leaves the space between two encoded words in a phrase; RFC 2047, 6.2 takes it out
        assert str(email.header.make_header(email.header.decode_header(phrase))).strip() == display_name(name)
    else:
        assert to.display_name == display_name(name)


@given(name=WORDS, incident=WORDS, ticket=WORDS, kind=WORDS)
def test_the_whole_head_keeps_the_limits_whatever_is_said(name: str, incident: str, ticket: str, kind: str) -> None:
    raw = compose(replace(MESSAGE, incident_id=incident, ticket_id=ticket, kind=kind), Sender(display_name(name), SHOP.address))
    keeps_the_limits(raw)
    assert [each.addr_spec for each in parsed(raw)["From"].addresses] == [SHOP.address]


def test_a_name_has_single_spaces_between_its_words() -> None:
    assert display_name("  Ada\t \u00a0 Lovelace\r\n") == "Ada Lovelace"


def test_a_text_of_several_words_becomes_encoded_words_of_at_most_75_characters() -> None:
    raw = compose(
        replace(MESSAGE, subject="Störung: die Kasse läuft wieder, und es tut uns außerordentlich leid, dass Sie warten mußten"), SHOP
    )
    keeps_the_limits(raw)
    assert field(raw, "Subject").count("=?utf-8?q?") >= 2


def test_links_and_message_ids_stay_in_one_piece_however_long() -> None:
    url, many = "https://example.com/u/" + "x" * 900, tuple(f"{n:0>36}" for n in range(1000))
    raw = compose(replace(MESSAGE, unsubscribe=url, earlier=many), Sender("Shop", "support@" + "x" * 60 + ".example"))
    keeps_the_limits(raw)
    assert f"\r\nList-Unsubscribe: <{url}>\r\n".encode() in raw
    references = field(raw, "References").split()
    assert (len(references), references[0], references[-1]) == (
        THREAD,
        f"<{many[0]}@{'x' * 60}.example>",
        f"<{many[-1]}@{'x' * 60}.example>",
    )
    assert field(raw, "In-Reply-To") == references[-1]


def test_a_link_too_long_for_a_header_is_left_to_the_text() -> None:
    url = "https://example.com/u/" + "x" * 998
    raw = compose(replace(MESSAGE, unsubscribe=url, text=f"No more of these: {url}\n"), SHOP)
    keeps_the_limits(raw)
    mail = parsed(raw)
    assert mail["List-Unsubscribe"] is None
    assert mail["List-Unsubscribe-Post"] is None
    part = mail.get_body(("plain",))
    assert part is not None
    assert url in part.get_content()
    assert all(len(line) <= 998 for line in raw.split(b"\r\n"))


@pytest.mark.parametrize("character", ["x", "ä", "€", "😀", " ", "=", '"', "\0", "\u200b"])
def test_a_long_name_or_subject_costs_no_time(character: str) -> None:
    long = replace(MESSAGE, name=character * 500_000, subject=character * 500_000)
    began = time.process_time()
    keeps_the_limits(compose(long, SHOP))
    assert time.process_time() - began < 0.5


def test_encoded_words_grow_in_linear_time() -> None:
    def seconds(characters: int) -> float:
        began = time.process_time()
        headers.text("Subject", "ä€" * (characters // 2))
        return time.process_time() - began

    seconds(1000)
    assert seconds(200_000) < 20 * max(seconds(20_000), 0.01)


def test_a_local_part_that_is_no_dot_atom_is_quoted() -> None:
    raw = compose(replace(MESSAGE, address="ada..lovelace@example.org"), SHOP)
    assert field(raw, "To") == 'Ada <"ada..lovelace"@example.org>'


def test_an_address_beyond_ascii_is_written_as_it_is_and_its_domain_as_dns_has_it() -> None:
    raw = compose(replace(MESSAGE, address="jörg@faß.example", name="Jörg"), SHOP)
    assert field(raw, "To") == "=?utf-8?b?SsO2cmc=?= <jörg@xn--fa-hia.example>"


def test_the_senders_domain_is_named_as_idna_2008_has_it() -> None:
    assert sender_of("Faß <hilfe@faß.example>") == Sender("Faß", "hilfe@xn--fa-hia.example")
    raw = compose(MESSAGE, sender_of("hilfe@faß.example"))
    assert field(raw, "Message-ID") == "<n-1@xn--fa-hia.example>"
    assert field(raw, "From") == "hilfe@xn--fa-hia.example"


def test_a_sender_that_some_servers_could_not_take_is_refused_at_start() -> None:
    with pytest.raises(ValueError, match="ASCII before the @"):
        sender_of("jörg@example.com")


# ── date, who speaks ─────────────────────────────────────────────────────────────────────────


def test_a_mail_has_the_date_it_is_given_in_the_form_of_rfc_5322() -> None:
    at = datetime(2026, 11, 24, 13, 30, 15, 999_999, tzinfo=timezone(timedelta(hours=5, minutes=30)))
    raw = compose(replace(MESSAGE, date=at), SHOP)
    assert field(raw, "Date") == "Tue, 24 Nov 2026 08:00:15 +0000"
    assert parsed(raw)["Date"].datetime == datetime(2026, 11, 24, 8, 0, 15, tzinfo=UTC)


@pytest.mark.parametrize(
    ("kind", "ticket", "said"),
    [
        ("opened", None, "auto-generated"),
        ("resolved", None, "auto-generated"),
        ("guidance", None, "auto-generated"),
        ("answer", "t-1", "auto-replied"),
        ("resolved", "t-1", "auto-replied"),
        ("reply", "t-1", None),
    ],
)
def test_only_what_no_person_wrote_says_so(kind: str, ticket: str | None, said: str | None) -> None:
    assert parsed(compose(replace(MESSAGE, kind=kind, ticket_id=ticket), SHOP))["Auto-Submitted"] == said
