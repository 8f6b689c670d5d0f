"""A mail server whose certificate an authority of one's own signed is talked to when FOREWARN_SMTP_CA names that, and else not."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Literal

import pytest
from aiosmtpd.smtp import SMTP

from services.notifier.channels.email.connections import Connections
from services.notifier.channels.email.probing import mail_server
from tests.certificates import Authority, authority

Way = Literal["tls", "starttls"]


class Anything:
    """Takes every mail."""

    async def handle_DATA(self, *_: object) -> str:
        return "250 taken"


@asynccontextmanager
async def server(of: Authority, way: Way) -> AsyncIterator[int]:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*of.sign("mail", "localhost"))
    loop = asyncio.get_running_loop()
    outside, inside = (context, None) if way == "tls" else (None, context)
    listening = await loop.create_server(
        lambda: SMTP(Anything(), hostname="localhost", loop=loop, tls_context=inside), "127.0.0.1", 0, ssl=outside
    )
    async with listening:
        yield listening.sockets[0].getsockname()[1]


@pytest.mark.parametrize("way", ["tls", "starttls"])
async def test_a_mail_server_is_trusted_by_the_file_that_is_given_and_not_without_it(way: Way, tmp_path: Path) -> None:
    own = authority(tmp_path)
    async with server(own, way) as port:
        wire = await Connections("localhost", port, own_name="example.org", tls=way, ca=str(own.ca)).take()
        assert wire.is_open
        wire.close()
        with pytest.raises(OSError, match=r"(?i)certificate.verify.failed"):
            await Connections("localhost", port, own_name="example.org", tls=way).take()


async def test_whether_the_mail_server_is_there_is_asked_with_the_same_file(tmp_path: Path) -> None:
    own = authority(tmp_path)
    async with server(own, "starttls") as port:
        await mail_server("localhost", port, own_name="example.org", tls="starttls", ca=str(own.ca)).probe()
