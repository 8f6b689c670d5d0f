"""A second mail server, Postfix, takes our mails; after the trip they are what we sent: signed, threaded, and to be ended by a click."""

import email
import email.policy
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from email.message import EmailMessage
from functools import partial
from itertools import product

import dkim
import pytest

from deploy.local.check import SHIPPED
from deploy.local.sampling import ADA, rendered, voice_of
from services.notifier.channels.breaker import Breaker
from services.notifier.channels.email.channel import Email
from services.notifier.channels.email.connections import Connections, Tls
from services.notifier.channels.email.dkim import Signer
from services.notifier.channels.email.mail import Sender
from services.notifier.channels.email.relays import Outlet
from services.notifier.channels.email.verp import ReturnPaths
from services.notifier.channels.outcome import Delivered, Failed, Refusal, Rendered
from services.notifier.deciding.policy import Retries
from services.notifier.wording.forms import Event
from services.notifier.wording.samples import LINK
from shared.events import identity
from tests.contract.brokers import eventually
from tests.postfix import DOMAIN, Postfix, postfix
from tests.unit.notifier.test_dkim import ED25519, RSA, Key, in_dns, pem_of

pytestmark = [pytest.mark.asyncio, pytest.mark.postfix]

SENDER = Sender("Grüße vom Shop", "support@example.com")
PATHS = ReturnPaths("bounces@example.com", b"a secret of the tests")
EVENTS, LOCALES = (Event.OPENED, Event.RESOLVED, Event.ARTICLE), ("en", "de")
NAMES = {"en": "Ada Lovelace", "de": "Jürgen Müßig"}
THERE = [f"{event}-{locale}" for event, locale in product(EVENTS, LOCALES)]


@dataclass(frozen=True)
class Channel:
    """The channel as notifier builds it: pipelined, signed, each mail with a return path of its own."""

    email: Email
    key: Key
    server: Postfix


@pytest.fixture(scope="module")
async def server() -> AsyncIterator[Postfix]:
    async with postfix(*THERE) as it:
        yield it


def channel_to(server: Postfix, tls: Tls, key: Key) -> Channel:
    connections = Connections("localhost", server.port, own_name=SENDER.domain, tls=tls, ca=str(server.ca))
    signer = Signer("example.com", "s1", pem_of(key))
    return Channel(Email([Outlet("postfix", connections, Breaker(Retries()))], SENDER, sign=signer.signed, paths=PATHS), key, server)


def messages(of: str) -> dict[str, Rendered]:
    """Returns the sample of three events in two languages, each to a mailbox of its own, the end in the thread of its beginning."""
    voice, found = voice_of([SHIPPED]), {}
    for event, locale in product(EVENTS, LOCALES):
        message = rendered(event, replace(ADA, locale=locale, name=NAMES[locale]), "email", "failing", voice)
        name = f"{event}-{locale}"
        earlier = (identity(of, f"{Event.OPENED}-{locale}"),) if event is Event.RESOLVED else ()
        found[name] = replace(message, id=identity(of, name), address=f"{name}@{DOMAIN}", earlier=earlier)
    return found


def holds(mail: bytes, key: Key) -> bool:
    def record(name: bytes, timeout: int = 5) -> bytes | None:
        return in_dns(key) if name == b"s1._domainkey.example.com." else None

    return bool(dkim.verify(mail, dnsfunc=record))


def of_message(mails: Sequence[bytes], message: Rendered) -> list[bytes]:
    """Returns those of the mails that bring this message."""
    named = f"Message-ID: <{message.id}@example.com>".encode()
    return [each for each in mails if named in each]


@pytest.mark.parametrize(("tls", "key"), [("none", RSA), ("starttls", ED25519)], ids=["in the clear, rsa", "starttls, ed25519"])
async def test_it_takes_all_over_one_connection_but_for_whom_it_does_not_know_and_stores_what_we_sent(
    server: Postfix, tls: Tls, key: Key
) -> None:
    made, sent = channel_to(server, tls, key), messages(tls)
    before = server.log().count(": connect from ")
    stranger = replace(sent["opened-en"], id=identity(tls, "nobody"), address=f"nobody@{DOMAIN}")
    first, *others = sent.values()
    outcomes = await made.email.send([first, stranger, *others])
    assert outcomes == [Delivered("250 2.0.0"), Failed(Refusal.ADDRESS, "550 5.1.1"), *[Delivered("250 2.0.0")] * 5]
    for name, message in sent.items():
        await eventually(partial(lambda name, message: bool(of_message(server.came(name), message)), name, message))
        [raw] = of_message(server.came(name), message)
        assert holds(raw, key), name
        assert not holds(raw.replace(b"\nSubject: ", b"\nSubject: x"), key), name
        _is_what_was_sent(email.message_from_bytes(raw, policy=email.policy.default), message)
    assert server.log().count(": connect from ") == before + 1, "several messages share a connection"


def _is_what_was_sent(mail: EmailMessage, message: Rendered) -> None:
    assert mail.defects == []
    assert mail["Message-ID"] == f"<{message.id}@example.com>"
    assert mail["From"].addresses[0].display_name == SENDER.name
    assert (mail["To"].addresses[0].display_name, mail["To"].addresses[0].addr_spec) == (message.name, message.address)
    assert mail["Subject"] == message.subject
    assert mail["List-Unsubscribe"] == f"<{LINK}>"
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert str(mail["In-Reply-To"] or "").split() == [f"<{each}@example.com>" for each in message.earlier]
    assert PATHS.notification_of(mail["Return-Path"]) == message.id
    assert mail["Delivered-To"] == message.address
    plain, page = mail.get_body(("plain",)), mail.get_body(("html",))
    assert plain is not None
    assert page is not None
    assert str(plain.get_content()).split() == message.text.split()
    assert str(page.get_content()).split() == (message.html or "").split()
