"""A mail that was signed arrives as it was signed, dots at the start of lines and letters beyond ASCII included."""

import pytest

from services.notifier.channels.breaker import Breaker
from services.notifier.channels.email.channel import Email
from services.notifier.channels.email.connections import Connections
from services.notifier.channels.email.dkim import Signer
from services.notifier.channels.email.mail import Sender
from services.notifier.channels.email.pipelining import Limits
from services.notifier.channels.email.relays import Outlet
from services.notifier.channels.outcome import Delivered, Rendered
from services.notifier.deciding.policy import Retries
from tests.builders import NOON
from tests.scripted_smtp import Script, scripted
from tests.unit.notifier.test_dkim import ED25519, RSA, Key, holds, pem_of

pytestmark = pytest.mark.asyncio

SENDER = Sender("Shop", "support@example.com")
TEXTS = ("Hello\n", ".\n..\n.x\n\n.\n", "Grüße\n.\n" * 40, "x" * 2000 + "\n.\n")


async def arrived(key: Key | None, *, pipelining: bool) -> list[bytes]:
    """Returns the mails with these texts as a server hands them on."""
    signer = Signer("example.com", "s1", pem_of(key)) if key else None
    messages = [
        Rendered(f"n-{at}", "opened", "ada@example.org", "Jörg", "checkout", text, unsubscribe="https://x.example/u/t", date=NOON)
        for at, text in enumerate(TEXTS)
    ]
    async with scripted({"support": Script()}, pipelining=pipelining) as server:
        connections = Connections("127.0.0.1", server.port, own_name="example.com")
        channel = Email([Outlet("x", connections, Breaker(Retries()))], SENDER, Limits(5.0, 5.0), signer.signed if signer else None)
        assert await channel.send(messages) == [Delivered("250")] * len(messages)
        (await connections.take()).close()
    return [(raw + b"\r\n").replace(b"\r\n.", b"\r\n") for raw in server.taken["support"]]


@pytest.mark.parametrize("pipelining", [True, False])
@pytest.mark.parametrize("key", [RSA, ED25519], ids=["rsa", "ed25519"])
async def test_signatures_hold_after_the_way(key: Key, pipelining: bool) -> None:
    mails = await arrived(key, pipelining=pipelining)
    assert len(mails) == len(TEXTS)
    assert all(holds(mail, key) for mail in mails)


async def test_without_a_key_nothing_is_signed() -> None:
    assert all(b"DKIM-Signature" not in mail for mail in await arrived(None, pipelining=True))
